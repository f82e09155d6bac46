//! The health checks of a run: what units say of themselves, as their events tell it.
//!
//! # Invariants
//! - A check is one of its unit's present life. What a handle says that was handed out in an earlier one is nobody's news.
//! - Whether there is something to tell is looked at under the lock under which it is taken in: each change is told once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::moment::Timestamp;
use crate::plan::Registered;

/// All checks there are, by unit.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) units: BTreeMap<usize, OfUnit>,
    /// How many lives have begun in which a unit took a `Health`.
    pub(super) lives: u64,
}

pub(super) struct OfUnit {
    pub(super) life: u64,
    /// Its own first.
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

    /// What it says, and since when it is healthy, or not.
    pub(super) fn said(&self) -> (Option<Arc<str>>, Timestamp) {
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

    pub(super) fn of(&self, index: u32, life: u64, name: Option<&str>) -> Option<&Check> {
        let unit = self.units.get(&(index as usize)).filter(|unit| unit.life == life)?;
        unit.checks.iter().find(|check| check.name.as_deref() == name)
    }

    /// Takes in that a check is not healthy, for this reason, or is healthy.
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
