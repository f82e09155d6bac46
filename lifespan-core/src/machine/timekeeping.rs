//! Notes the times at which a unit changes its phase.

use super::machine::Machine;
use super::phase::{Phase, Seen};
use super::plan::UnitIndex;
use super::times::{End, Record, Timestamp};

impl Machine {
    /// Sets the time with which changes are noted.
    pub(crate) fn set_moment(&mut self, now: Timestamp) {
        self.times.now = now;
    }

    pub(crate) fn record(&self, unit: UnitIndex) -> Record {
        self.times.records.get(unit.at()).copied().unwrap_or_default()
    }

    pub(crate) fn end_of(&self, unit: UnitIndex) -> End {
        self.times.ends.get(unit.at()).copied().unwrap_or_default()
    }

    /// Notes that a task has restarted in place.
    pub(crate) fn note_restart_in_place(&mut self, unit: UnitIndex, now: Timestamp) {
        self.times.records[unit.at()] = Record { started: now, up: now };
    }

    /// Returns whether any unit was started.
    pub(crate) fn has_started_any(&self) -> bool {
        self.times.records.iter().any(|record| record.started.nanos().is_some())
    }

    /// Returns whether a teardown has begun since the stop began.
    pub(crate) fn tears_down(&self) -> bool {
        self.tears_down
    }

    /// Notes a change of phase at the time of the present input. Returns the new phase that users see.
    #[inline]
    pub(super) fn note_now(&mut self, unit: UnitIndex, from: Phase, to: Phase) -> Seen {
        let now = self.times.now;
        if from.way_to(to).is_some() {
            // The phase between them is `Up`.
            self.times.records[unit.at()].up = now;
        }
        self.note(unit, from, to, now)
    }

    /// Notes a unit's change of phase. Returns the new phase that users see.
    #[inline]
    pub(crate) fn note(&mut self, unit: UnitIndex, from: Phase, to: Phase, now: Timestamp) -> Seen {
        match to {
            // It may have the times of an earlier incarnation.
            Phase::Starting => {
                self.times.records[unit.at()] = Record { started: now, ..Record::default() };
                if let Some(end) = self.times.ends.get_mut(unit.at()) {
                    *end = End::default();
                }
                Seen::Starting
            }
            Phase::Up => {
                self.times.records[unit.at()].up = now;
                Seen::Up
            }
            to => self.note_end(unit, from, to, now),
        }
    }

    /// Notes that a unit is asked to stop or has ended.
    fn note_end(&mut self, unit: UnitIndex, from: Phase, to: Phase, now: Timestamp) -> Seen {
        let (was, is) = (self.see(unit, from), self.see(unit, to));
        match is {
            Seen::Starting => {}
            // A context has returned its value.
            Seen::Up => self.times.records[unit.at()].up = now,
            Seen::Stopping if was == is => {}
            Seen::Stopping => {
                self.times.end(unit).stopping = now;
                self.tears_down |= self.is_stopping() && self.plan.spec(unit).is_context();
            }
            Seen::Waiting | Seen::BackingOff | Seen::Ended(_) => {
                if was != is && !matches!(was, Seen::Waiting | Seen::BackingOff) {
                    self.times.end(unit).ended = now;
                }
            }
        }
        is
    }
}
