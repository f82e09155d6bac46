//! How the time of a stop is divided: every wait is bounded, and slow tasks cannot eat what contexts need.

use std::time::Duration;

use tokio::time::Instant;

/// What is allowed to a future that was dropped to be really gone: only a body that blocks its thread needs more.
pub(super) const DROP_ALLOWANCE: Duration = Duration::from_millis(250);

/// The time of one stop. Half of it at the most is reserved for contexts, a slice each; what one leaves passes on.
pub(super) struct Budget {
    end: Instant,
    /// How much of its own limit each context's slice is.
    scale: f64,
    /// The slices of the contexts that are still to be torn down.
    reserved: Duration,
}

impl Budget {
    /// A budget that begins now, for contexts with these teardown limits.
    pub(super) fn new(now: Instant, whole: Duration, teardowns: impl Iterator<Item = Duration>) -> Self {
        let wanted: Duration = teardowns.fold(Duration::ZERO, Duration::saturating_add);
        let half = whole / 2;
        let scale = if wanted > half { half.as_secs_f64() / wanted.as_secs_f64() } else { 1.0 };
        Self { end: now + whole, scale, reserved: wanted.min(half) }
    }

    /// Puts the end off.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.end += by;
    }

    /// Until when a task of this grace may run on.
    pub(super) fn task(&self, now: Instant, grace: Duration) -> Instant {
        (now + grace).min(self.tasks_end()).max(now)
    }

    /// When the time of tasks is over.
    pub(super) fn tasks_end(&self) -> Instant {
        self.end - self.reserved
    }

    /// Until when a context of this limit may tear down; its slice is no longer reserved.
    pub(super) fn context(&mut self, now: Instant, limit: Duration) -> Instant {
        self.reserved = self.reserved.saturating_sub(limit.mul_f64(self.scale));
        (now + limit).min(self.end - self.reserved).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use std::time::Duration;
    use tokio::time::Instant;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_slow_task_leaves_a_context_its_slice() {
        let now = Instant::now();
        let mut budget = Budget::new(now, seconds(25), [seconds(5)].into_iter());
        assert_eq!(budget.task(now, seconds(60)) - now, seconds(20));
        let later = now + seconds(20);
        assert_eq!(budget.context(later, seconds(5)) - later, seconds(5));
    }

    #[test]
    fn many_contexts_share_half_of_the_time_and_what_is_left_passes_on() {
        let now = Instant::now();
        let mut budget = Budget::new(now, seconds(20), std::iter::repeat_n(seconds(5), 10));
        assert_eq!(budget.tasks_end() - now, seconds(10));
        let late = now + seconds(10);
        let first = budget.context(late, seconds(5));
        assert!(first - late >= Duration::from_millis(999) && first - late <= Duration::from_millis(1001));
        let early = budget.context(now, seconds(5));
        assert_eq!(early - now, seconds(5));
    }
}
