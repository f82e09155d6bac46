//! The log: where lines go, and who writes them. What an event's line says is told in `hub/log_line.rs`.

mod line;
mod queue;
pub(crate) mod stderr;
pub(crate) mod wanted;
mod without_event;

pub(crate) use line::{LogLine, Out, say};
pub(crate) use queue::{LineQueue, Origin};
pub(crate) use stderr::StandardError;
pub(crate) use without_event::{Prints, warn_of};
