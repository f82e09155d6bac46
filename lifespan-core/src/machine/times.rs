//! The times at which each unit was started, up, asked to stop and ended.

use std::time::Duration;

use super::plan::UnitIndex;

/// A time in nanoseconds since the launch, plus one; zero means "not yet". Half the size of an `Option<Instant>`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) fn at(since_launch: Duration) -> Self {
        Self(u64::try_from(since_launch.as_nanos()).unwrap_or(u64::MAX - 1) + 1)
    }

    pub(crate) fn nanos(self) -> Option<u64> {
        self.0.checked_sub(1)
    }

    pub(crate) fn since_launch(self) -> Option<Duration> {
        self.nanos().map(Duration::from_nanos)
    }

    pub(crate) fn elapsed(self, now: Self) -> Duration {
        if self.0 == 0 { Duration::ZERO } else { Duration::from_nanos(now.0.saturating_sub(self.0)) }
    }
}

/// The times at which a unit was started and up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    pub(crate) started: Timestamp,
    pub(crate) up: Timestamp,
}

/// The times at which a unit was asked to stop and ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) stopping: Timestamp,
    pub(crate) ended: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// The time of the present input.
    pub(super) now: Timestamp,
    pub(super) records: Vec<Record>,
    /// Allocated when the first unit stops, to save memory while the app runs.
    pub(super) ends: Vec<End>,
}

impl Times {
    pub(super) fn new(units: usize) -> Self {
        Self { records: vec![Record::default(); units], ..Self::default() }
    }

    pub(super) fn make_room(&mut self, units: usize) {
        self.records.resize(units, Record::default());
        if !self.ends.is_empty() {
            self.ends.resize(units, End::default());
        }
    }

    #[inline]
    pub(super) fn end(&mut self, unit: UnitIndex) -> &mut End {
        if self.ends.is_empty() {
            self.ends = vec![End::default(); self.records.len()];
        }
        &mut self.ends[unit.at()]
    }
}
