//! When each unit was started, up, asked to stop and over: noted as it changes its phase.

use std::time::Duration;

use super::plan::UnitIndex;
use super::{Machine, Phase, Seen};

/// A moment as nanoseconds since the launch, plus one; zero is "not yet". Half the size of an `Option<Instant>`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment(u64);

impl Moment {
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
    pub(crate) started: Moment,
    pub(crate) up: Moment,
}

/// When a unit was asked to stop, and over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) stopping: Moment,
    pub(crate) ended: Moment,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// The moment of the input at hand.
    now: Moment,
    records: Vec<Record>,
    /// Made when the first unit stops: most of its life an app has no use for the room.
    ends: Vec<End>,
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

    fn end(&mut self, unit: UnitIndex) -> &mut End {
        if self.ends.is_empty() {
            self.ends = vec![End::default(); self.records.len()];
        }
        &mut self.ends[unit.at()]
    }
}

impl Machine {
    /// Sets the moment with which changes are noted.
    pub(crate) fn set_moment(&mut self, now: Moment) {
        self.times.now = now;
    }

    pub(crate) fn record(&self, unit: UnitIndex) -> Record {
        self.times.records.get(unit.at()).copied().unwrap_or_default()
    }

    pub(crate) fn end_of(&self, unit: UnitIndex) -> End {
        self.times.ends.get(unit.at()).copied().unwrap_or_default()
    }

    /// Notes that a task has restarted in place.
    pub(crate) fn note_restart_in_place(&mut self, unit: UnitIndex, now: Moment) {
        self.times.records[unit.at()] = Record { started: now, up: now };
    }

    /// Returns whether a unit was started.
    pub(crate) fn has_started_any(&self) -> bool {
        self.times.records.iter().any(|record| record.started.nanos().is_some())
    }

    /// Returns whether a context was torn down since the app stops.
    pub(crate) fn tears_down(&self) -> bool {
        self.tears_down
    }

    /// Notes a change of phase at the moment of the input at hand. Returns how users see the unit from here on.
    pub(super) fn note_now(&mut self, unit: UnitIndex, from: Phase, to: Phase) -> Seen {
        let now = self.times.now;
        match from.way_to(to) {
            None => self.note(unit, from, to, now),
            Some(between) => {
                self.note(unit, from, between, now);
                self.note(unit, between, to, now)
            }
        }
    }

    /// Notes that a unit has come from a phase to another. Returns how users see the unit from here on.
    pub(crate) fn note(&mut self, unit: UnitIndex, from: Phase, to: Phase, now: Moment) -> Seen {
        let is = self.see(unit, to);
        match is {
            // It may have lived before.
            Seen::Starting => {
                self.times.records[unit.at()] = Record { started: now, ..Record::default() };
                if let Some(end) = self.times.ends.get_mut(unit.at()) {
                    *end = End::default();
                }
            }
            Seen::Up => self.times.records[unit.at()].up = now,
            Seen::Stopping if self.see(unit, from) == is => {}
            Seen::Stopping => {
                self.times.end(unit).stopping = now;
                self.tears_down |= self.is_stopping() && self.plan.spec(unit).is_context();
            }
            Seen::Waiting | Seen::BackingOff | Seen::Ended(_) => {
                let was = self.see(unit, from);
                if was != is && !matches!(was, Seen::Waiting | Seen::BackingOff) {
                    self.times.end(unit).ended = now;
                }
            }
        }
        is
    }
}
