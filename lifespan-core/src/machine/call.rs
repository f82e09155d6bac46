//! A restart or a reload that was asked for, and is to be answered.

use super::plan::UnitIndex;
use crate::machine::subject::CallId;

/// A caller that waits for an answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    /// The units that are to be up again.
    pub(super) units: Vec<UnitIndex>,
    /// The one of them that was not when it was looked at last: most calls need to look at no other.
    pub(super) last_seen: usize,
    /// Set for a new plan: a unit that only waits out a delay does not hold up the answer.
    pub(super) is_for_plan: bool,
}

impl Call {
    pub(super) fn new(id: CallId, units: Vec<UnitIndex>) -> Self {
        Self { id, units, last_seen: 0, is_for_plan: false }
    }

    /// Returns the part of a call that decides.
    #[cfg(test)]
    pub(super) fn essence(&self) -> (CallId, bool, &[UnitIndex]) {
        (self.id, self.is_for_plan, &self.units)
    }

    pub(super) fn for_plan(id: CallId, units: Vec<UnitIndex>) -> Self {
        Self { is_for_plan: true, ..Self::new(id, units) }
    }
}
