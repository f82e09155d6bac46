//! Identifiers of callers and of counted restarts.

use super::plan::{GroupIndex, UnitIndex};

/// Identifies a caller that requested a restart or a new plan and waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallId(pub(crate) u32);

/// A unit or a group whose restarts are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Counted {
    Unit(UnitIndex),
    Group(GroupIndex),
}
