//! `Tick`: the run of a scheduled task, and the time it is for.

use std::time::{Duration, SystemTime};

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
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// let tick = Tick::at(SystemTime::UNIX_EPOCH);
    /// assert_eq!((tick.number(), tick.missed()), (1, 0));
    /// ```
    #[must_use]
    pub fn at(scheduled: SystemTime) -> Self {
        Self { scheduled, started: scheduled, number: 1, missed: 0, triggered: false }
    }

    /// Returns the tick with this start time.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use lifespan::Tick;
    /// let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600);
    /// let tick = Tick::at(noon).with_started(noon + Duration::from_secs(2));
    /// assert_eq!(tick.late(), Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn with_started(self, started: SystemTime) -> Self {
        Self { started, ..self }
    }

    /// Returns the tick with this run number.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// assert_eq!(Tick::at(SystemTime::UNIX_EPOCH).with_number(7).number(), 7);
    /// ```
    #[must_use]
    pub fn with_number(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// Returns the tick with this many missed times.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// assert_eq!(Tick::at(SystemTime::UNIX_EPOCH).with_missed(2).missed(), 2);
    /// ```
    #[must_use]
    pub fn with_missed(self, missed: u64) -> Self {
        Self { missed, ..self }
    }

    /// Returns the tick as triggered by [`App::trigger`](crate::App::trigger).
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// assert!(Tick::at(SystemTime::UNIX_EPOCH).with_triggered(true).is_triggered());
    /// ```
    #[must_use]
    pub fn with_triggered(self, triggered: bool) -> Self {
        Self { triggered, ..self }
    }

    /// Returns the scheduled time; if several times were folded into one run, the last of them. For a triggered run,
    /// this is its start time.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use lifespan::{Tick, lifespan_task};
    ///
    /// /// Reports the hour before its scheduled time, also when it starts late.
    /// #[lifespan_task(manual, every = "1h")]
    /// async fn report(tick: Tick) {
    ///     let from = tick.scheduled() - Duration::from_secs(3600);
    ///     println!("from {from:?} to {:?}", tick.scheduled());
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # report(Tick::at(SystemTime::now())).await;
    /// # }
    /// ```
    #[must_use]
    pub fn scheduled(&self) -> SystemTime {
        self.scheduled
    }

    /// Returns when the run was started.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// let tick = Tick::at(SystemTime::UNIX_EPOCH);
    /// assert_eq!(tick.started(), tick.scheduled());
    /// ```
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// Returns the time between the scheduled time and the start, jitter included.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use lifespan::Tick;
    /// let tick = Tick::at(SystemTime::UNIX_EPOCH);
    /// assert_eq!(tick.late(), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn late(&self) -> Duration {
        self.started.duration_since(self.scheduled).unwrap_or_default()
    }

    /// Returns the number of the run, counted from 1, triggered runs included; a restart of the task does not reset it.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// async fn sweep(tick: Tick) -> bool {
    ///     tick.number() == 1 // the first run does more
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// assert!(sweep(Tick::at(SystemTime::UNIX_EPOCH)).await);
    /// # }
    /// ```
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many scheduled times passed without a run since the scheduled run before this one.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// async fn add_up(tick: Tick) -> u64 {
    ///     1 + tick.missed() // periods since the last run
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// assert_eq!(add_up(Tick::at(SystemTime::UNIX_EPOCH).with_missed(2)).await, 3);
    /// # }
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns whether [`App::trigger`](crate::App::trigger) requested the run.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::Tick;
    /// assert!(!Tick::at(SystemTime::UNIX_EPOCH).is_triggered());
    /// ```
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        self.triggered
    }
}
