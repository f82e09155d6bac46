//! Schedules at run time: the scheduled times, the runs, and the triggered runs.

mod calendar;
mod due;
mod runs;
mod timetable;
mod triggers;
mod waits;

pub(crate) use due::{Due, MOST, Pick, Waiting};
pub use runs::Runs;
pub(crate) use runs::{Kept, RunEvent, RunStart, ScheduleState};
pub(crate) use timetable::Timetable;
pub(crate) use triggers::{Answer, NotRun, Request};
pub(crate) use waits::{RunWaits, Wait};
