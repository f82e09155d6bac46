//! One run, as the watch thread sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::limits::{FORCED, LATENESS, MARGIN, ONE_SIGNAL};
use super::runtime_drop::Sentinel;
use super::waker::wake_watch;
use super::{aside, exit, system};
use crate::base::verdict::Severity;
use crate::base::{RawFailure, Stage};
use crate::facts::{Event, Failure, Reason};
use crate::hub::Timestamp;
use crate::plan::{CurrentLimits, Registered};
use crate::report::Report;
use crate::shared::{Request, RunShared, StopSignals, WatchStop};

/// One run, as the watch thread sees it.
pub(crate) struct Watched {
    pub(super) run: Weak<RunShared>,
    pub(super) stop_signals: Arc<StopSignals>,
    pub(super) limits: CurrentLimits,
    pub(super) signals: bool,
    pub(super) may_exit: bool,
    /// `App::run` created the runtime, and shuts it down with a limit.
    pub(super) owns_runtime: bool,
    /// Notices the drop of a runtime that the program owns, if that drop has a deadline.
    pub(super) sentinel: OnceLock<Sentinel>,
    /// SIGHUP reloads its sources.
    pub(super) reloads: bool,
    pub(super) woken: AtomicBool,
    pub(super) times: Mutex<Times>,
}

#[derive(Default)]
pub(super) struct Times {
    /// The time at which the driver's own timer should have woken it.
    pub(super) backstop: Option<Instant>,
    /// The time at which the run must be over.
    pub(super) hard: Option<Instant>,
    pub(super) stopping: bool,
    pub(super) first_signal: Option<Instant>,
    /// A second signal, by its number.
    pub(super) forced: Option<i32>,
    /// The rest of the stop's time, once the run has ended; a body may still block its thread.
    pub(super) left: Option<Duration>,
}

impl Times {
    pub(super) fn postpone(&mut self, by: Duration) {
        for time in [&mut self.backstop, &mut self.hard].into_iter().flatten() {
            *time += by;
        }
    }
}

impl Watched {
    /// Returns whether SIGHUP reloads its sources.
    #[cfg(unix)]
    pub(crate) fn reloads(&self) -> bool {
        self.reloads
    }

    /// Notes the moment for which the driver's timer is set; if the timer does not wake the driver, the watch thread
    /// does.
    pub(crate) fn set_backstop(&self, delay: Duration) {
        let at = Instant::now() + delay + LATENESS;
        let mut times = self.times();
        let earlier = times.backstop.is_none_or(|backstop| at < backstop);
        times.backstop = Some(at);
        drop(times);
        if earlier {
            wake_watch();
        }
    }

    /// Notes how long the stop may take from now on: the driver knows by which plan its units are stopped.
    pub(crate) fn stop_takes(&self, time: Duration) {
        let mut times = self.times();
        if times.forced.is_none() {
            times.hard = Some(Instant::now() + time + MARGIN);
            drop(times);
            wake_watch();
        }
    }

    /// Notes that the driver's timer is not set.
    pub(crate) fn clear_backstop(&self) {
        self.times().backstop = None;
    }

    /// Returns whether the watch thread has woken the driver since the last call.
    pub(crate) fn take_woken(&self) -> bool {
        // Called in every iteration, so it reads before it writes.
        let woken = self.woken.load(Ordering::Relaxed) && self.woken.swap(false, Ordering::Relaxed);
        if woken {
            let mut times = self.times();
            if !times.stopping {
                times.hard = None;
            }
        }
        woken
    }

    pub(super) fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        let times = self.times();
        times.backstop.into_iter().chain(times.hard).min()
    }

    pub(super) fn signal(&self, signal: i32, now: Instant) {
        self.with_run(|run| self.signal_run(run, signal, now));
    }

    fn signal_run(&self, run: &RunShared, signal: i32, now: Instant) {
        if self.reloads && system::asks_for_reload(signal) {
            return run.app.inbox().request(Request::Reload(None));
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
            run.app.inbox().request(Request::Force(signal));
        }
    }

    /// Acts on the deadlines that have passed; `retire` takes the run off the watch.
    pub(super) fn look(&self, now: Instant, retire: impl FnOnce()) {
        let mut times = self.times();
        if times.backstop.is_some_and(|backstop| backstop <= now) {
            times.backstop = None;
            // If it is not answered, a body is blocking the whole runtime.
            times.hard.get_or_insert(now + self.limits.get().shutdown + MARGIN);
            drop(times);
            self.woken.store(true, Ordering::Relaxed);
            self.with_run(|run| run.app.inbox().wake());
            times = self.times();
        }
        if times.hard.is_some_and(|hard| hard <= now) {
            times.hard = None;
            let (left, forced) = (times.left.is_some(), times.forced);
            drop(times);
            self.with_run(|run| self.give_up(run, (left, forced), retire));
        }
    }

    /// Calls `work` with the run, unless the run was dropped.
    fn with_run(&self, work: impl FnOnce(&RunShared)) {
        if let Some(run) = self.run.upgrade() {
            work(&run);
            aside::release(run);
        }
    }

    /// Handles the hard deadline: reports the units that do not yield, and ends the process or passes the report to the
    /// waiting caller.
    fn give_up(&self, run: &RunShared, (left, forced): (bool, Option<i32>), retire: impl FnOnce()) {
        let hub = run.app.hub();
        let now = Timestamp::after(hub.read(|facts| facts.launched), Instant::now().into());
        // Has no effect once the run has ended: its last event closes the queue.
        let log_blocked = hub.log_blocked_for().filter(|blocked| *blocked >= MARGIN);
        if !left {
            // The driver may itself be blocked: then it has not reported.
            if let Some(signal) = forced.filter(|_| hub.read(|facts| facts.forced.is_none())) {
                hub.send_without_writing(now, |_| Event::Forced { signal });
            }
            for (unit, stage, broken) in blocking(run) {
                let failure = Failure::new(unit, stage, broken, Severity::Full);
                let failure = Arc::new(hub.read(|facts| facts.explaining_limit(failure)));
                hub.send_without_writing(now, |_| Event::Failed { failure });
            }
            let exit_code = hub.read(|facts| facts.exit_code().or_incomplete());
            hub.send_without_writing(now, |now| now.ended(exit_code));
            // If the driver's thread gets free, units stop: their run is over.
            run.app.request(Reason::Asked);
        }
        exit::keep_unreported(&run.app);
        let mut report = hub.read(Report::of);
        if let Some(blocked) = log_blocked {
            report.add_incomplete(exit::log_is_blocked(blocked));
        }
        let app = Arc::clone(&run.app);
        if self.may_exit {
            exit::end_process(app, report);
        }
        retire();
        aside::aside(move || app.hub().write_lines());
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
            wake_watch();
        }
    }
}

/// Returns the units that are running and block their threads.
fn blocking(run: &RunShared) -> Vec<(Registered, Stage, RawFailure)> {
    run.app.hub().read(|facts| {
        let blocking = facts.machine.all_alive().filter_map(|(unit, stage)| {
            let broken = facts.not_yielding(unit.0);
            let is_polled = run.stop_signals.of(unit.at()).is_polled();
            let blocks = is_polled || matches!(broken, RawFailure::Child { .. });
            blocks.then(|| (facts.registrations.get(unit.at()), stage, broken))
        });
        blocking.collect()
    })
}
