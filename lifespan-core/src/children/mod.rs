//! The children of units: those that are alive, their failures and their counts.

pub(crate) mod child_set;
mod isolation;
pub(crate) mod polls;
mod report;
mod room;
mod slots;

pub(crate) use child_set::{ChildFailures, ChildSet, UnclaimedFailure};
pub(crate) use isolation::{Isolation, Verdict};
pub use report::{ChildrenReport, NamedChildren};
pub(crate) use room::{Alive, Place};
pub(crate) use slots::Key;
