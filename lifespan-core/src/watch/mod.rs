//! The watch thread: signals, the deadlines that hold even when a body blocks the runtime, and samples of blocked
//! threads.
//!
//! # Invariants
//! - One thread for a process, from the first launch. It runs no user code, calls no subscriber, writes nothing, and
//!   takes no lock that is held meanwhile: work that may block has its own thread, which is waited for with a limit.
//! - It holds runs weakly: a run that is over and has nothing stuck is freed.
//! - No run goes on without it: if the system refuses a thread, a pipe or a handler, `enter` fails, and the next call
//!   tries again.
//! - While a deadline is near it wakes in short steps, and so notices when the process was suspended; an app that waits
//!   for nothing does not wake it.
//! - Handlers are installed while a run that wants them exists. After the last run, the earlier disposition is
//!   restored: at once or, if a signal has stopped the run, when another one would no longer count as the same signal.

pub(crate) mod blocked;
mod exit;
mod runtime_drop;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use blocked::Sampler;
pub(crate) use exit::{is_over_within, print_within_limit};
use runtime_drop::{RuntimeDrop, Sentinel};
pub(crate) use runtime_drop::{RuntimeThreads, disarm as disarm_runtime_drop};
use system::{Bell, Signals};

use crate::base::cause::Broken;
use crate::base::verdict::{Stage, Weight};
use crate::facts::event::Event;
use crate::facts::failure::Failure;
use crate::facts::reason::Reason;
use crate::hub::Moment;
use crate::plan::options::CurrentLimits;
use crate::plan::registered::Registered;
use crate::report::Report;
use crate::shared::app::WatchStop;
use crate::shared::run::RunShared;
use crate::shared::stop_signals::StopSignals;

/// Signals closer together count as one: a terminal and a wrapper often send the same signal twice.
const ONE_SIGNAL: Duration = Duration::from_millis(300);
/// The time from the stop's own limit to the hard deadline.
const MARGIN: Duration = Duration::from_secs(1);
/// The delay of the watch thread's look after the runtime's timer.
const LATENESS: Duration = Duration::from_millis(50);
/// If the watch thread wakes this much too late, nothing was running: the process was suspended.
const SUSPENDED: Duration = Duration::from_millis(500);
/// The maximum sleep of the watch thread while a deadline is near: the error in the measured length of a suspension.
const STEP: Duration = Duration::from_millis(250);
/// A deadline is near when it is due within this time.
const NEAR: Duration = Duration::from_secs(120);
/// The time in which the run must drop everything after a second signal.
const FORCED: Duration = Duration::from_secs(2);

/// One run, as the watch thread sees it.
pub(crate) struct Watched {
    run: Weak<RunShared>,
    stop_signals: Arc<StopSignals>,
    limits: CurrentLimits,
    signals: bool,
    may_exit: bool,
    /// `App::run` created the runtime, and shuts it down with a limit.
    owns_runtime: bool,
    /// Notices the drop of a runtime that the program owns, if that drop has a deadline.
    sentinel: OnceLock<Sentinel>,
    /// SIGHUP reloads its sources.
    reloads: bool,
    nudged: AtomicBool,
    times: Mutex<Times>,
}

#[derive(Default)]
struct Times {
    /// When the driver's own timer should have woken it.
    nudge: Option<Instant>,
    /// When the run must be over.
    hard: Option<Instant>,
    stopping: bool,
    first_signal: Option<Instant>,
    /// A second signal, by its number.
    forced: Option<i32>,
    /// The run is over, with this much of the stop's time left; a body may still block its thread.
    left: Option<Duration>,
}

impl Times {
    fn postpone(&mut self, by: Duration) {
        for time in [&mut self.nudge, &mut self.hard].into_iter().flatten() {
            *time += by;
        }
    }
}

impl Watched {
    /// Adds a run to the watch. Fails if the system refuses a thread, a pipe or a signal handler for it.
    pub(crate) fn enter(run: &Arc<RunShared>, reloads: bool, owns_runtime: bool) -> io::Result<Arc<Self>> {
        let watched = Arc::new(Self {
            run: Arc::downgrade(run),
            stop_signals: Arc::clone(&run.stop_signals),
            limits: run.limits.clone(),
            signals: run.limits.get().signals,
            may_exit: run.limits.get().may_exit,
            owns_runtime,
            sentinel: OnceLock::new(),
            reloads,
            nudged: AtomicBool::new(false),
            times: Mutex::default(),
        });
        let watch = Watch::start()?;
        watch.lock().add(&watched)?;
        let before = watch.lock().runtime_drop.take();
        if let Some(before) = before {
            before.dismiss();
        }
        if watched.may_exit && watched.signals && !owns_runtime {
            watched.sentinel.get_or_init(Sentinel::spawn);
        }
        Ok(watched)
    }

