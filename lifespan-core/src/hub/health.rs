//! Health checks at the hub.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::checks::{Check, OfUnit};
use super::facts::Facts;
use super::hub::Hub;
use super::moment::Timestamp;
use crate::facts::{Event, HealthCheck};

impl Facts {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::after(self.launched, Instant::now())
    }

    /// Every check, in registration order.
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
    /// A unit's function is about to be called, which takes a `Health`: its checks begin anew. A `run` of its schedule goes
    /// on with those there are. Gives the life that they are of.
    pub(crate) fn begin_checks(&self, index: u32, run: bool) -> u64 {
        let mut inner = self.lock();
        let now = inner.facts.now();
        let checks = &mut inner.facts.checks;
        match checks.units.get(&(index as usize)) {
            Some(unit) if run => unit.life,
            _ => {
                checks.lives += 1;
                let life = checks.lives;
                checks.units.insert(index as usize, OfUnit { life, checks: vec![Check::new(None, now)] });
                life
            }
        }
    }

    /// A unit has a check of this name from now on.
    pub(crate) fn name_check(&self, index: u32, life: u64, name: &Arc<str>) {
        let mut inner = self.lock();
        let now = inner.facts.now();
        let unit = inner.facts.checks.units.get_mut(&(index as usize)).filter(|unit| unit.life == life);
        if let Some(unit) = unit
            && !unit.checks.iter().any(|check| check.name.as_ref() == Some(name))
        {
            unit.checks.push(Check::new(Some(Arc::clone(name)), now));
        }
    }

    /// A check says that all is well, or why not.
    pub(crate) fn check_says(&self, index: u32, life: u64, name: Option<&Arc<str>>, reason: Option<Arc<str>>) {
        let of = |facts: &Facts| facts.checks.of(index, life, name.map(|name| &**name)).map(Check::said);
        // Most say what they have said before: then nobody waits for whoever writes a line.
        let Some(now) = self.read(|facts| of(facts).filter(|said| said.0 != reason).map(|_| facts.now())) else {
            return;
        };
        self.send_if(now, |view| {
            let (said, since) = of(view.facts).filter(|said| said.0 != reason)?;
            let lasted = said.map_or(Duration::ZERO, |_| since.elapsed(now));
            let (unit, check) = (view.unit(index as usize), name.cloned());
            Some(match reason {
                Some(reason) => Event::Unhealthy { unit, check, reason, lasted },
                None => Event::Healthy { unit, check, lasted },
            })
        });
    }
}
