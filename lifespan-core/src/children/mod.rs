//! The children of units: which are alive, and what became of them.

pub(crate) mod family;
pub(crate) mod isolation;
pub(crate) mod polls;
pub(crate) mod report;
