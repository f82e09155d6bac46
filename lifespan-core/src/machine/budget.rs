//! The time of a stop, divided so that slow tasks leave time for contexts.

use super::time::Nanos;

/// The minimum time of a teardown.
const LEAST: Nanos = 100_000_000;

/// The time of one stop. At most half of it is reserved for contexts, a slice for each. Unused time passes to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    end: Nanos,
    /// The sum of all teardown limits.
    wanted: Nanos,
    /// The time reserved for all teardowns.
    granted: Nanos,
    /// The slices of the contexts that are not torn down yet.
    reserved: Nanos,
    /// The end of the stop if every context needs the least time that it has.
    latest: Nanos,
}

impl Budget {
    /// Creates a budget that begins now, for contexts with these teardown limits.
    pub(super) fn new(now: Nanos, whole: Nanos, teardowns: impl Iterator<Item = Nanos>) -> Self {
        let add = |(wanted, least): (Nanos, Nanos), limit| (wanted.saturating_add(limit), least.saturating_add(LEAST));
        let (wanted, least) = teardowns.fold((0, 0), add);
        let granted = wanted.min(whole / 2);
        let end = now.saturating_add(whole);
        Self { end, wanted, granted, reserved: granted, latest: end.saturating_add(least) }
    }

    /// Returns the time at which the stop is over at the latest, if no unit blocks its thread.
    pub(super) fn latest(&self) -> Nanos {
        self.latest
    }

    /// Returns the end of the time for tasks.
    pub(super) fn tasks_end(&self) -> Nanos {
        self.end.saturating_sub(self.reserved)
    }

    /// Returns the stop deadline of a task with this grace.
    pub(super) fn task(&self, now: Nanos, grace: Nanos) -> Nanos {
        now.saturating_add(grace).min(self.tasks_end()).max(now)
    }

    /// Returns the stop deadline of a context with this limit; its slice is no longer reserved. The context has at
    /// least [`LEAST`], even if no time is left.
    pub(super) fn context(&mut self, now: Nanos, limit: Nanos) -> Nanos {
        let slice = u128::from(limit) * u128::from(self.granted) / u128::from(self.wanted.max(1));
        self.reserved = self.reserved.saturating_sub(Nanos::try_from(slice).unwrap_or(Nanos::MAX));
        now.saturating_add(limit).min(self.tasks_end().max(now.saturating_add(LEAST)))
    }
}
