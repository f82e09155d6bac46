//! Schedules at run time: the scheduled times, the runs, and the triggered runs.

mod runs;
mod timetable;
mod triggers;
mod waits;

pub use runs::Runs;
pub(crate) use runs::{Kept, RunEvent, RunStart, ScheduleState};
pub(crate) use timetable::{Due, MOST, Pick, Timetable, Waiting};
pub(crate) use triggers::{Answer, NotRun, Request};
pub(crate) use waits::{RunWaits, Wait};
