//! Makes the failures that the machine has judged: the cause, the unit that is blamed and the limit that was exceeded.

use std::sync::Arc;
use std::time::Duration;

use super::Driver;
use crate::base::verdict::Severity;
use crate::base::{Cause, RawFailure, Refused, Stage};
use crate::declare::Restart;
use crate::facts::Failure;
use crate::hub::Facts;
use crate::machine::{Fault, Judged, UnitIndex};

impl Driver {
    pub(super) fn failure(&mut self, unit: UnitIndex, judged: &Judged) -> Failure {
        // Read once: a moment later another unit may block the thread.
        let blamed = self.blamed(unit, judged.fault);
        let broken = self.raw_failure(unit, blamed, judged);
        // A failure before a restart in place happened earlier, so it is kept first.
        self.run.app.hub().keep_unreported(unit);
        // The error is formatted here, outside the lock on the facts, because its `Display` is user code.
        Failure::new(self.run.plan.registrations.get(blamed.at()), judged.stage, broken, judged.severity)
            .judged_of(unit.0)
            .while_paused(self.run.app.is_time_paused())
    }

    /// Makes a failure replace the unit's last one, which it explains.
    pub(super) fn explaining(&self, failure: Failure) -> Failure {
        self.run.app.hub().read(|facts| facts.explaining(failure))
    }

    /// Keeps a failure of a unit's children beside the unit's last failure, with the same severity. The machine takes
    /// no part in this.
    pub(super) fn keep_beside(&self, unit: UnitIndex, broken: RawFailure) {
        let last = self.run.app.hub().read(|facts| {
            let is_its = |failure: &&Arc<Failure>| failure.judged() == unit.0;
            facts.failures.iter().rfind(is_its).map(|failure| (failure.stage(), failure.severity()))
        });
        match last {
            Some((stage, severity)) => self.add_beside(unit, broken, stage, severity),
            None => self.keep_alone(unit, broken),
        }
    }

    /// Keeps a failure that is not related to an earlier one of its unit.
    pub(super) fn keep_alone(&self, unit: UnitIndex, broken: RawFailure) {
        let (stage, severity) = if self.is_stopping() {
            (Stage::Shutdown, Severity::Absorbed)
        } else {
            (Stage::Running, Severity::Recovered)
        };
        self.add_beside(unit, broken, stage, severity);
    }

    fn add_beside(&self, unit: UnitIndex, broken: RawFailure, stage: Stage, severity: Severity) {
        let failure = Failure::new(self.run.plan.registrations.get(unit.at()), stage, broken, severity);
        self.run.app.hub().keep_beside(&Arc::new(failure.into_beside()));
    }

    fn raw_failure(&mut self, unit: UnitIndex, blamed: UnitIndex, judged: &Judged) -> RawFailure {
        let reported = match judged.fault {
            Fault::Own | Fault::ResourceLost => self.errors.take(unit),
            _ => None,
        };
        let broken = reported.unwrap_or_else(|| match judged.fault {
            Fault::Own | Fault::CutOff => RawFailure::Other(Cause::Lost),
            Fault::NothingProvided => RawFailure::Other(Cause::NothingProvided),
            Fault::GaveUp => RawFailure::Other(Cause::GaveUp),
            Fault::ResourceLost => RawFailure::Other(Cause::ResourceLost),
            Fault::NeverReady => RawFailure::Other(Cause::NeverReady),
            Fault::TimedOut => RawFailure::Other(Cause::TimedOut { limit: self.limit(unit, judged) }),
            Fault::NotYielding => self.run.app.hub().read(|facts| facts.not_yielding(unit.0)),
            Fault::Starved | Fault::HeldUp if blamed == unit => RawFailure::Other(Cause::Starved),
            Fault::Starved | Fault::HeldUp => RawFailure::Other(Cause::Blocked {
                starved: self.run.plan.registrations.name(unit.at()).plain().into(),
            }),
            Fault::ReturnedTooOften => {
                let (intensity, period, _) = self.restarts_allowed(unit);
                RawFailure::Other(Cause::RestartedTooOften { intensity, period })
            }
        });
        match self.refused(unit, judged) {
            Some(by) => RawFailure::Refused { broken: Box::new(broken), by },
            None => broken,
        }
    }

    /// Returns why the unit's policy does not restart it.
    fn refused(&self, unit: UnitIndex, judged: &Judged) -> Option<Refused> {
        if let Some(number) = judged.too_late {
            return Some(Refused::TooLate { number, limit: Duration::from_nanos(judged.limit) });
        }
        let (intensity, period, group) = self.restarts_allowed(unit);
        judged.exhausted.then_some(Refused::Exhausted { intensity, period, group })
    }

    /// Returns the restart limit of a unit: that of its group, if it is in one.
    fn restarts_allowed(&self, unit: UnitIndex) -> (u32, Duration, Option<&'static str>) {
        let entry = self.entry(unit.at());
        if let Some(group) = entry.unit.options.group {
            (group.intensity, group.period, Some(group.name))
        } else {
            let policy = entry.restart().unwrap_or(Restart::DEFAULT);
            (policy.intensity, policy.period, None)
        }
    }

    /// Returns the unit that is blamed: if this one timed out because another unit blocked its thread, the other one.
    fn blamed(&self, unit: UnitIndex, fault: Fault) -> UnitIndex {
        match fault {
            Fault::Starved | Fault::HeldUp => self.run.app.hub().read(Facts::blocked).unwrap_or(unit),
            _ => unit,
        }
    }

    /// Returns the limit that a unit has exceeded: its own, or the rest of the budget of the whole shutdown if that is
    /// less.
    fn limit(&self, unit: UnitIndex, judged: &Judged) -> Duration {
        let limit = Duration::from_nanos(judged.limit);
        match judged.stage {
            Stage::Startup => limit,
            _ => self.run.app.hub().read(|facts| facts.stopping_for(unit.at())).min(limit),
        }
    }
}
