//! The watch thread: signals, the deadlines that hold even when a body blocks the runtime, and samples of what blocks.
//!
//! # Invariants
//! - One thread a process, from the first launch; it runs no user code but what prints the report.
//! - It holds runs weakly: a run that is over and has nothing stuck is gone.
//! - No run goes on without it: where the system gives no thread, no pipe or no handler, `enter` fails, and the next call
//!   tries again.
//! - Handlers are installed while a run that wants them is there; after the last, the earlier disposition is back.

pub(crate) mod blocked;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;
pub(crate) mod thread;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use blocked::Sampler;
use system::{Bell, Signals};

use crate::app::options::Limits;
use crate::event::{Event, Reason};
use crate::failure::{Broken, Failure, Stage, Weight};
use crate::report::Report;
use crate::run::cells::{Cell, Cells};
use crate::run::{Lasting, Run};
use crate::state::{Moment, Status};

/// Signals closer together are one: a terminal and a wrapper often send the same one twice.
const ONE_SIGNAL: Duration = Duration::from_millis(300);
/// How much later than the stop's own end the hard deadline is.
const MARGIN: Duration = Duration::from_secs(1);
/// How much later than the runtime's timer the watch thread looks.
const LATENESS: Duration = Duration::from_millis(50);
/// How long the run has to drop everything after a second signal.
const FORCED: Duration = Duration::from_secs(2);

/// One run, as the watch thread sees it.
pub(crate) struct Watched {
    run: Weak<Lasting>,
    cells: Arc<Cells>,
    limits: Mutex<Limits>,
    signals: bool,
    may_exit: bool,
    /// SIGHUP has its sources read anew.
    reloads: bool,
    nudged: AtomicBool,
    times: Mutex<Times>,
}

#[derive(Default)]
struct Times {
    /// When the sequencer should have been rung by its own timer.
    nudge: Option<Instant>,
    /// When the run must be over.
    hard: Option<Instant>,
    stopping: bool,
    first_signal: Option<Instant>,
    /// A second signal, by its number.
    forced: Option<i32>,
    /// It is over, but a body still blocks its thread.
    left: bool,
}

impl Watched {
    /// Puts a run under watch. Fails where the system gives no thread, no pipe or no signal handler for it.
    pub(crate) fn enter(run: &Run, reloads: bool) -> io::Result<Arc<Self>> {
        let watched = Arc::new(Self {
            run: Arc::downgrade(run.lasting()),
            cells: Arc::clone(&run.cells),
            limits: Mutex::new(run.limits),
            signals: run.limits.signals,
            may_exit: run.limits.may_exit,
            reloads,
            nudged: AtomicBool::new(false),
            times: Mutex::default(),
        });
        Watch::start()?.lock().add(&watched)?;
        Ok(watched)
    }

    /// Whether SIGHUP has its sources read anew.
    #[cfg(unix)]
    pub(crate) fn reloads(&self) -> bool {
        self.reloads
    }

