//! The health checks of a run: what units say of themselves, as their events tell it.
//!
//! # Invariants
//! - A check is one of its unit's present life. What a handle says that was handed out in an earlier one is nobody's news.
//! - Whether there is something to tell is looked at under the lock under which it is taken in: each change is told once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Facts, Hub, Moment};
use crate::event::Event;
use crate::plan::roster::Registered;
use crate::text::line;

/// A health check of a unit, as it stands: from [`App::health`](crate::App::health).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthCheck {
    /// The unit.
    pub unit: Registered,
    /// The check's name; none for the unit's own.
    pub name: Option<Arc<str>>,
    /// Why it is not healthy; none while it is.
    pub reason: Option<Arc<str>>,
    /// For how long it has been healthy, or not.
    pub lasted: Duration,
}

impl HealthCheck {
    /// Whether it says that all is well.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.reason.is_none()
    }
}

impl fmt::Display for HealthCheck {
    /// `poll` for a unit's own, `poll/replica` for one with a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{}", self.unit, line(name)),
            None => write!(f, "{}", self.unit),
        }
    }
}

/// All checks there are, by unit.
#[derive(Default)]
pub(super) struct Checks {
    units: BTreeMap<usize, OfUnit>,
    /// How many lives have begun in which a unit took a `Health`.
    lives: u64,
}

struct OfUnit {
    life: u64,
    /// Its own first.
    checks: Vec<Check>,
}

struct Check {
    name: Option<Arc<str>>,
    reason: Option<Arc<str>>,
    since: Moment,
}

impl Check {
    fn new(name: Option<Arc<str>>, now: Moment) -> Self {
        Self { name, reason: None, since: now }
    }

    /// What it says, and since when it is healthy, or not.
    fn said(&self) -> (Option<Arc<str>>, Moment) {
        (self.reason.clone(), self.since)
    }
}

impl Checks {
    /// A unit has ended, or is about to start.
    pub(super) fn end(&mut self, index: usize) {
        if !self.units.is_empty() {
            self.units.remove(&index);
        }
    }

    fn of(&self, index: u32, life: u64, name: Option<&str>) -> Option<&Check> {
        let unit = self.units.get(&(index as usize)).filter(|unit| unit.life == life)?;
        unit.checks.iter().find(|check| check.name.as_deref() == name)
    }

    /// Takes in what an event says.
    pub(super) fn apply(&mut self, event: &Event, now: Moment) {
        let (unit, name, reason) = match event {
            Event::Unhealthy { unit, check, reason, .. } => (unit, check, Some(reason)),
            Event::Healthy { unit, check, .. } => (unit, check, None),
            _ => return,
        };
        let checks = self.units.get_mut(&(unit.index as usize)).map(|unit| unit.checks.iter_mut());
        let Some(check) = checks.and_then(|mut checks| checks.find(|check| check.name == *name)) else { return };
        if check.reason.is_some() != reason.is_some() {
            check.since = now;
        }
        check.reason = reason.cloned();
    }
}

impl Facts {
    fn now(&self) -> Moment {
        Moment::after(self.launched, Instant::now())
    }

    /// Every check, in registration order.
    pub(crate) fn health(&self) -> Vec<HealthCheck> {
        let now = self.now();
        let all =
            self.checks.units.iter().flat_map(|(&index, unit)| unit.checks.iter().map(move |check| (index, check)));
        let seen = |(index, check): (usize, &Check)| HealthCheck {
            unit: self.roster.get(index),
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
        self.send_if(now, |tense| {
            let (said, since) = of(tense.facts).filter(|said| said.0 != reason)?;
            let lasted = said.map_or(Duration::ZERO, |_| since.elapsed(now));
            let (unit, check) = (tense.unit(index as usize), name.cloned());
            Some(match reason {
                Some(reason) => Event::Unhealthy { unit, check, reason, lasted },
                None => Event::Healthy { unit, check, lasted },
            })
        });
    }
}
