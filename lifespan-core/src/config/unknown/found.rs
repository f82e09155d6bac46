//! The problems found so far, and the units that there are.

use crate::base::{Location, Problem, ProblemKind};
use crate::config::loaded::is_loaded;
use crate::config::{Bound, Sources, UnitNames};
use crate::declare::UnitInfo;

pub(super) struct Check<'c> {
    pub(super) sources: &'c Sources,
    pub(super) names: &'c UnitNames,
    pub(super) bound: &'c [Bound<'c>],
    pub(super) shared: bool,
    pub(super) problems: &'c mut Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl Check<'_> {
    /// Reports a problem, or a warning if it is an unknown unit that other programs may have.
    pub(super) fn report(&mut self, problem: Problem) {
        if self.shared && problem.kind() == ProblemKind::UnknownName {
            self.warnings.push(problem);
        } else {
            self.problems.push(problem);
        }
    }

    pub(super) fn known_addresses(&self) -> Vec<String> {
        self.names.units().iter().map(|unit| self.names.address(unit)).collect()
    }

    /// Returns the `register` call that gave a unit its config, unless code has loaded that from the sources.
    pub(super) fn registered(&self, unit: &UnitInfo) -> Option<Location> {
        let place = self.bound.iter().filter(|bound| bound.unit.is(unit)).find_map(|bound| bound.registered)?;
        (!is_loaded(unit)).then_some(place)
    }
}
