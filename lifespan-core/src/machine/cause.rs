//! The cause of a stop.

use super::plan::UnitIndex;

/// The cause of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cause {
    Requested,
    /// All tasks that keep the app up have ended.
    AllFinished,
    Failed(UnitIndex),
    /// A unit has returned whose return stops the app.
    Returned(UnitIndex),
    Forced,
}
