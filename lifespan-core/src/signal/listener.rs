//! The receiver of what a unit does with its `Scope` or its `Ready`.

use tokio::time::Instant;

use super::stop_signal::Incarnation;
use crate::base::RawFailure;

/// One incarnation of a unit: reports from an earlier incarnation are ignored.
#[derive(Clone, Copy)]
pub(crate) struct UnitRef {
    pub(crate) index: u32,
    pub(crate) incarnation: Incarnation,
}

impl UnitRef {
    /// A listener for values created in tests.
    pub(crate) const BY_HAND: Self = Self { index: 0, incarnation: Incarnation::FIRST };
}

/// The receiver of what a unit does with its `Scope` or its `Ready`.
pub(crate) trait Listener: Send + Sync {
    /// The resource was provided, or the task is ready.
    fn provided(&self, who: UnitRef);
    /// The future that holds the resource was dropped or has ended, or the `Ready` was dropped without a notification.
    fn holder_dropped(&self, who: UnitRef);
    /// The unit asked for more time to come up, until this moment.
    fn extended(&self, _who: UnitRef, _until: Instant) {}
    /// The resource was lost while it is still needed; with the error, if it is known.
    fn lost(&self, _who: UnitRef, _broken: Option<RawFailure>) {}
}
