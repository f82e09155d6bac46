//! Who hears what a unit does with its `Scope` or its `Ready`.

use tokio::time::Instant;

use super::stop_signal::Incarnation;
use crate::base::Broken;

/// One incarnation of a unit: reports from an earlier incarnation are ignored.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    pub(crate) index: u32,
    pub(crate) incarnation: Incarnation,
}

impl Who {
    /// A listener for values created in tests.
    pub(crate) const BY_HAND: Self = Self { index: 0, incarnation: Incarnation::FIRST };
}

/// The receiver of what a unit does with its `Scope` or its `Ready`.
pub(crate) trait Keeper: Send + Sync {
    /// The resource was provided, or the task is ready.
    fn provided(&self, who: Who);
    /// The future that holds the resource was dropped or has ended, or the `Ready` was dropped unused.
    fn let_go(&self, who: Who);
    /// The unit asked for more time to come up, until this moment.
    fn extended(&self, _who: Who, _until: Instant) {}
    /// The resource was lost while it is still needed; with the error, if it is known.
    fn lost(&self, _who: Who, _broken: Option<Broken>) {}
}
