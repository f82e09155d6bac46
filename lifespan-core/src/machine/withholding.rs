//! Failures that are told once the unit's own error is known: a context that no longer holds its resource, or a task that
//! has dropped its `Ready`, mostly returns the error that says why.
//!
//! What such a failure leads to is decided at once; only telling it waits, for half a second at most.

use super::command::{Command, Commands, Judged};
use super::failing::Telling;
use super::machine::Machine;
use super::phase::{Goal, Phase, Why};
use super::plan::UnitIndex;
use super::time::Nanos;
use super::withheld::Withheld;
use crate::base::verdict::Severity;
use crate::machine::fault::Fault;

/// How long a failure waits for the unit's own error.
const OWN_ERROR: Nanos = 500_000_000;

impl Machine {
    /// A unit has failed, its future is still there, and the error that it returns may say why.
    pub(super) fn failed_unexplained(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) {
        let phase = self.phase(unit);
        let is_starting = phase == Phase::Starting && fault == Fault::NeverReady;
        if self.withheld.contains_key(&unit) {
            // It is known that it no longer holds its resource.
            return;
        }
        if !(is_starting || matches!(phase, Phase::Up | Phase::Stopping)) {
            return self.failing(unit, fault, Telling::Now, now, then);
        }
        self.failing(unit, fault, Telling::Withheld, now, then);
        if is_starting && self.phase(unit) == Phase::Starting {
            // It is dropped when the time is over.
            self.ask_to_stop(unit, now, then);
        }
    }

    /// Withholds a failure; what follows from it is decided.
    pub(super) fn withhold(&mut self, unit: UnitIndex, withheld: Withheld, now: Nanos, then: &mut Commands) {
        self.withheld.insert(unit, withheld);
        if self.phase(unit) == Phase::Stopping {
            // Its stop has a limit.
            return;
        }
        then.push(Command::Deadline(unit, now.saturating_add(OWN_ERROR)));
    }

    /// Returns the deadline of a unit that is asked to stop by then: telling a failure comes first.
    pub(super) fn until_told(&mut self, unit: UnitIndex, until: Nanos, now: Nanos) -> Nanos {
        match self.withheld.get_mut(&unit) {
            Some(withheld) if !withheld.is_told => {
                withheld.deadline = Some(until);
                until.min(now.saturating_add(OWN_ERROR))
            }
            _ => until,
        }
    }

    /// The unit's own error is known, or what broke: it is the failure that was withheld. Returns whether there was one.
    pub(super) fn explain(&mut self, unit: UnitIndex, fault: Fault, then: &mut Commands) -> bool {
        let Some(mut withheld) = self.withheld.remove(&unit) else { return false };
        withheld.failure.fault = fault;
        self.tell(unit, withheld, then);
        true
    }

    /// Tells a failure that was withheld, if there is one: the unit has ended without an error, or something else follows.
    pub(super) fn tell_withheld(&mut self, unit: UnitIndex, then: &mut Commands) {
        if self.withheld.is_empty() {
            return;
        }
        let untold = self.withheld.remove(&unit).filter(|withheld| !withheld.is_told);
        if let Some(withheld) = untold.filter(|_| !mutant!(self, WithheldIsNeverTold)) {
            self.tell(unit, withheld, then);
        }
    }

    /// The unit's own error has not come in time. Returns whether this was what its deadline was for.
    pub(super) fn own_error_is_late(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) -> bool {
        let phase = self.phase(unit);
        // Where it was asked to stop before, its deadline is the one of its stop.
        let waits = |withheld: &Withheld| phase == Phase::Up || phase == Phase::Stopping && withheld.deadline.is_some();
        let untold = self.withheld.get_mut(&unit).filter(|withheld| !withheld.is_told && waits(withheld));
        let Some(withheld) = untold else { return false };
        let before = *withheld;
        withheld.is_told = true;
        self.tell(unit, before, then);
        if before.failure.fault == Fault::NeverReady {
            self.drop_unit(unit, Why::Failed, now, then);
        } else if let Some(deadline) = before.deadline {
            then.push(Command::Deadline(unit, deadline));
        }
        true
    }

    fn tell(&mut self, unit: UnitIndex, withheld: Withheld, then: &mut Commands) {
        let Withheld { failure, is_unfinished, is_told, deadline: _ } = withheld;
        let restarts = failure.restarts && !is_told && !self.is_stopping() && self.standing(unit).goal == Goal::Again;
        let attempts = self.attempts.get(&unit).filter(|_| restarts);
        let restart = attempts.and_then(|attempts| Some((attempts.number, attempts.delay?)));
        let failure = Judged { restarts: restart.is_some(), ..failure };
        then.push(Command::Failure { unit, failure: Box::new(failure), explains: is_told });
        then.extend(restart.map(|(number, delay)| Command::Restarting { unit, number, delay }));
        if failure.severity == Severity::Recovered && !is_told {
            self.keep_in_mind(unit, is_unfinished);
        }
    }

    /// The app stops, and the unit does not start again: the failure that was told, and may yet be explained, weighs this.
    pub(super) fn reweigh_told(&mut self, unit: UnitIndex, severity: Severity) {
        let told = self.withheld.get_mut(&unit).filter(|withheld| withheld.is_told);
        if let Some(told) = told.filter(|told| told.failure.severity == Severity::Recovered) {
            told.failure.severity = severity;
        }
    }

    /// The app stops, and units do not start again whose failures are yet to be told.
    pub(super) fn reweigh_withheld(&mut self) {
        let is_pending = |withheld: &Withheld| withheld.failure.severity == Severity::Recovered && !withheld.is_told;
        let pending: Vec<(UnitIndex, Withheld)> =
            self.withheld.iter().filter(|(_, withheld)| is_pending(withheld)).map(|(unit, it)| (*unit, *it)).collect();
        for (unit, mut withheld) in pending {
            let severity = if withheld.is_unfinished { Severity::Full } else { Severity::Unrecovered };
            withheld.failure.severity = self.weigh_at_stop(unit, severity);
            self.withheld.insert(unit, withheld);
        }
    }
}
