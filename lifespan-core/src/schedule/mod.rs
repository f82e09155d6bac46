//! Schedules at run time: the times that come, the runs, and those that were asked for.

mod mailbox;
mod runs;
mod timetable;
mod waits;

pub(crate) use mailbox::{Answer, NotRun, Request};
pub use runs::Runs;
pub(crate) use runs::{Desk, Happened, Kept, RunStart};
pub(crate) use timetable::{Due, MOST, Pick, Timetable, Waiting};
pub(crate) use waits::{RunWaits, Wait};
