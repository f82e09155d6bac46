//! The time of a stop, divided so that slow tasks can't take what contexts need.

use super::time::Nanos;

/// What a teardown has at least.
const LEAST: Nanos = 100_000_000;

/// The time of one stop. Half of it at the most is reserved for contexts, a slice each; what one leaves passes on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    end: Nanos,
    /// The sum of all teardown limits, and the time that there is for them.
    wanted: Nanos,
    granted: Nanos,
    /// The slices of the contexts that are still to be torn down.
    reserved: Nanos,
}

impl Budget {
    /// A budget that begins now, for contexts with these teardown limits.
    pub(super) fn new(now: Nanos, whole: Nanos, teardowns: impl Iterator<Item = Nanos>) -> Self {
        let wanted = teardowns.fold(0, Nanos::saturating_add);
        let granted = wanted.min(whole / 2);
        Self { end: now.saturating_add(whole), wanted, granted, reserved: granted }
    }

    /// Returns when the time of tasks is over.
    pub(super) fn tasks_end(&self) -> Nanos {
        self.end.saturating_sub(self.reserved)
    }

    /// Returns until when a task of this grace may run on.
    pub(super) fn task(&self, now: Nanos, grace: Nanos) -> Nanos {
        now.saturating_add(grace).min(self.tasks_end()).max(now)
    }

    /// Returns until when a context of this limit may tear down; its slice is no longer reserved. Where nothing is left of
    /// the time, it still has a moment for what takes one.
    pub(super) fn context(&mut self, now: Nanos, limit: Nanos) -> Nanos {
        let slice = u128::from(limit) * u128::from(self.granted) / u128::from(self.wanted.max(1));
        self.reserved = self.reserved.saturating_sub(Nanos::try_from(slice).unwrap_or(Nanos::MAX));
        now.saturating_add(limit).min(self.tasks_end().max(now.saturating_add(LEAST)))
    }
}
