//! Health checks at the hub.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::checks::{Check, UnitChecks};
use super::facts::Facts;
use super::hub::Hub;
use super::moment::Timestamp;
use crate::facts::{Event, HealthCheck};

impl Facts {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::after(self.launched, Instant::now())
    }

    /// Returns every check, in registration order.
    pub(crate) fn health(&self) -> Vec<HealthCheck> {
        let now = self.now();
        let all =
            self.checks.units.iter().flat_map(|(&index, unit)| unit.checks.iter().map(move |check| (index, check)));
        let seen = |(index, check): (usize, &Check)| HealthCheck {
            unit: self.registrations.get(index),
            name: check.name.clone(),
            reason: check.reason.clone(),
            lasted: check.since.elapsed(now),
        };
        all.map(seen).collect()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.checks.units.values().flat_map(|unit| &unit.checks).all(|check| check.reason.is_none())
    }
}

impl Hub {
    /// Resets the checks of a unit that takes a `Health`, just before its function is called. A `run` of a schedule
    /// keeps them. Returns the generation of the checks.
    pub(crate) fn begin_checks(&self, index: u32, run: bool) -> u64 {
        let mut inner = self.lock();
        let now = inner.facts.now();
        let checks = &mut inner.facts.checks;
        match checks.units.get(&(index as usize)) {
            Some(unit) if run => unit.generation,
            _ => {
                checks.generations += 1;
                let generation = checks.generations;
                checks.units.insert(index as usize, UnitChecks { generation, checks: vec![Check::new(None, now)] });
                generation
            }
        }
    }

    /// Adds a check of this name to a unit.
    pub(crate) fn name_check(&self, index: u32, generation: u64, name: &Arc<str>) {
        let mut inner = self.lock();
        let now = inner.facts.now();
        let unit = inner.facts.checks.units.get_mut(&(index as usize)).filter(|unit| unit.generation == generation);
        if let Some(unit) = unit
            && !unit.checks.iter().any(|check| check.name.as_ref() == Some(name))
        {
            unit.checks.push(Check::new(Some(Arc::clone(name)), now));
        }
    }

    /// Sets whether a check is healthy: with a reason, it is not.
    pub(crate) fn set_health(&self, index: u32, generation: u64, name: Option<&Arc<str>>, reason: Option<Arc<str>>) {
        let of = |facts: &Facts| facts.checks.of(index, generation, name.map(|name| &**name)).map(Check::current);
        // Most reports repeat the last one. They take this shortcut and write no line.
        let Some(now) = self.read(|facts| of(facts).filter(|current| current.0 != reason).map(|_| facts.now())) else {
            return;
        };
        self.send_if(now, |view| {
            let (current, since) = of(view.facts).filter(|current| current.0 != reason)?;
            let lasted = current.map_or(Duration::ZERO, |_| since.elapsed(now));
            let (unit, check) = (view.unit(index as usize), name.cloned());
            Some(match reason {
                Some(reason) => Event::Unhealthy { unit, check, reason, lasted },
                None => Event::Healthy { unit, check, lasted },
            })
        });
    }
}
