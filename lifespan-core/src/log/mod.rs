//! The log: where lines go, and who writes them. What an event's line says is told in `hub/log_line.rs`.

pub(crate) mod out;
pub(crate) mod prints;
pub(crate) mod queue;
pub(crate) mod stderr;
pub(crate) mod wanted;
