//! A plan that is about to take effect.

use std::sync::Arc;

use super::plan::{Plan, UnitIndex};
use crate::machine::subject::CallId;

/// A plan that takes effect after the units that it stops have stopped.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) call: CallId,
    pub(super) plan: Arc<Plan>,
    pub(super) added: Vec<UnitIndex>,
}

#[cfg(test)]
impl Next {
    /// Returns the units that it adds.
    pub(super) fn added(&self) -> &[UnitIndex] {
        &self.added
    }
}
