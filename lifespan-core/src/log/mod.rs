//! The log: where lines go, and who writes them. What an event's line says is told in `hub/log_line.rs`.

mod out;
mod prints;
mod queue;
pub(crate) mod stderr;
pub(crate) mod wanted;

pub(crate) use out::{LogLine, Out, say};
pub(crate) use prints::{Prints, warn_of};
pub(crate) use queue::{LineQueue, Origin};
pub(crate) use stderr::StandardError;
