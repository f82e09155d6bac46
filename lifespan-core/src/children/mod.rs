//! The children of units: which are alive, and what became of them.

pub(crate) mod child_set;
mod isolation;
pub(crate) mod polls;
mod report;

pub(crate) use child_set::{ChildFailures, ChildSet, Key, UnclaimedFailure};
pub(crate) use isolation::{Isolation, Verdict};
pub use report::{ChildrenReport, NamedChildren};
