//! The answers to which units run and which do not, kept with the plan.

use std::any::TypeId;

use super::left_out::LeftOut;
use super::why::{Why, WhyNot};
use crate::base::{ByType, Remedies};
use crate::declare::UnitInfo;
use crate::unit::Descriptor;

/// The answers for all units of an app.
#[derive(Default)]
pub(crate) struct Choice {
    /// The reasons of units that run and were neither just discovered nor registered by code.
    why: ByType<Why>,
    left_out: Vec<LeftOut>,
    remedies: Remedies,
}

impl Choice {
    pub(super) fn new(remedies: Remedies) -> Self {
        Self { remedies, ..Self::default() }
    }

    /// Returns the calls that messages advise.
    pub(super) fn remedies(&self) -> Remedies {
        self.remedies
    }

    pub(super) fn runs(&mut self, unit: &Descriptor, why: Why) {
        if !matches!(why, Why::Discovered | Why::Registered(_)) {
            self.why.insert((unit.id)(), why);
        }
    }

    /// Notes a unit that does not run.
    pub(super) fn leaves_out(&mut self, left_out: LeftOut) {
        self.left_out.push(left_out);
    }

    /// Returns the units that would run with another profile, table or command.
    pub(super) fn other_providers(&self) -> impl Iterator<Item = &LeftOut> {
        self.left_out.iter().filter(|left_out| left_out.may_provide)
    }

    /// Returns why a unit runs that code did not register.
    pub(super) fn why(&self, unit: &UnitInfo) -> Why {
        self.why.get(&(unit.id)()).cloned().unwrap_or(Why::Discovered)
    }

    /// Returns a unit that does not run, by its function; `None` if it runs, or is not linked.
    pub(super) fn left_out_unit(&self, unit: TypeId) -> Option<&LeftOut> {
        self.left_out.iter().find(|known| (known.unit.id)() == unit)
    }

    /// Returns the units that do not run although the program could expect it, in registration order.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &LeftOut> {
        let is_told = |left_out: &&LeftOut| !matches!(left_out.why, WhyNot::NotRegistered | WhyNot::NotChosen);
        self.left_out.iter().filter(is_told)
    }
}
