//! The state of a run, and the hub that turns changes into events, lines of the log and the report.

mod checks;
mod facts;
mod failures;
mod health;
#[expect(clippy::module_inception, reason = "the file of the folder's main type")]
mod hub;
mod in_place;
mod log_line;
mod moment;
mod queries;
mod ring;
mod schedules;
mod unit_facts;
mod view;

pub(crate) use facts::Facts;
pub(crate) use hub::{Decided, Hub};
pub(crate) use moment::Timestamp;
pub(crate) use view::View;
