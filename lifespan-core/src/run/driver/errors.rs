//! The errors of units that the machine has not judged yet.

use std::collections::{HashMap, VecDeque};

use crate::base::{RawFailure, drop_quietly};
use crate::machine::UnitIndex;

#[derive(Default)]
pub(super) struct Errors(HashMap<UnitIndex, VecDeque<RawFailure>>);

impl Errors {
    pub(super) fn push(&mut self, unit: UnitIndex, broken: RawFailure) {
        self.0.entry(unit).or_default().push_back(broken);
    }

    /// Takes the first error of a unit.
    pub(super) fn take(&mut self, unit: UnitIndex) -> Option<RawFailure> {
        let errors = self.0.get_mut(&unit)?;
        let first = errors.pop_front();
        if errors.is_empty() {
            self.0.remove(&unit);
        }
        first
    }

    /// Returns the number of errors of a unit.
    #[inline]
    pub(super) fn of(&self, unit: UnitIndex) -> usize {
        self.0.get(&unit).map_or(0, VecDeque::len)
    }

    /// Drops the errors of a unit. Their destructors are user code, so panics are caught.
    pub(super) fn forget(&mut self, unit: UnitIndex) {
        if let Some(errors) = self.0.remove(&unit) {
            drop_quietly(errors);
        }
    }

    /// Returns a unit that has an error.
    pub(super) fn first(&self) -> Option<UnitIndex> {
        self.0.keys().next().copied()
    }
}
