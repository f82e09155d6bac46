//! `Tick`: the run of a scheduled task, and the time it is for.

use std::time::{Duration, SystemTime};

use super::Inject;
use crate::run::start::Start;
use crate::unit::Need;

/// One run of a scheduled task: its scheduled time, when it was started, its number, and how many scheduled times
/// before it were missed.
///
/// Times are wall clock times. When tokio's time is paused, they follow tokio's time from the launch on.
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
    /// Creates a tick to call a task's function in a test: the first run, started at its scheduled time.
    #[must_use]
    pub fn at(scheduled: SystemTime) -> Self {
        Self { scheduled, started: scheduled, number: 1, missed: 0, triggered: false }
    }

    /// Returns the tick with this start time.
    #[must_use]
    pub fn with_started(self, started: SystemTime) -> Self {
        Self { started, ..self }
    }

    /// Returns the tick with this run number.
    #[must_use]
    pub fn with_number(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// Returns the tick with this many missed times.
    #[must_use]
    pub fn with_missed(self, missed: u64) -> Self {
        Self { missed, ..self }
    }

    /// Returns the tick as triggered by [`App::trigger`](crate::App::trigger).
    #[must_use]
    pub fn with_triggered(self, triggered: bool) -> Self {
        Self { triggered, ..self }
    }

    /// Returns the scheduled time; if several times were folded into one run, the last of them. For a triggered run,
    /// this is its start time.
    #[must_use]
    pub fn scheduled(&self) -> SystemTime {
        self.scheduled
    }

    /// Returns when the run was started.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// Returns the time between the scheduled time and the start, jitter included.
    #[must_use]
    pub fn late(&self) -> Duration {
        self.started.duration_since(self.scheduled).unwrap_or_default()
    }

    /// Returns the number of the run, counted from 1, triggered runs included; a restart of the task does not reset it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many scheduled times passed without a run since the scheduled run before this one.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns whether [`App::trigger`](crate::App::trigger) requested the run.
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
