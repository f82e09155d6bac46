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
//!   restored: at once or, if a signal has stopped the run, once a repeated signal no longer counts as the same one.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::limits::{MARGIN, ONE_SIGNAL, SUSPENDED, look_by};
use super::runtime_drop::{RuntimeDrop, Sentinel};
use super::sampler::Sampler;
use super::system::{Signals, ThreadWaker};
use super::waker::{self, wake_watch};
use super::watched::Watched;
use super::{aside, polling};
use crate::base::spawn;
use crate::report::Report;
use crate::shared::RunShared;

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
            woken: AtomicBool::new(false),
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

    /// Removes the run, so that the program receives its signals again.
    fn retire(&self) {
        if let Some(watch) = WATCH.get() {
            watch.lock().remove(self);
            // It may have to restore the handlers later.
            wake_watch();
        }
    }
}

/// Cancels the deadline of a drop that has begun: it has returned, since `main` goes on.
pub(crate) fn disarm() {
    let Some(watch) = WATCH.get() else { return };
    let returned = watch.lock().runtime_drop.take_if(|runtime| runtime.deadline().is_some());
    drop(returned);
}

impl RuntimeDrop {
    /// Watches the drop of the runtime of this task.
    fn arm(sentinel: &Sentinel, report: Report, stop_ends: Instant) {
        let Some(watch) = WATCH.get() else { return };
        let armed = Self::new(sentinel, report, stop_ends);
        let before = watch.lock().runtime_drop.replace(Arc::clone(&armed));
        if let Some(before) = before {
            before.dismiss();
        }
        sentinel.arm(armed);
        wake_watch();
    }
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

struct Watch {
    inner: Mutex<Inner>,
    waker: Arc<ThreadWaker>,
}

struct Inner {
    runs: Vec<Arc<Watched>>,
    /// The time at which the watch thread wakes next, or at which it woke.
    wakes: Option<Instant>,
    /// For how long the process has been suspended in total.
    suspended: Duration,
    /// The drop of the runtime of the run that ended last.
    runtime_drop: Option<Arc<RuntimeDrop>>,
    signals: Signals,
    /// A signal before this moment repeats the one that stopped an ended run, and has no effect.
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

impl Watch {
    /// Returns the watch, and starts its thread if there is none yet.
    fn start() -> io::Result<&'static Self> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = WATCH.get() {
            return Ok(watch);
        }
        let waker = Arc::new(ThreadWaker::new()?);
        spawn("lifespan-watch", Self::run_thread)?;
        waker::set(&waker);
        let signals = Signals::new(&waker);
        Ok(WATCH.get_or_init(|| Self { inner: Mutex::new(Inner::new(signals)), waker }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_thread() {
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
            watch.waker.wait(next.map(|next| next.saturating_duration_since(Instant::now())));
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
                run.look(now, || run.retire());
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
        polling::set(self.runs.iter().any(|run| run.limits.get().blocked_after.is_some()));
        self.repeats_until = self.repeats_until.filter(|until| *until > Instant::now());
        self.signals.set(self.repeats_until.is_some() || self.runs.iter().any(|run| run.signals))
    }

    /// Installs what the remaining runs want: no handler that was not there before.
    fn adapt(&mut self) {
        if let Err(error) = self.install() {
            aside::aside(move || {
                let text = format_args!("cannot restore an earlier signal handler: {error}");
                crate::log::Prints::of_process().write(tracing::Level::ERROR, text);
            });
        }
    }
}
