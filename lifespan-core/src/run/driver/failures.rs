//! The failures that the machine has kept: what broke, whose failure it is, and which limit was passed.

use std::sync::Arc;
use std::time::Duration;

use super::Driver;
use crate::failure::{Broken, Cause, Failure, Refused};
use crate::machine::Fault;
use crate::machine::plan::UnitIndex;
use crate::state::Facts;
use crate::unit::Restart;
use crate::verdict::{Stage, Weight};

impl Driver {
    pub(super) fn failure(
        &mut self,
        unit: UnitIndex,
        (stage, fault): (Stage, Fault),
        weight: Weight,
        refused: Option<Refused>,
    ) -> Failure {
        // Asked once: who blocked a thread just now may be another one a moment later.
        let blamed = self.blamed(unit, fault);
        let broken = self.what_broke(unit, blamed, (stage, fault), refused);
        self.keep_unheard(unit);
        // The error tells its text here, outside the lock on the facts: it is user code.
        Failure::new(self.run.plan.roster.get(blamed.at()), stage, broken, weight).judged_of(unit.0)
    }

    /// Has a failure take the place of the unit's last one, whose reason it is.
    pub(super) fn explaining(&self, failure: Failure) -> Failure {
        self.run.app.hub().read(|facts| facts.explaining(failure))
    }

    /// Keeps what broke last in a task that restarted in place, before another failure of it is told.
    pub(super) fn keep_unheard(&self, unit: UnitIndex) {
        let hub = self.run.app.hub();
        if let Some(broken) = hub.take_unheard(unit.0) {
            let unit = self.run.plan.roster.get(unit.at());
            hub.keep(&Arc::new(Failure::new(unit, Stage::Running, broken, Weight::Recovered)));
        }
    }

    /// Keeps what went wrong in a unit's children beside its last failure, and weighs as much. The machine is not asked.
    pub(super) fn keep_beside(&self, unit: UnitIndex, broken: Broken) {
        let last = self.run.app.hub().read(|facts| {
            let is_its = |failure: &&Arc<Failure>| failure.judged() == unit.0;
            facts.failures.iter().rfind(is_its).map(|failure| (failure.stage(), failure.weight()))
        });
        match last {
            Some((stage, weight)) => self.add_beside(unit, broken, stage, weight),
            None => self.keep_alone(unit, broken),
        }
    }

    /// The same for a failure that has nothing to do with an earlier one of its unit.
    pub(super) fn keep_alone(&self, unit: UnitIndex, broken: Broken) {
        let (stage, weight) =
            if self.is_stopping() { (Stage::Shutdown, Weight::Absorbed) } else { (Stage::Running, Weight::Recovered) };
        self.add_beside(unit, broken, stage, weight);
    }

    fn add_beside(&self, unit: UnitIndex, broken: Broken, stage: Stage, weight: Weight) {
        let failure = Failure::new(self.run.plan.roster.get(unit.at()), stage, broken, weight);
        self.run.app.hub().keep_beside(&Arc::new(failure.into_beside()));
    }

    fn what_broke(
        &mut self,
        unit: UnitIndex,
        blamed: UnitIndex,
        (stage, fault): (Stage, Fault),
        refused: Option<Refused>,
    ) -> Broken {
        let said = match fault {
            Fault::Own | Fault::ResourceLost => self.errors.take(unit),
            _ => None,
        };
        let broken = said.unwrap_or_else(|| match fault {
            Fault::Own | Fault::CutOff => Broken::Other(Cause::Lost),
            Fault::NothingProvided => Broken::Other(Cause::NothingProvided),
            Fault::GaveUp => Broken::Other(Cause::GaveUp),
            Fault::ResourceLost => Broken::Other(Cause::ResourceLost),
            Fault::NeverReady => Broken::Other(Cause::NeverReady),
            Fault::TimedOut => Broken::Other(Cause::TimedOut { limit: self.limit(unit, stage) }),
            Fault::NotYielding => self.run.app.hub().read(|facts| facts.not_yielding(unit.0)),
            Fault::Starved | Fault::HeldUp if blamed == unit => Broken::Other(Cause::Starved),
            Fault::Starved | Fault::HeldUp => {
                Broken::Other(Cause::Blocked { starved: self.run.plan.roster.name(unit.at()).plain().into() })
            }
            Fault::ReturnedTooOften => {
                let (intensity, period, _) = self.restarts_allowed(unit);
                Broken::Other(Cause::RestartedTooOften { intensity, period })
            }
        });
        match refused {
            Some(by) => Broken::Refused { broken: Box::new(broken), by },
            None => broken,
        }
    }

    /// The startup limit leaves no time for this restart.
    pub(super) fn too_late(&self, unit: UnitIndex, number: u32) -> Refused {
        let limit = self.entry(unit.at()).startup_limit(self.run.limits.get().startup).unwrap_or_default();
        Refused::TooLate { number, limit }
    }

    pub(super) fn restart_limit(&self, unit: UnitIndex) -> Refused {
        let (intensity, period, group) = self.restarts_allowed(unit);
        Refused::Exhausted { intensity, period, group }
    }

    /// Returns how often a unit may restart: where it is in a group, that counts.
    fn restarts_allowed(&self, unit: UnitIndex) -> (u32, Duration, Option<&'static str>) {
        let entry = self.entry(unit.at());
        if let Some(group) = entry.unit.options.group {
            (group.intensity, group.period, Some(group.name))
        } else {
            let policy = entry.restart().unwrap_or(Restart::DEFAULT);
            (policy.intensity, policy.period, None)
        }
    }

    /// Returns the unit whose failure this is: of one that ran out of time since another blocked its thread, that other.
    fn blamed(&self, unit: UnitIndex, fault: Fault) -> UnitIndex {
        match fault {
            Fault::Starved | Fault::HeldUp => self.run.app.hub().read(Facts::blocked).unwrap_or(unit),
            _ => unit,
        }
    }

    /// The limit that a unit has passed.
    fn limit(&self, unit: UnitIndex, stage: Stage) -> Duration {
        let (hub, entry, limits) = (self.run.app.hub(), self.entry(unit.at()), self.run.limits.get());
        if stage == Stage::Startup {
            let extended = hub.read(|facts| facts.is_extended(unit.0).then(|| facts.starting_for(unit.at())));
            return extended.unwrap_or_else(|| entry.startup_limit(limits.startup).unwrap_or_default());
        }
        let took = hub.read(|facts| facts.stopping_for(unit.at()));
        let default = if entry.is_context() { limits.teardown } else { limits.grace };
        // The budget of the whole stop may leave less than the unit's own limit.
        took.min(entry.shutdown_timeout().unwrap_or(default))
    }
}
