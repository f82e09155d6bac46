//! What the wall clock shows at a moment of tokio's clock, also where that is paused.

use std::time::SystemTime;

use tokio::time::Instant;

/// The wall clock beside tokio's.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// What the two showed at the launch.
    wall: SystemTime,
    at: Instant,
    /// The wall clock was set by hand.
    set: bool,
}

impl Clock {
    /// At a launch; `set` is what the wall clock is to show then.
    pub(crate) fn new(set: Option<SystemTime>) -> Self {
        Self { wall: set.unwrap_or_else(SystemTime::now), at: Instant::now(), set: set.is_some() }
    }

    /// What the wall clock shows at this moment.
    pub(crate) fn wall(&self, at: Instant) -> SystemTime {
        let (wall, now) = self.now().unwrap_or((self.wall, self.at));
        let shown = match at.checked_duration_since(now) {
            Some(later) => wall.checked_add(later),
            None => wall.checked_sub(now - at),
        };
        shown.unwrap_or(wall)
    }

    /// Whether the wall clock may be set, or stand still with the machine, without tokio's noticing.
    pub(crate) fn may_jump(&self) -> bool {
        self.now().is_some()
    }

    /// What both clocks show, unless tokio's is paused or has been: then only the launch relates them.
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
        // The wall clock at the launch may have been read from the system's once more.
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
}
