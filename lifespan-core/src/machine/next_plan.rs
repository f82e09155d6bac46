//! A plan that is to come.

use std::sync::Arc;

use super::plan::{Plan, UnitIndex};
use crate::machine::subject::CallId;

/// A plan that waits until all that it stops has stopped.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) call: CallId,
    pub(super) plan: Arc<Plan>,
    pub(super) added: Vec<UnitIndex>,
}

#[cfg(test)]
impl Next {
    /// Returns the units that it brings.
    pub(super) fn added(&self) -> &[UnitIndex] {
        &self.added
    }
}
