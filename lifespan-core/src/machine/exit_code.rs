//! Why a run stops.

pub(crate) use crate::base::ExitCode;

use super::plan::UnitIndex;

/// The cause of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cause {
    Requested,
    /// All tasks that keep it up have ended.
    AllFinished,
    Failed(UnitIndex),
    /// This unit has returned, which stops the app.
    Returned(UnitIndex),
    Forced,
}
