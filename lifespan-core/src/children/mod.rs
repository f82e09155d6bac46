//! The children of units: which are alive, and what became of them.

pub(crate) mod family;
mod isolation;
pub(crate) mod polls;
mod report;

pub(crate) use family::{Family, Key, OfChildren, Untaken};
pub(crate) use isolation::{Isolation, Verdict};
pub use report::{ChildrenReport, NamedChildren};
