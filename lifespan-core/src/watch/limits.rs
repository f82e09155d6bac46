//! The time limits of the watch thread, and when it must look.

use std::time::{Duration, Instant};

/// Signals closer together count as one: a terminal and a wrapper often send the same signal twice.
pub(super) const ONE_SIGNAL: Duration = Duration::from_millis(300);

/// The time from the stop's own limit to the hard deadline.
pub(super) const MARGIN: Duration = Duration::from_secs(1);

/// The delay of the watch thread's look after the runtime's timer.
pub(super) const LATENESS: Duration = Duration::from_millis(50);

/// If the watch thread wakes this much too late, nothing was running: the process was suspended.
pub(super) const SUSPENDED: Duration = Duration::from_millis(500);

/// The maximum sleep of the watch thread while a deadline is near: the error in the measured length of a suspension.
pub(super) const STEP: Duration = Duration::from_millis(250);

/// A deadline is near when it is due within this time.
pub(super) const NEAR: Duration = Duration::from_secs(120);

/// The time in which the run must drop everything after a second signal.
pub(super) const FORCED: Duration = Duration::from_secs(2);

/// Returns when the watch thread must look, for a deadline that is due then: in steps while it is near, so that a
/// suspension is noticed, and not before.
pub(super) fn look_by(due: Option<Instant>, now: Instant) -> Option<Instant> {
    due.map(|due| due.min((now + STEP).max(due.checked_sub(NEAR).unwrap_or(now))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_52_it_wakes_in_steps_while_a_deadline_is_near_and_not_before() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(look_by(None, now), None);
        assert_eq!(look_by(Some(now + 10 * NEAR), now), Some(now + 9 * NEAR));
        assert_eq!(look_by(Some(now + NEAR + second), now), Some(now + second));
        assert_eq!(look_by(Some(now + NEAR), now), Some(now + STEP));
        assert_eq!(look_by(Some(now + second), now), Some(now + STEP));
        assert_eq!(look_by(Some(now + STEP / 2), now), Some(now + STEP / 2));
    }
}
