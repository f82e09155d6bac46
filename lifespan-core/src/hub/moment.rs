//! Moments of a run, and those in the life of a unit.

use std::time::Duration;

use tokio::time::Instant;

/// A moment as nanoseconds since the launch, plus one; zero is "not yet". Half the size of an `Option<Instant>`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn after(base: Instant, now: Instant) -> Self {
        Self(u64::try_from(now.saturating_duration_since(base).as_nanos()).unwrap_or(u64::MAX - 1) + 1)
    }

    pub(crate) fn since_launch(self) -> Option<Duration> {
        self.nanos().map(Duration::from_nanos)
    }

    pub(super) fn nanos(self) -> Option<u64> {
        self.0.checked_sub(1)
    }

    pub(super) fn elapsed(self, now: Self) -> Duration {
        if self.0 == 0 { Duration::ZERO } else { Duration::from_nanos(now.0.saturating_sub(self.0)) }
    }
}

/// What is known of one registration.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) started: Moment,
    pub(crate) up: Moment,
}

impl Record {
    pub(super) const NEW: Self = Self { started: Moment(0), up: Moment(0) };
}

/// What is known of the end of one registration.
#[derive(Clone, Copy, Default)]
pub(crate) struct End {
    pub(crate) stopping: Moment,
    pub(crate) ended: Moment,
}
