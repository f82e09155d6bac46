//! What happens to the runs of a scheduled task, and what is counted of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

use super::clock::Clock;
use super::mailbox::Mailbox;
use super::timetable::{Due, Timetable, Waiting};
use super::{Line, Schedule};
use crate::event::Event;
use crate::failure::Failure;
use crate::inject::tick::Tick;
use crate::plan::roster::Registered;

/// A run that is started. A `Tick` is made of it where somebody looks at one: most runs have no reader, and the wall
/// clock costs more than the rest.
#[derive(Clone, Copy)]
pub(crate) struct RunStart {
    /// `None` for one that was asked for.
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

/// Something that happens to a scheduled task's runs; an event is made of it where somebody reads events.
pub(crate) enum Happened {
    Started(RunStart),
    Returned { number: u64, started: Instant },
    Failed { number: u64, ran: Duration, failure: Arc<Failure> },
    Missed { count: u64, folded: bool, busy: bool },
}

impl Happened {
    /// How loud its line in the log is.
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

/// What became of the runs of a task with a schedule.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Runs {
    /// How many were started.
    pub started: u64,
    /// How many failed without taking the app down.
    pub failed: u64,
    /// How many times of the schedule had no run of their own.
    pub missed: u64,
    /// What went wrong in the last that failed.
    pub last_failure: Option<Arc<Failure>>,
}

/// What is shared of one registration with a schedule, however often it is started: its mailbox, its counts, a fold over
/// what happens to its runs, and where its schedule stands while it is not running. Each has its own, since runs are many: all of them in one place, under one lock, would cost more
/// than the runs.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) mailbox: Mailbox,
    /// Counted by the task alone, as those below.
    started: AtomicU64,
    failed: AtomicU64,
    missed: AtomicU64,
    last_failure: Mutex<Option<Arc<Failure>>>,
    kept: Mutex<Option<Box<Kept>>>,
}

/// Where a schedule stands between two starts of its task.
pub(crate) struct Kept {
    pub(crate) schedule: Schedule<Line>,
    pub(crate) timetable: Timetable,
    pub(crate) waiting: Waiting,
    /// Times without a run since the last scheduled one was started.
    pub(crate) missed: u64,
}

impl Desk {
    /// Keeps where the schedule stands until the next start.
    pub(crate) fn keep(&self, kept: Kept) {
        *self.kept() = Some(Box::new(kept));
    }

    /// Takes what was kept; none at the first start, and once it was forgotten.
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
    pub(crate) fn apply(&self, happened: &Happened) {
        match happened {
            Happened::Started(_) => add(&self.started, 1),
            Happened::Returned { .. } => {}
            Happened::Failed { failure, .. } => {
                add(&self.failed, 1);
                let before = self.last().replace(Arc::clone(failure));
                // The user's error may be in it, so it goes outside the lock.
                drop(before);
            }
            Happened::Missed { count, .. } => add(&self.missed, *count),
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

/// Adds to what nobody else adds to, which is cheaper than to add among others.
fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Ordering::Relaxed) + more, Ordering::Relaxed);
}

impl Runs {
    /// As the report has it: `12 runs, 2 failed, 1 missed`.
    pub(crate) fn counted(&self) -> String {
        let runs = if self.started == 1 { "run" } else { "runs" };
        let or_none = |count: u64, what: &str| if count == 0 { String::new() } else { format!(", {count} {what}") };
        format!("{} {runs}{}{}", self.started, or_none(self.failed, "failed"), or_none(self.missed, "missed"))
    }
}
