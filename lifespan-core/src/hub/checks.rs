//! The health checks of a run, as units report them.
//!
//! # Invariants
//! - A check belongs to one generation of its unit. A report through a handle of an earlier generation is ignored,
//!   since the generation is compared first.
//! - Each change is reported once: the same lock covers the comparison with the last state and the change.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::moment::Timestamp;
use crate::plan::Registered;

/// All checks, by unit.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) units: BTreeMap<usize, UnitChecks>,
    /// The number of generations so far, over all units that take a `Health`.
    pub(super) generations: u64,
}

pub(super) struct UnitChecks {
    pub(super) generation: u64,
    /// The unit's own check is the first.
    pub(super) checks: Vec<Check>,
}

pub(super) struct Check {
    pub(super) name: Option<Arc<str>>,
    pub(super) reason: Option<Arc<str>>,
    pub(super) since: Timestamp,
}

impl Check {
    pub(super) fn new(name: Option<Arc<str>>, now: Timestamp) -> Self {
        Self { name, reason: None, since: now }
    }

    /// Returns the reason why it is unhealthy, if it is, and the time of the last change.
    pub(super) fn current(&self) -> (Option<Arc<str>>, Timestamp) {
        (self.reason.clone(), self.since)
    }
}

impl Checks {
    /// Removes the checks of a unit that has ended or is about to start.
    pub(super) fn end(&mut self, index: usize) {
        if !self.units.is_empty() {
            self.units.remove(&index);
        }
    }

    pub(super) fn of(&self, index: u32, generation: u64, name: Option<&str>) -> Option<&Check> {
        let unit = self.units.get(&(index as usize)).filter(|unit| unit.generation == generation)?;
        unit.checks.iter().find(|check| check.name.as_deref() == name)
    }

    /// Marks a check as unhealthy, for this reason, or as healthy.
    pub(super) fn apply(
        &mut self,
        unit: &Registered,
        name: Option<&Arc<str>>,
        reason: Option<&Arc<str>>,
        now: Timestamp,
    ) {
        let checks = self.units.get_mut(&(unit.index as usize)).map(|unit| unit.checks.iter_mut());
        let Some(check) = checks.and_then(|mut checks| checks.find(|check| check.name.as_ref() == name)) else {
            return;
        };
        if check.reason.is_some() != reason.is_some() {
            check.since = now;
        }
        check.reason = reason.cloned();
    }
}
