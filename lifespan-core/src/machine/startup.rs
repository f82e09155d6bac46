//! A startup whose limit is not that of the plan.

use super::time::Nanos;

/// The startup of a unit, until the unit is up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Startup {
    pub(super) begun: Nanos,
    pub(super) ends: Nanos,
    /// All starts of the unit lie within it.
    pub(super) has_restarts: bool,
}
