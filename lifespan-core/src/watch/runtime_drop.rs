//! The deadline for the drop of a runtime that the program owns.
//!
//! A runtime's drop waits for every blocking thread and for the destructors of its tasks. After a signal has stopped
//! the run, one that never returns would prevent the process from ending.
//!
//! # Invariants
//! - The time counts from the moment at which the drop begins: what the program awaits after the run is not limited.
//! - The task that notices it is spawned at the launch: tokio drops older tasks first, and a destructor may block.
//! - A process has at most one deadline. Another launch cancels it, and so does `main` when it shows that the drop has
//!   returned.
//! - The process is ended only while tasks or threads of that runtime exist and, where the system shows it, the main
//!   thread waits as a drop does.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::exit;
use super::limits::MARGIN;
use super::waker::wake_watch;
use crate::base::{PollingThread, Problem, ProblemKind, main_waits_for_a_futex, short};
use crate::report::Report;
use crate::signal::panics;

/// A drop that has a deadline.
pub(super) struct RuntimeDrop {
    report: Report,
    times: Mutex<Times>,
    /// The sentinel's handle: the task has ended once the drop has begun.
    first_task: AbortHandle,
    /// The handle of a task that ends when the drop reaches the tasks that were spawned last.
    last_task: AbortHandle,
    threads: RuntimeThreads,
}

struct Times {
    /// The end of the stop.
    stop_ends: Instant,
    /// The time at which the drop began, and its deadline.
    drop: Option<(Instant, Instant)>,
}

/// The threads of a runtime: they share a name, or one that ends in a number.
pub(crate) struct RuntimeThreads {
    /// `None` until one of them has returned its name.
    name: Arc<OnceLock<Arc<str>>>,
}

/// A task that only waits, and so is dropped when the runtime's drop begins.
pub(super) struct Sentinel {
    task: AbortHandle,
    armed: Arc<OnceLock<Arc<RuntimeDrop>>>,
}

/// The part of that task that notices its end.
struct Notice(Arc<OnceLock<Arc<RuntimeDrop>>>);

impl Sentinel {
    /// Spawns the sentinel on the runtime of this task.
    pub(super) fn spawn() -> Self {
        let armed = Arc::default();
        let notice = Notice(Arc::clone(&armed));
        let task = tokio::spawn(async move {
            let _notice = notice;
            pending::<()>().await;
        });
        Self { task: task.abort_handle(), armed }
    }

    /// Sets the drop, which begins when this task is dropped.
    pub(super) fn arm(&self, drop: Arc<RuntimeDrop>) {
        // A run has one report.
        let _ = self.armed.set(drop);
    }

    /// Ends the sentinel: the drop has no deadline.
    pub(super) fn dismiss(&self) {
        self.task.abort();
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.get() {
            runtime.begin();
        }
    }
}

impl RuntimeDrop {
    /// Creates the deadline for the drop of the runtime of this task.
    pub(super) fn new(sentinel: &Sentinel, report: Report, stop_ends: Instant) -> Arc<Self> {
        Arc::new(Self {
            report,
            times: Mutex::new(Times { stop_ends, drop: None }),
            first_task: sentinel.task.clone(),
            last_task: tokio::spawn(pending::<()>()).abort_handle(),
            threads: RuntimeThreads::of(&Handle::current()),
        })
    }

    /// Ends its tasks and the deadline, when another launch begins.
    pub(super) fn dismiss(&self) {
        self.first_task.abort();
        self.last_task.abort();
    }

    fn begin(&self) {
        let now = Instant::now();
        let mut times = self.times();
        times.drop = Some((now, times.stop_ends.max(now + MARGIN)));
        drop(times);
        wake_watch();
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.times().drop.map(|(_, deadline)| deadline)
    }

    /// Returns the moment that a suspension moves: the deadline or, before the drop begins, the end of the stop.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let times = self.times();
        times.drop.map(|(_, deadline)| deadline).or_else(|| Some(times.stop_ends).filter(|ends| *ends > now))
    }

    /// Moves the deadline by the time for which the process was suspended.
    pub(super) fn postpone(&self, by: Duration) {
        let mut times = self.times();
        times.stop_ends += by;
        times.drop = times.drop.map(|(began, deadline)| (began + by, deadline + by));
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process, unless the drop has returned meanwhile.
    pub(super) fn give_up(&self) {
        if self.has_returned() {
            return;
        }
        let waited = self.times().drop.map(|(began, _)| began.elapsed()).unwrap_or_default();
        let mut report = self.report.clone();
        report.add_incomplete(self.threads.still_running(waited));
        exit::print_and_exit(report);
    }

    /// Returns whether the drop has returned, if that can be seen.
    fn has_returned(&self) -> bool {
        let has_threads = self.threads.alive().is_none_or(|threads| !threads.is_empty());
        let is_there = has_threads || !self.last_task.is_finished();
        !is_there || main_waits_for_a_futex() == Some(false)
    }
}

impl RuntimeThreads {
    /// Asks one of the threads for its name.
    pub(crate) fn of(runtime: &Handle) -> Self {
        let name = Arc::<OnceLock<Arc<str>>>::default();
        let asked = Arc::clone(&name);
        let answer = move || std::thread::current().name().map(|name| asked.get_or_init(|| name.into()).len());
        // If all of them are busy, none answers. If the system refuses a thread, tokio panics. In both cases the report
        // does not name them.
        panics::panics(|| drop(runtime.spawn_blocking(answer)));
        Self { name }
    }

    /// Returns the threads that exist; `None` if that is not known.
    fn alive(&self) -> Option<Vec<PollingThread>> {
        PollingThread::all_named_as(self.name.get()?)
    }

    /// Returns the problem of a runtime whose drop has not returned within this time.
    pub(crate) fn still_running(&self, waited: Duration) -> Problem {
        let threads: Vec<String> = self.alive().iter().flatten().map(ToString::to_string).collect();
        let named = if threads.is_empty() { String::new() } else { format!(": {}", threads.join(", ")) };
        let what = format!("the runtime's threads did not return within {}{named}", short(waited));
        Problem::new(ProblemKind::State, what).help(
            "a closure given to `spawn_blocking`, or the destructor of a task, cannot be stopped from outside: have it check \
             whether shutdown was requested, or use a `blocking` task",
        )
    }
}
