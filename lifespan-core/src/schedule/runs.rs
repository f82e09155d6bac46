//! Events and counts of the runs of a scheduled task.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

use super::due::{Due, Waiting};
use super::timetable::Timetable;
use super::triggers::TriggerQueue;
use crate::base::Clock;
use crate::declare::{Line, Schedule};
use crate::facts::{Event, Failure, Tick};
use crate::plan::Registered;

/// A started run. A `Tick` is created from it only when one is read: most runs have no reader, and reading the wall
/// clock costs more than the rest.
#[derive(Clone, Copy)]
pub(crate) struct RunStart {
    /// `None` for a triggered run.
    pub(crate) due: Option<Due>,
    pub(crate) started: Instant,
    pub(crate) number: u64,
    pub(crate) missed: u64,
}

impl RunStart {
    pub(crate) fn tick(&self, clock: &Clock) -> Tick {
        let started = clock.wall(self.started);
        let scheduled = match self.due {
            Some(due) => due.wall.unwrap_or_else(|| clock.wall(due.at)),
            None => started,
        };
        let Self { number, missed, .. } = *self;
        Tick { scheduled, started: started.max(scheduled), number, missed, triggered: self.due.is_none() }
    }
}

/// An event of a scheduled task's run; a public event is created from it only if there are readers.
pub(crate) enum RunEvent {
    Started(RunStart),
    Returned { number: u64, started: Instant },
    Failed { number: u64, ran: Duration, failure: Arc<Failure> },
    Missed { count: u64, folded: bool, busy: bool },
}

impl RunEvent {
    /// Returns the log level of the event.
    pub(crate) fn level(&self) -> LevelFilter {
        match self {
            Self::Started(_) | Self::Returned { .. } => LevelFilter::DEBUG,
            Self::Failed { .. } | Self::Missed { .. } => LevelFilter::WARN,
        }
    }

    pub(crate) fn event(self, unit: Registered, clock: &Clock) -> Event {
        match self {
            Self::Started(start) => Event::RunStarted { unit, tick: start.tick(clock) },
            Self::Returned { number, started } => Event::RunReturned { unit, number, ran: started.elapsed() },
            Self::Failed { number, ran, failure } => Event::RunFailed { unit, number, ran, failure },
            Self::Missed { count, folded, busy } => Event::RunsMissed { unit, count, folded, busy },
        }
    }
}

/// The counts of the runs of a scheduled task.
///
/// ```
/// use std::time::Duration;
/// use lifespan::{App, lifespan_task};
///
/// #[lifespan_task(manual, every = "10s")]
/// async fn sweep() {}
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(SweepConfig {})?;
/// let running = app.start().await?;
/// tokio::time::sleep(Duration::from_secs(25)).await;
/// let report = running.stop().await;
/// let runs = report.unit("sweep").unwrap().runs.as_ref().unwrap();
/// assert_eq!((runs.started, runs.failed, runs.missed), (3, 0, 0));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Runs {
    /// The number of runs that were started.
    pub started: u64,
    /// The number of runs that failed without shutting the app down.
    pub failed: u64,
    /// The number of scheduled times that passed without a run.
    pub missed: u64,
    /// The failure of the last run that failed.
    pub last_failure: Option<Arc<Failure>>,
}

/// The shared state of one scheduled registration, kept across restarts: its trigger queue, its counts, and its
/// schedule while it is not running. Each registration has its own: runs are frequent, and one lock for all of them
/// would cost more than the runs.
#[derive(Default)]
pub(crate) struct ScheduleState {
    pub(crate) triggers: TriggerQueue,
    /// Changed only by the task, like the counts below.
    started: AtomicU64,
    failed: AtomicU64,
    missed: AtomicU64,
    last_failure: Mutex<Option<Arc<Failure>>>,
    kept: Mutex<Option<Box<Kept>>>,
}

/// The state of a schedule between two starts of its task.
pub(crate) struct Kept {
    pub(crate) schedule: Schedule<Line>,
    pub(crate) timetable: Timetable,
    pub(crate) waiting: Waiting,
    /// Scheduled times without a run since the last scheduled run was started.
    pub(crate) missed: u64,
}

impl ScheduleState {
    /// Keeps the schedule's state until the next start.
    pub(crate) fn keep(&self, kept: Kept) {
        *self.kept() = Some(Box::new(kept));
    }

    /// Takes the kept state; `None` at the first start, and after it was discarded.
    pub(crate) fn take_kept(&self) -> Option<Box<Kept>> {
        self.kept().take()
    }

    fn kept(&self) -> MutexGuard<'_, Option<Box<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next run.
    pub(crate) fn next_number(&self) -> u64 {
        self.started.load(Ordering::Relaxed) + 1
    }

    #[inline]
    pub(crate) fn apply(&self, happened: &RunEvent) {
        match happened {
            RunEvent::Started(_) => add(&self.started, 1),
            RunEvent::Returned { .. } => {}
            RunEvent::Failed { failure, .. } => {
                add(&self.failed, 1);
                let before = self.last().replace(Arc::clone(failure));
                // It may hold the user's error, so it is dropped outside the lock.
                drop(before);
            }
            RunEvent::Missed { count, .. } => add(&self.missed, *count),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<Failure>>> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn so_far(&self) -> Runs {
        Runs {
            started: self.started.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            missed: self.missed.load(Ordering::Relaxed),
            last_failure: self.last().clone(),
        }
    }
}

/// Adds to a count that only this thread changes, which is cheaper than an atomic addition.
fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Ordering::Relaxed) + more, Ordering::Relaxed);
}

impl Runs {
    /// Shows the counts as in the report: `12 runs, 2 failed, 1 missed`.
    pub(crate) fn counted(&self) -> String {
        let runs = if self.started == 1 { "run" } else { "runs" };
        let or_none = |count: u64, what: &str| if count == 0 { String::new() } else { format!(", {count} {what}") };
        format!("{} {runs}{}{}", self.started, or_none(self.failed, "failed"), or_none(self.missed, "missed"))
    }
}
