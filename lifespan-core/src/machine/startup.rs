//! A startup whose limit may differ from the plan's.

use super::time::Nanos;

/// The startup of a unit, until the unit is up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Startup {
    pub(super) begun: Nanos,
    pub(super) ends: Nanos,
    /// The limit covers all starts of the unit.
    pub(super) has_restarts: bool,
}
