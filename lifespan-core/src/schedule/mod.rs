//! Schedules at run time: the times that come, the runs, and those that were asked for.

mod runs;
mod timetable;
mod triggers;
mod waits;

pub use runs::Runs;
pub(crate) use runs::{Kept, RunEvent, RunStart, ScheduleState};
pub(crate) use timetable::{Due, MOST, Pick, Timetable, Waiting};
pub(crate) use triggers::{Answer, NotRun, Request};
pub(crate) use waits::{RunWaits, Wait};
