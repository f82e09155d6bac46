//! A wall clock that a test sets while its app runs.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use crate::base::clock::Steps;
use crate::plan::Options;

/// A wall clock that a test sets while its app runs, as an operator or a time server does. It advances with tokio's
/// time. Schedules notice a change when they next read the clock, within a minute.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lifespan::testing::{TestApp, WallClock};
/// use lifespan::lifespan_task;
///
/// #[lifespan_task(cron = "30 2 * * *")]
/// async fn nightly() {}
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let clock = WallClock::new(SystemTime::UNIX_EPOCH);
/// let app = TestApp::new().with(nightly).wall_clock(&clock).start().await;
/// clock.step_forward(Duration::from_secs(3 * 3600));
/// app.advance(Duration::from_secs(60)).await;
/// assert_eq!(app.stop().await.unit("nightly").unwrap().runs.as_ref().unwrap().started, 1);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WallClock {
    at_launch: SystemTime,
    steps: Steps,
}

impl WallClock {
    /// Creates a clock that shows this time at the launch.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use lifespan::testing::WallClock;
    /// let clock = WallClock::new(SystemTime::UNIX_EPOCH);
    /// ```
    #[must_use]
    pub fn new(at_launch: SystemTime) -> Self {
        Self { at_launch, steps: Steps::default() }
    }

    /// Sets the clock forward.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use lifespan::testing::WallClock;
    /// let clock = WallClock::new(SystemTime::UNIX_EPOCH);
    /// clock.step_forward(Duration::from_secs(3600)); // summer time begins
    /// ```
    pub fn step_forward(&self, by: Duration) {
        self.steps.fetch_add(nanos(by), Ordering::Relaxed);
    }

    /// Sets the clock back.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use lifespan::testing::WallClock;
    /// let clock = WallClock::new(SystemTime::UNIX_EPOCH);
    /// clock.step_back(Duration::from_secs(30)); // a time server corrects the clock
    /// ```
    pub fn step_back(&self, by: Duration) {
        self.steps.fetch_sub(nanos(by), Ordering::Relaxed);
    }

    pub(super) fn show_to(&self, options: &mut Options) {
        options.wall_clock = Some(self.at_launch);
        options.wall_clock_steps = Some(self.steps.clone());
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