    /// Other limits hold from now on.
    pub(crate) fn set_limits(&self, limits: Limits) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        if let Some(watch) = WATCH.get() {
            watch.lock().adapt();
        }
    }

    fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is shared of one of its registrations.
    pub(crate) fn cell(&self, index: u32) -> &Cell {
        self.cells.of(index as usize)
    }

    /// The run is over. With `stuck` bodies it stays under watch where the process may be ended: the runtime's own drop
    /// would wait for them for ever.
    pub(crate) fn leave(&self, stuck: bool) {
        self.times().left = true;
        if !(stuck && self.may_exit) {
            self.retire();
        }
    }

    /// Nothing more is done for this run: its signals go back to the program.
    fn retire(&self) {
        if let Some(watch) = WATCH.get() {
            watch.lock().remove(self);
        }
    }

    /// Shutdown was requested: from now the hard deadline counts.
    pub(crate) fn stop_began(&self) {
        let mut times = self.times();
        if !std::mem::replace(&mut times.stopping, true) {
            times.hard = Some(Instant::now() + self.limits().shutdown + MARGIN);
            drop(times);
            ring();
        }
    }

    /// The sequencer's timer is set for then; should it not ring, the watch thread does.
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

    /// Whether the watch thread has rung since the sequencer asked last.
    pub(crate) fn take_nudged(&self) -> bool {
        // Looked at on every turn, so read before it is written.
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
        let Some(run) = self.run.upgrade() else { return };
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
            // Unanswered, this is a body that holds up the whole runtime.
            times.hard.get_or_insert(now + self.limits().shutdown + MARGIN);
            drop(times);
            self.nudged.store(true, Ordering::Relaxed);
            if let Some(run) = self.run.upgrade() {
                run.app.inbox().nudge();
            }
            times = self.times();
        }
        if times.hard.is_some_and(|hard| hard <= now) {
            times.hard = None;
            let (left, forced) = (times.left, times.forced);
            drop(times);
            if let Some(run) = self.run.upgrade() {
                self.give_up(&run, left, forced);
            }
        }
    }

    /// The hard deadline: names what does not yield, and ends the process, or gives the report to whoever waits.
    fn give_up(&self, run: &Lasting, left: bool, forced: Option<i32>) {
        let hub = run.app.hub();
        let now = Moment::after(hub.read(|facts| facts.launched), Instant::now().into());
        if !left {
            // The sequencer may be among those that are held up: then it has not said so.
            if let Some(signal) = forced.filter(|_| hub.read(|facts| facts.forced.is_none())) {
                hub.send(now, |_| Event::Forced { signal });
            }
            let blocked = hub.read(|facts| {
                let alive = |status: Status| matches!(status, Status::Starting | Status::Up | Status::Stopping);
                let units = facts.roster.list_all().into_iter().map(|unit| (facts.records[unit.index as usize], unit));
                units
                    .filter(|(record, _)| alive(record.status))
                    .map(|(record, unit)| {
                        let broken = facts.not_yielding(unit.index);
                        let blocks =
                            run.cells.of(unit.index as usize).is_polled() || matches!(broken, Broken::Child { .. });
                        (blocks, unit, record.up.since_launch().is_some(), broken)
                    })
                    .filter(|(blocks, ..)| *blocks)
                    .collect::<Vec<_>>()
            });
            for (_, unit, was_up, broken) in blocked {
                let stage = if was_up { Stage::Shutdown } else { Stage::Startup };
                hub.send(now, |_| Event::Failed { failure: Arc::new(Failure::new(unit, stage, broken, Weight::Full)) });
            }
            let exit_code = hub.read(|facts| if facts.exit_code() == 0 { 4 } else { facts.exit_code() });
            hub.send(now, |now| Event::Ended { exit_code, took: now.since_launch() });
        }
        let report = hub.read(Report::of);
        if self.may_exit {
            report.print();
            std::process::exit(i32::from(report.exit_code()));
        }
        self.retire();
        run.deliver(report);
    }
}

struct Watch {
    inner: Mutex<Inner>,
    bell: Arc<Bell>,
}

struct Inner {
    runs: Vec<Arc<Watched>>,
    signals: Signals,
}

/// The watch, once it has been started.
static WATCH: OnceLock<Watch> = OnceLock::new();

fn ring() {
    if let Some(watch) = WATCH.get() {
        watch.bell.ring();
    }
}

impl Watch {
    /// The watch, with its thread, which is started where there is none yet.
    fn start() -> io::Result<&'static Self> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = WATCH.get() {
            return Ok(watch);
        }
        let bell = Arc::new(Bell::new()?);
        std::thread::Builder::new().name("lifespan-watch".to_owned()).spawn(Self::keep)?;
        let signals = Signals::new(&bell);
        Ok(WATCH.get_or_init(|| Self { inner: Mutex::new(Inner { runs: Vec::new(), signals }), bell }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep() {
        let watch = WATCH.wait();
        let mut sampler = Sampler::default();
        loop {
            let next = watch.lock().runs.iter().filter_map(|run| run.next()).chain(sampler.next()).min();
            watch.bell.wait(next.map(|next| next.saturating_duration_since(Instant::now())));
            let (signals, runs) = {
                let mut inner = watch.lock();
                inner.runs.retain(|watched| watched.run.strong_count() > 0);
                inner.adapt();
                (inner.signals.take(), inner.runs.clone())
            };
            let now = Instant::now();
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
    /// Takes a run in, unless a handler that it wants cannot be installed.
    fn add(&mut self, run: &Arc<Watched>) -> io::Result<()> {
        self.runs.push(Arc::clone(run));
        self.install().inspect_err(|_| self.remove(run))
    }

    fn remove(&mut self, run: &Watched) {
        self.runs.retain(|other| !std::ptr::eq(&raw const **other, run));
        self.adapt();
    }

    /// Handlers are there, and polls are watched, while a run wants it.
    fn install(&mut self) -> io::Result<()> {
        blocked::set(self.runs.iter().any(|run| run.limits().blocked_after.is_some()));
        self.signals.set(self.runs.iter().any(|run| run.signals))
    }

    /// Installs what the runs that are left want: no handler that was not there before.
    fn adapt(&mut self) {
        if let Err(error) = self.install() {
            tracing::error!(target: crate::log::TARGET, "an earlier signal handler cannot be put back: {error}");
        }
    }
}
