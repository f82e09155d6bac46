//! Reads values into the types of arguments.

mod access;
mod fault;
mod reader;
mod scrub;

pub(crate) use fault::Fault;
pub use reader::Reader;
pub(crate) use scrub::scrub;