    /// Returns whether SIGHUP reloads its sources.
    #[cfg(unix)]
    pub(crate) fn reloads(&self) -> bool {
        self.reloads
    }

    /// Notes that the run is over. With `stuck` bodies it remains under watch if the process may be ended: the
    /// runtime's own drop would wait for them forever.
    pub(crate) fn leave(&self, stuck: bool) {
        let left = self.time_left();
        self.times().left = Some(left);
        if !(stuck && self.may_exit) || self.owns_runtime {
            self.retire();
        }
    }

    /// Ends the process with this report if the drop of the runtime does not return. The drop waits for every blocking
    /// thread, so after a signal, a thread that never returns would prevent the process from ending.
    pub(crate) fn watch_runtime_drop(&self, report: &Report) {
        let Some(sentinel) = self.sentinel.get() else { return };
        if report.is_stopped_by_signal() {
            RuntimeDrop::arm(sentinel, report.clone(), Instant::now() + self.time_left());
        } else {
            sentinel.dismiss();
        }
    }

    /// Returns how long the stop may still take, or might have taken when the run was over.
    pub(crate) fn time_left(&self) -> Duration {
        notice_suspension();
        let (left, hard) = {
            let times = self.times();
            (times.left, times.hard)
        };
        if let Some(left) = left {
            return left;
        }
        hard.map_or(self.limits.get().shutdown, |hard| hard.saturating_duration_since(Instant::now())).max(MARGIN)
    }

    /// Removes the run: its signals go back to the program.
    fn retire(&self) {
        if let Some(watch) = WATCH.get() {
            watch.lock().remove(self);
            // It may have to restore the handlers later.
            watch.bell.ring();
        }
    }

    /// Notes the moment for which the driver's timer is set; if the timer does not wake the driver, the watch thread
    /// does.
    pub(crate) fn nudge_after(&self, delay: Duration) {
        let at = Instant::now() + delay + LATENESS;
        let mut times = self.times();
        let earlier = times.nudge.is_none_or(|nudge| at < nudge);
        times.nudge = Some(at);
        drop(times);
        if earlier {
            ring();
        }
    }

    /// Notes that the driver's timer is not set.
    pub(crate) fn forget_nudge(&self) {
        self.times().nudge = None;
    }

