//! The log: the queue of lines, and their output. The text of an event's line is made in `hub/log_line.rs`.

mod line;
mod queue;
pub(crate) mod stderr;
pub(crate) mod wanted;
mod without_event;

pub(crate) use line::{LogLine, Out, write_line};
pub(crate) use queue::{LineQueue, Origin};
pub(crate) use stderr::StandardError;
pub(crate) use without_event::{Prints, warn_of};
