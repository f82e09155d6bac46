//! A requested restart or reload that is not answered yet.

use super::plan::UnitIndex;
use crate::machine::subject::CallId;

/// A caller that waits for an answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    /// The units that must be up again before the answer.
    pub(super) units: Vec<UnitIndex>,
    /// The position of the unit that was missing at the last check. Checking it first is enough most of the time.
    pub(super) last_seen: usize,
    /// Set for a new plan: a unit that waits for the end of a delay does not hold up the answer.
    pub(super) is_for_plan: bool,
}

impl Call {
    pub(super) fn new(id: CallId, units: Vec<UnitIndex>) -> Self {
        Self { id, units, last_seen: 0, is_for_plan: false }
    }

    /// Returns the fields that affect later commands.
    #[cfg(test)]
    pub(super) fn essence(&self) -> (CallId, bool, &[UnitIndex]) {
        (self.id, self.is_for_plan, &self.units)
    }

    pub(super) fn for_plan(id: CallId, units: Vec<UnitIndex>) -> Self {
        Self { is_for_plan: true, ..Self::new(id, units) }
    }
}
