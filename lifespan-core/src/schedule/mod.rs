//! Schedules at run time: the times that come, the runs, and those that were asked for.

pub(crate) mod mailbox;
pub(crate) mod runs;
pub(crate) mod timetable;
pub(crate) mod waits;
