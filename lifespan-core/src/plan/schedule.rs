//! Checks schedules for what the macro can't see: types that are aliases, and lines that can't be parsed on this
//! machine.

use lifespan_text::Contradiction;

use super::contradiction::contradicts;
use super::registrations::Registrations;
use crate::base::{Problem, ProblemKind};
use crate::declare::{Need, Overlap};

/// Reports what is wrong with the schedule of a unit, or that it has none.
pub(super) fn check(registrations: &Registrations, index: usize) -> Option<Problem> {
    let unit = registrations.entries[index].unit;
    let takes = |wanted: fn(&Need) -> bool| unit.needs.iter().any(|need| wanted(&need()));
    let refuse = |contradiction| Some(contradicts(registrations, index, contradiction));
    let Some(schedule) = unit.options.schedule else {
        return if takes(|need| matches!(need, Need::Tick)) {
            refuse(Contradiction::TICK_WITHOUT_SCHEDULE)
        } else {
            None
        };
    };
    if takes(|need| matches!(need, Need::Ready)) {
        return refuse(Contradiction::READY_OF_SCHEDULE);
    }
    if matches!(schedule.overlap, Overlap::Parallel(2..)) && takes(|need| matches!(need, Need::Children)) {
        return refuse(Contradiction::PARALLEL_CHILDREN);
    }
    let why = schedule.read().err()?;
    let what = format!("the schedule of task `{}` is invalid", registrations.name(index));
    Some(Problem::new(ProblemKind::Declaration, what).at(unit.location()).help(why))
}
