//! `Tick`: which run of a scheduled task this is, and for which time.

use std::time::{Duration, SystemTime};

use super::Inject;
use crate::run::start::Start;
use crate::unit::Need;

/// The run of a task that runs by a schedule: the time it stands for, when it was started, its number, and how many
/// times before had no run.
///
/// Times are those of the wall clock. In tokio's paused time it goes on with that from the launch.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lifespan::{Tick, lifespan_task};
///
/// #[lifespan_task(every = "1m")]
/// async fn report(tick: Tick) {
///     if tick.missed() > 0 {
///         println!("run {} makes up for {} minutes", tick.number(), tick.missed() + 1);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// // By hand, in a test:
/// let midnight = SystemTime::UNIX_EPOCH;
/// report(Tick::at(midnight).with_number(7).with_missed(2)).await;
/// let late = Tick::at(midnight).with_started(midnight + Duration::from_secs(3));
/// assert_eq!(late.late(), Duration::from_secs(3));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    pub(crate) scheduled: SystemTime,
    pub(crate) started: SystemTime,
    pub(crate) number: u64,
    pub(crate) missed: u64,
    pub(crate) triggered: bool,
}

impl Tick {
    /// One made by hand, for calling a task's function in a test: the first run, started at its time.
    #[must_use]
    pub fn at(scheduled: SystemTime) -> Self {
        Self { scheduled, started: scheduled, number: 1, missed: 0, triggered: false }
    }

    /// As started then.
    #[must_use]
    pub fn with_started(self, started: SystemTime) -> Self {
        Self { started, ..self }
    }

    /// As the run of this number.
    #[must_use]
    pub fn with_number(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// As after so many times without a run.
    #[must_use]
    pub fn with_missed(self, missed: u64) -> Self {
        Self { missed, ..self }
    }

    /// As asked for by [`App::trigger`](crate::App::trigger).
    #[must_use]
    pub fn with_triggered(self, triggered: bool) -> Self {
        Self { triggered, ..self }
    }

    /// The time that it stands for; of several that were folded into one run, the last. A triggered run stands for the
    /// moment at which it was started.
    #[must_use]
    pub fn scheduled(&self) -> SystemTime {
        self.scheduled
    }

    /// When it was started.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// How long after its time it was started, its jitter included.
    #[must_use]
    pub fn late(&self) -> Duration {
        self.started.duration_since(self.scheduled).unwrap_or_default()
    }

    /// Counts the runs from 1, triggered ones too; a restart of the task counts on.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many times had no run of their own since the scheduled run before this one.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether [`App::trigger`](crate::App::trigger) asked for it.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        self.triggered
    }
}

impl Inject for Tick {
    fn need() -> Need {
        Need::Tick
    }

    fn inject(start: &mut Start) -> Self {
        start.tick().expect("the plan gives a `Tick` to tasks with a schedule alone")
    }
}
