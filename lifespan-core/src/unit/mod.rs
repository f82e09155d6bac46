//! The contract with generated code: descriptors, how the linker collects them, and what a function is called with.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

pub(crate) mod body;
pub(crate) mod descriptor;
pub(crate) mod discovered;
pub(crate) mod ending;
pub(crate) mod load;
pub(crate) mod output;
pub(crate) mod particulars;
pub(crate) mod registry;
pub(crate) mod start;
pub(crate) mod thread;
