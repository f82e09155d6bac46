//! The state of a run, and the hub that turns changes into events, lines of the log and the report.

mod checks;
mod facts;
mod failures;
mod health;
mod in_place;
mod intake;
mod log_line;
mod moment;
mod reading;
mod ring;
mod runs;
mod view;

pub(crate) use facts::Facts;
pub(crate) use intake::{Decided, Hub};
pub(crate) use moment::Timestamp;
pub(crate) use view::View;
