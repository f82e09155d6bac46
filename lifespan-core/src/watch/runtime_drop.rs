//! The deadline for the drop of a runtime that the program owns.
//!
//! A runtime's drop waits for every blocking thread. Where a signal has stopped the run, one that never returns would keep
//! the process from its end.
//!
//! # Invariants
//! - The time counts from the moment at which the drop begins: what the program awaits after the run is not limited.
//! - A process has at most one. Another launch takes it back, and so does `main` where it shows that the drop has returned.
//! - The process is ended only while threads of that runtime are there, where the system tells.

use std::future::pending;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::thread::PollingThread;
use super::{MARGIN, WATCH, exit, ring};
use crate::log::short;
use crate::plan::problem::{Problem, ProblemKind};
use crate::report::Report;

pub(super) struct RuntimeDrop {
    report: Report,
    /// The end of the stop.
    stop_ends: Instant,
    /// When the drop began, and when it is given up.
    times: Mutex<Option<(Instant, Instant)>>,
    threads: RuntimeThreads,
}

/// The threads of a runtime, which have one name.
pub(crate) struct RuntimeThreads {
    /// None until one of them has told it.
    name: Arc<OnceLock<Arc<str>>>,
}

/// A part of a task that only waits: dropped when the runtime's drop begins.
struct Sentinel(Arc<RuntimeDrop>);

/// Takes the deadline of a drop back that has begun: it has returned, for `main` goes on.
pub(crate) fn disarm() {
    let Some(watch) = WATCH.get() else { return };
    let returned = watch.lock().runtime_drop.take_if(|runtime| runtime.deadline().is_some());
    drop(returned);
}

impl RuntimeDrop {
    /// Watches the drop of the runtime of this task.
    pub(super) fn arm(report: Report, stop_ends: Instant) {
        let Some(watch) = WATCH.get() else { return };
        let threads = RuntimeThreads::of(&Handle::current());
        let armed = Arc::new(Self { report, stop_ends, times: Mutex::default(), threads });
        let before = watch.lock().runtime_drop.replace(Arc::clone(&armed));
        drop(before);
        let sentinel = Sentinel(armed);
        tokio::spawn(async move {
            let _sentinel = sentinel;
            pending::<()>().await;
        });
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.times().map(|(_, deadline)| deadline)
    }

    fn times(&self) -> Option<(Instant, Instant)> {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process, unless the runtime has gone meanwhile.
    pub(super) fn give_up(&self) {
        if self.threads.alive().is_some_and(|threads| threads.is_empty()) {
            return;
        }
        let waited = self.times().map(|(began, _)| began.elapsed()).unwrap_or_default();
        let mut report = self.report.clone();
        report.add_incomplete(self.threads.still_running(waited));
        exit::print_and_exit(report);
    }
}

impl RuntimeThreads {
    /// Asks one of them for its name.
    pub(crate) fn of(runtime: &Handle) -> Self {
        let name = Arc::<OnceLock<Arc<str>>>::default();
        let asked = Arc::clone(&name);
        // Where all of them are busy none answers, and then they are not named.
        drop(
            runtime.spawn_blocking(move || {
                std::thread::current().name().map(|name| asked.get_or_init(|| name.into()).len())
            }),
        );
        Self { name }
    }

    /// Returns those that are there; `None` where that is not known.
    fn alive(&self) -> Option<Vec<PollingThread>> {
        PollingThread::all_named(self.name.get()?)
    }

    /// Returns the problem of a runtime whose threads have not returned within this time.
    pub(crate) fn still_running(&self, waited: Duration) -> Problem {
        let threads: Vec<String> = self.alive().iter().flatten().map(ToString::to_string).collect();
        let named = if threads.is_empty() { String::new() } else { format!(": {}", threads.join(", ")) };
        let what = format!("the runtime's threads did not return within {}{named}", short(waited));
        Problem::new(ProblemKind::State, what).help(
            "a closure given to `spawn_blocking` cannot be stopped from outside: have it look whether shutdown was \
             requested, or use a `blocking` task",
        )
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let now = Instant::now();
        let deadline = self.0.stop_ends.max(now + MARGIN);
        *self.0.times.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, deadline));
        ring();
    }
}
