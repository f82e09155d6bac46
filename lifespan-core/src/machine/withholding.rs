//! Failures that are reported once the unit's own error is known: a context that no longer holds its resource, or a
//! task that has dropped its `Ready`, usually returns the error that is the reason.
//!
//! The consequences of such a failure are decided at once; only its report waits, for half a second at most.

use super::command::{Command, Commands, Judged};
use super::failing::Reporting;
use super::machine::Machine;
use super::phase::{Goal, Phase, Why};
use super::plan::UnitIndex;
use super::time::Nanos;
use super::withheld::Withheld;
use crate::base::verdict::Severity;
use crate::machine::fault::Fault;

/// The time that a failure waits for the unit's own error.
const OWN_ERROR: Nanos = 500_000_000;

impl Machine {
    /// Handles a failure of a unit whose future has not ended, and whose own error may be the reason.
    pub(super) fn failed_unexplained(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) {
        let phase = self.phase(unit);
        let is_starting = phase == Phase::Starting && fault == Fault::NeverReady;
        if self.withheld.contains_key(&unit) {
            // Its failure is already withheld.
            return;
        }
        if !(is_starting || matches!(phase, Phase::Up | Phase::Stopping)) {
            return self.failing(unit, fault, Reporting::Now, now, then);
        }
        self.failing(unit, fault, Reporting::Withheld, now, then);
        if is_starting && self.phase(unit) == Phase::Starting {
            // It is dropped after `OWN_ERROR`.
            self.ask_to_stop(unit, now, then);
        }
    }

    /// Withholds a failure whose consequences are decided.
    pub(super) fn withhold(&mut self, unit: UnitIndex, withheld: Withheld, now: Nanos, then: &mut Commands) {
        self.withheld.insert(unit, withheld);
        if self.phase(unit) == Phase::Stopping {
            // Its stop has a limit.
            return;
        }
        then.push(Command::Deadline(unit, now.saturating_add(OWN_ERROR)));
    }

    /// Returns the next deadline of a unit that has to stop by `until`: a withheld failure is reported first.
    pub(super) fn until_reported(&mut self, unit: UnitIndex, until: Nanos, now: Nanos) -> Nanos {
        match self.withheld.get_mut(&unit) {
            Some(withheld) if !withheld.is_reported => {
                withheld.deadline = Some(until);
                until.min(now.saturating_add(OWN_ERROR))
            }
            _ => until,
        }
    }

    /// Reports a withheld failure with the unit's own error. Returns whether there was one.
    pub(super) fn explain(&mut self, unit: UnitIndex, fault: Fault, then: &mut Commands) -> bool {
        let Some(mut withheld) = self.withheld.remove(&unit) else { return false };
        withheld.failure.fault = fault;
        self.report(unit, withheld, then);
        true
    }

    /// Reports a withheld failure as it is, if there is one: the unit has ended without an error, or has failed again.
    pub(super) fn report_withheld(&mut self, unit: UnitIndex, then: &mut Commands) {
        if self.withheld.is_empty() {
            return;
        }
        let unreported = self.withheld.remove(&unit).filter(|withheld| !withheld.is_reported);
        if let Some(withheld) = unreported.filter(|_| !mutant!(self, WithheldIsNeverReported)) {
            self.report(unit, withheld, then);
        }
    }

    /// Reports a withheld failure whose time is over. Returns whether the deadline was for it.
    pub(super) fn own_error_is_late(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) -> bool {
        let phase = self.phase(unit);
        // If it was asked to stop before, the deadline is that of its stop.
        let waits = |withheld: &Withheld| phase == Phase::Up || phase == Phase::Stopping && withheld.deadline.is_some();
        let unreported = self.withheld.get_mut(&unit).filter(|withheld| !withheld.is_reported && waits(withheld));
        let Some(withheld) = unreported else { return false };
        let before = *withheld;
        withheld.is_reported = true;
        self.report(unit, before, then);
        if before.drops_when_late() {
            self.drop_unit(unit, Why::Failed, now, then);
        } else if let Some(deadline) = before.deadline {
            then.push(Command::Deadline(unit, deadline));
        }
        true
    }

    fn report(&mut self, unit: UnitIndex, withheld: Withheld, then: &mut Commands) {
        let Withheld { failure, is_unfinished, is_reported, deadline: _ } = withheld;
        let restarts =
            failure.restarts && !is_reported && !self.is_stopping() && self.standing(unit).goal == Goal::Again;
        let attempts = self.attempts.get(&unit).filter(|_| restarts);
        let restart = attempts.and_then(|attempts| Some((attempts.number, attempts.delay?)));
        let failure = Judged { restarts: restart.is_some(), ..failure };
        then.push(Command::Failure { unit, failure: Box::new(failure), explains: is_reported });
        then.extend(restart.map(|(number, delay)| Command::Restarting { unit, number, delay }));
        if failure.severity == Severity::Recovered && !is_reported {
            self.remember_failure(unit, is_unfinished);
        }
    }

    /// Sets the severity of a reported failure that may still be explained: the app stops, and the unit does not
    /// restart.
    pub(super) fn reweigh_reported(&mut self, unit: UnitIndex, severity: Severity) {
        let reported = self.withheld.get_mut(&unit).filter(|withheld| withheld.is_reported);
        if let Some(reported) = reported.filter(|reported| reported.failure.severity == Severity::Recovered) {
            reported.failure.severity = severity;
        }
    }

    /// Sets the severity of failures that are not reported yet: the app stops, and their units do not restart.
    pub(super) fn reweigh_withheld(&mut self) {
        let is_pending =
            |withheld: &Withheld| withheld.failure.severity == Severity::Recovered && !withheld.is_reported;
        let pending: Vec<(UnitIndex, Withheld)> =
            self.withheld.iter().filter(|(_, withheld)| is_pending(withheld)).map(|(unit, it)| (*unit, *it)).collect();
        for (unit, mut withheld) in pending {
            let severity = if withheld.is_unfinished { Severity::Full } else { Severity::Unrecovered };
            withheld.failure.severity = self.weigh_at_stop(unit, severity);
            self.withheld.insert(unit, withheld);
        }
    }
}
