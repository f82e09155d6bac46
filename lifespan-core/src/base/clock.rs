//! The wall clock's time at a moment of tokio's clock, even where tokio's time is paused.

#[cfg(feature = "testing")]
use std::sync::Arc;
#[cfg(feature = "testing")]
use std::sync::atomic::{AtomicI64, Ordering};
#[cfg(feature = "testing")]
use std::time::Duration;
use std::time::SystemTime;

use tokio::time::Instant;

/// The time by which a test has set the wall clock forward, in nanoseconds.
#[cfg(feature = "testing")]
pub(crate) type Steps = Arc<AtomicI64>;

/// The wall clock, related to tokio's clock.
#[derive(Clone)]
pub(crate) struct Clock {
    /// The times of both clocks at the launch.
    wall: SystemTime,
    at: Instant,
    /// The wall clock's start was set by code.
    set: bool,
    /// The handle through which a test sets the clock while the app runs.
    #[cfg(feature = "testing")]
    steps: Option<Steps>,
}

impl Clock {
    /// Creates the clock at a launch; `set` is the wall clock's time then.
    pub(crate) fn new(set: Option<SystemTime>) -> Self {
        Self {
            wall: set.unwrap_or_else(SystemTime::now),
            at: Instant::now(),
            set: set.is_some(),
            #[cfg(feature = "testing")]
            steps: None,
        }
    }

    /// Lets a test set the clock while the app runs.
    #[cfg(feature = "testing")]
    pub(crate) fn with_steps(self, steps: Option<Steps>) -> Self {
        Self { steps, ..self }
    }

    /// Returns the wall clock's time now.
    pub(crate) fn wall(&self, at: Instant) -> SystemTime {
        let (wall, now) = self.now().unwrap_or_else(|| (self.set_at_launch(), self.at));
        let shown = match at.checked_duration_since(now) {
            Some(later) => wall.checked_add(later),
            None => wall.checked_sub(now - at),
        };
        shown.unwrap_or(wall)
    }

    /// Returns whether the wall clock can jump, or stop while the machine sleeps, without a change of tokio's clock.
    pub(crate) fn may_jump(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.steps.is_some() {
            return true;
        }
        self.now().is_some()
    }

    /// Returns the wall clock's time at the launch, adjusted by later settings.
    fn set_at_launch(&self) -> SystemTime {
        #[cfg(feature = "testing")]
        if let Some(steps) = &self.steps {
            let nanos = steps.load(Ordering::Relaxed);
            let by = Duration::from_nanos(nanos.unsigned_abs());
            let set = if nanos < 0 { self.wall.checked_sub(by) } else { self.wall.checked_add(by) };
            return set.unwrap_or(self.wall);
        }
        self.wall
    }

    /// Returns the times of both clocks. `None` while tokio's time is or has been paused: then only the launch relates
    /// them.
    fn now(&self) -> Option<(SystemTime, Instant)> {
        if self.set {
            return None;
        }
        let before = std::time::Instant::now();
        let now = Instant::now();
        (before <= now.into_std() && now.into_std() <= std::time::Instant::now()).then(|| (SystemTime::now(), now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use tokio::time::{Instant, advance};

    use super::Clock;

    #[tokio::test(start_paused = true)]
    async fn paused_time_moves_the_wall_clock_too() {
        let clock = Clock::new(None);
        let (before, at) = (clock.wall(Instant::now()), Instant::now());
        advance(Duration::from_secs(3600)).await;
        assert!(!clock.may_jump());
        let passed = clock.wall(Instant::now()).duration_since(before).unwrap();
        // The wall clock at the launch may have been read from the system's again.
        assert!(passed.abs_diff(Duration::from_secs(3600)) < Duration::from_secs(60), "{passed:?}");
        assert_eq!(clock.wall(Instant::now()).duration_since(clock.wall(at)).unwrap(), Duration::from_secs(3600));
    }

    #[tokio::test]
    async fn a_clock_that_runs_is_the_systems() {
        assert!(Clock::new(None).may_jump());
        let set = Clock::new(Some(SystemTime::UNIX_EPOCH));
        assert!(!set.may_jump());
        assert_eq!(set.wall(set.at + Duration::from_secs(5)), SystemTime::UNIX_EPOCH + Duration::from_secs(5));
    }

    #[cfg(feature = "testing")]
    #[tokio::test(start_paused = true)]
    async fn a_step_of_a_test_moves_the_wall_clock_and_it_goes_on_from_there() {
        let steps = super::Steps::default();
        let clock = Clock::new(Some(SystemTime::UNIX_EPOCH)).with_steps(Some(steps.clone()));
        assert!(clock.may_jump());
        let shows = || clock.wall(Instant::now()).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        advance(Duration::from_secs(100)).await;
        steps.fetch_add(50 * 1_000_000_000, super::Ordering::Relaxed);
        assert_eq!(shows(), 150);
        steps.fetch_sub(70 * 1_000_000_000, super::Ordering::Relaxed);
        advance(Duration::from_secs(1)).await;
        assert_eq!(shows(), 81);
    }
}