    /// Returns whether the watch thread has woken the driver since the last call.
    pub(crate) fn take_nudged(&self) -> bool {
        // Called in every iteration, so it reads before it writes.
        let nudged = self.nudged.load(Ordering::Relaxed) && self.nudged.swap(false, Ordering::Relaxed);
        if nudged {
            let mut times = self.times();
            if !times.stopping {
                times.hard = None;
            }
        }
        nudged
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Instant> {
        let times = self.times();
        times.nudge.into_iter().chain(times.hard).min()
    }

    fn signal(&self, signal: i32, now: Instant) {
        self.with_run(|run| self.signal_run(run, signal, now));
    }

    fn signal_run(&self, run: &RunShared, signal: i32, now: Instant) {
        if self.reloads && system::asks_for_reload(signal) {
            return run.app.inbox().reload(None);
        }
        let first = *self.times().first_signal.get_or_insert(now);
        if first == now {
            run.app.request(Reason::Signal(signal));
        } else if now - first >= ONE_SIGNAL {
            let mut times = self.times();
            let soon = now + FORCED;
            times.hard = Some(times.hard.map_or(soon, |hard| hard.min(soon)));
            times.forced = Some(signal);
            drop(times);
            run.app.inbox().force(signal);
        }
    }

    fn look(&self, now: Instant) {
        let mut times = self.times();
        if times.nudge.is_some_and(|nudge| nudge <= now) {
            times.nudge = None;
            // If it is not answered, a body is blocking the whole runtime.
            times.hard.get_or_insert(now + self.limits.get().shutdown + MARGIN);
            drop(times);
            self.nudged.store(true, Ordering::Relaxed);
            self.with_run(|run| run.app.inbox().nudge());
            times = self.times();
        }
        if times.hard.is_some_and(|hard| hard <= now) {
            times.hard = None;
            let (left, forced) = (times.left.is_some(), times.forced);
            drop(times);
            self.with_run(|run| self.give_up(run, left, forced));
        }
    }

    /// Calls this with the run, unless it is gone.
    fn with_run(&self, work: impl FnOnce(&RunShared)) {
        if let Some(run) = self.run.upgrade() {
            work(&run);
            exit::release(run);
        }
    }

    /// Handles the hard deadline: names what does not yield, and ends the process or passes the report to the waiting
    /// caller.
    fn give_up(&self, run: &RunShared, left: bool, forced: Option<i32>) {
        let hub = run.app.hub();
        let now = Moment::after(hub.read(|facts| facts.launched), Instant::now().into());
        // Has no effect once the run is over: its last event closes the queue.
        let log_blocked = hub.log_blocked_for().filter(|blocked| *blocked >= MARGIN);
        if !left {
            // The driver may itself be blocked: then it has not reported.
            if let Some(signal) = forced.filter(|_| hub.read(|facts| facts.forced.is_none())) {
                hub.send_without_writing(now, |_| Event::Forced { signal });
            }
            for (unit, stage, broken) in blocking(run) {
                let failure = Failure::new(unit, stage, broken, Weight::Full);
                let failure = Arc::new(hub.read(|facts| facts.explaining_limit(failure)));
                hub.send_without_writing(now, |_| Event::Failed { failure });
            }
            let exit_code = hub.read(|facts| facts.exit_code().or_incomplete());
            hub.send_without_writing(now, |now| now.ended(exit_code));
        }
        exit::keep_unheard(&run.app);
        let mut report = hub.read(Report::of);
        if let Some(blocked) = log_blocked {
            report.add_incomplete(exit::log_is_blocked(blocked));
        }
        let app = Arc::clone(&run.app);
        if self.may_exit {
            exit::end_process(app, report);
        }
        self.retire();
        exit::aside(move || app.hub().write_lines());
        run.deliver(report);
    }
}

impl WatchStop for Watched {
    /// Notes that shutdown was requested, and starts the hard deadline.
    fn stop_began(&self) {
        let mut times = self.times();
        if !std::mem::replace(&mut times.stopping, true) {
            times.hard = Some(Instant::now() + self.limits.get().shutdown + MARGIN);
            drop(times);
            ring();
        }
    }
}

/// Returns the units that are running and block their threads.
fn blocking(run: &RunShared) -> Vec<(Registered, Stage, Broken)> {
    run.app.hub().read(|facts| {
        let blocking = facts.machine.all_alive().filter_map(|(unit, stage)| {
            let broken = facts.not_yielding(unit.0);
            let is_polled = run.stop_signals.of(unit.at()).is_polled();
            let blocks = is_polled || matches!(broken, Broken::Child { .. });
            blocks.then(|| (facts.roster.get(unit.at()), stage, broken))
        });
        blocking.collect()
    })
}

/// Returns for how long the process has been suspended in total.
pub(crate) fn suspended() -> Duration {
    notice_suspension();
    WATCH.get().map(|watch| watch.lock().suspended).unwrap_or_default()
}

/// Finds out whether the process was suspended: the watch thread may not have noticed yet.
fn notice_suspension() {
    if let Some(watch) = WATCH.get() {
        watch.lock().notice_suspension(Instant::now());
    }
}

/// Returns when the watch thread must look, for a deadline that is due then: in steps while it is near, so that a
/// suspension is noticed, and not before.
fn look_by(due: Option<Instant>, now: Instant) -> Option<Instant> {
    due.map(|due| due.min((now + STEP).max(due.checked_sub(NEAR).unwrap_or(now))))
}

struct Watch {
    inner: Mutex<Inner>,
    bell: Arc<Bell>,
}

struct Inner {
    runs: Vec<Arc<Watched>>,
    /// When the watch thread wakes next, or when it woke.
    wakes: Option<Instant>,
    /// For how long the process has been suspended in total.
    suspended: Duration,
    /// The drop of the runtime of the run that ended last.
    runtime_drop: Option<Arc<RuntimeDrop>>,
    signals: Signals,
    /// Until when a signal counts as the one that stopped a run which is over, and has no effect.
    repeats_until: Option<Instant>,
}

/// The watch, once it has been started.
static WATCH: OnceLock<Watch> = OnceLock::new();

/// Updates whether polls are watched, after limits have changed.
pub(crate) fn limits_changed() {
    if let Some(watch) = WATCH.get() {
        watch.lock().adapt();
    }
}

fn ring() {
    if let Some(watch) = WATCH.get() {
        watch.bell.ring();
    }
}

impl Watch {
    /// Returns the watch, and starts its thread if there is none yet.
    fn start() -> io::Result<&'static Self> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = WATCH.get() {
            return Ok(watch);
        }
        let bell = Arc::new(Bell::new()?);
        std::thread::Builder::new().name("lifespan-watch".to_owned()).spawn(Self::keep)?;
        let signals = Signals::new(&bell);
        Ok(WATCH.get_or_init(|| Self { inner: Mutex::new(Inner::new(signals)), bell }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep() {
        let watch = WATCH.wait();
        let mut sampler = Sampler::default();
        loop {
            let next = {
                let mut inner = watch.lock();
                let now = Instant::now();
                inner.notice_suspension(now);
                inner.wakes = look_by(inner.next(now), now).into_iter().chain(sampler.next()).min();
                inner.wakes
            };
            watch.bell.wait(next.map(|next| next.saturating_duration_since(Instant::now())));
            let now = Instant::now();
            let (signals, runs, undropped) = {
                let mut inner = watch.lock();
                inner.notice_suspension(now);
                inner.wakes = Some(now);
                inner.runs.retain(|watched| watched.run.strong_count() > 0);
                inner.adapt();
                let is_due =
                    |runtime: &mut Arc<RuntimeDrop>| runtime.deadline().is_some_and(|deadline| deadline <= now);
                (inner.signals.take(), inner.runs.clone(), inner.runtime_drop.take_if(is_due))
            };
            if let Some(undropped) = undropped {
                undropped.give_up();
            }
            for run in &runs {
                for &signal in signals.iter().filter(|_| run.signals) {
                    run.signal(signal, now);
                }
                run.look(now);
            }
            sampler.look(now, &runs);
        }
    }
}

impl Inner {
    fn new(signals: Signals) -> Self {
        Self {
            runs: Vec::new(),
            wakes: None,
            suspended: Duration::ZERO,
            runtime_drop: None,
            signals,
            repeats_until: None,
        }
    }

    /// Finds out whether the process was suspended since the watch thread went to sleep or woke. That time does not
    /// count towards deadlines.
    fn notice_suspension(&mut self, now: Instant) {
        let Some(wakes) = self.wakes else { return };
        let late = now.saturating_duration_since(wakes);
        if late >= SUSPENDED {
            self.wakes = Some(now);
            self.suspended += late;
            for run in &self.runs {
                run.times().postpone(late);
            }
            if let Some(runtime) = &self.runtime_drop {
                runtime.postpone(late);
            }
        }
    }

    /// Returns when the next deadline is due.
    fn next(&self, now: Instant) -> Option<Instant> {
        let runtime_drop = self.runtime_drop.as_ref().and_then(|runtime| runtime.next(now));
        self.runs.iter().filter_map(|run| run.next()).chain(runtime_drop).chain(self.repeats_until).min()
    }

    /// Adds a run, unless a handler that it wants can't be installed.
    fn add(&mut self, run: &Arc<Watched>) -> io::Result<()> {
        let renewed = if run.signals && !self.runs.iter().any(|run| run.signals) && self.repeats_until.take().is_some()
        {
            // Earlier signals were meant for the run before.
            drop(self.signals.take());
            self.signals.renew()
        } else {
            Ok(())
        };
        self.runs.push(Arc::clone(run));
        renewed.and_then(|()| self.install()).inspect_err(|_| self.remove(run))
    }

    fn remove(&mut self, run: &Watched) {
        self.runs.retain(|other| !std::ptr::eq(&raw const **other, run));
        let first_signal = run.times().first_signal;
        self.repeats_until = self.repeats_until.max(first_signal.map(|first| first + ONE_SIGNAL));
        self.adapt();
    }

    /// Keeps handlers installed and polls watched while a run wants it; handlers a moment longer, for repeated signals.
    fn install(&mut self) -> io::Result<()> {
        blocked::set(self.runs.iter().any(|run| run.limits.get().blocked_after.is_some()));
        self.repeats_until = self.repeats_until.filter(|until| *until > Instant::now());
        self.signals.set(self.repeats_until.is_some() || self.runs.iter().any(|run| run.signals))
    }

    /// Installs what the remaining runs want: no handler that was not there before.
    fn adapt(&mut self) {
        if let Err(error) = self.install() {
            exit::aside(move || {
                let text = format_args!("cannot restore an earlier signal handler: {error}");
                crate::log::prints::Prints::of_process().write(tracing::Level::ERROR, text);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_52_it_wakes_in_steps_while_a_deadline_is_near_and_not_before() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(look_by(None, now), None);
        assert_eq!(look_by(Some(now + 10 * NEAR), now), Some(now + 9 * NEAR));
        assert_eq!(look_by(Some(now + NEAR + second), now), Some(now + second));
        assert_eq!(look_by(Some(now + NEAR), now), Some(now + STEP));
        assert_eq!(look_by(Some(now + second), now), Some(now + STEP));
        assert_eq!(look_by(Some(now + STEP / 2), now), Some(now + STEP / 2));
    }
}
