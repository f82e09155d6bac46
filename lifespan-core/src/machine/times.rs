//! When each unit was started, up, asked to stop and over.

use std::time::Duration;

use super::plan::UnitIndex;

/// A moment as nanoseconds since the launch, plus one; zero is "not yet". Half the size of an `Option<Instant>`.
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

/// When a unit was started, and up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    pub(crate) started: Timestamp,
    pub(crate) up: Timestamp,
}

/// When a unit was asked to stop, and over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) stopping: Timestamp,
    pub(crate) ended: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// The moment of the input at hand.
    pub(super) now: Timestamp,
    pub(super) records: Vec<Record>,
    /// Made when the first unit stops: most of its life an app has no use for the room.
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

    pub(super) fn end(&mut self, unit: UnitIndex) -> &mut End {
        if self.ends.is_empty() {
            self.ends = vec![End::default(); self.records.len()];
        }
        &mut self.ends[unit.at()]
    }
}
