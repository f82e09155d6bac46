//! The cause of a stop, and the exit code.

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

/// The exit code of the process. The first cause decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ExitCode {
    /// 0: everything stopped in order.
    Stopped,
    /// 1: a unit failed after the app was up; in a batch, at any time.
    Failed,
    /// 3: the app never came up, and what had started was rolled back.
    NeverUp,
    /// 4: a unit could not be stopped in time, or a teardown failed.
    Incomplete,
    /// The code that the program asked for.
    Asked(u8),
    /// 128 and the number of the signal that forced the end.
    Forced(u8),
}

impl ExitCode {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Failed => 1,
            Self::NeverUp => 3,
            Self::Incomplete => 4,
            Self::Asked(code) => code,
            Self::Forced(signal) => 128_u8.saturating_add(signal),
        }
    }
}
