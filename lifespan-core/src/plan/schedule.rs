//! Checks schedules for what the macro can't see: types that are aliases, and lines that can't be parsed on this
//! machine.

use lifespan_text::Contradiction;

use super::roster::Roster;
use crate::base::problem::{Problem, ProblemKind};
use crate::declare::info::Need;
use crate::declare::schedule::Overlap;

/// Reports what is wrong with the schedule of a unit, or that it has none.
pub(super) fn check(roster: &Roster, index: usize) -> Option<Problem> {
    let entry = &roster.entries[index];
    let (unit, name) = (entry.unit, roster.name(index));
    let asks = |wanted: fn(&Need) -> bool| unit.needs.iter().any(|need| wanted(&need()));
    let declaration = |what: String| Problem::new(ProblemKind::Declaration, what).at(unit.location());
    let Some(schedule) = unit.options.schedule else {
        return asks(|need| matches!(need, Need::Tick)).then(|| {
            declaration(format!("{} `{name}` takes a `Tick`, but has no schedule", unit.kind))
                .help("give it `every`, `delay` or `cron`, or remove the parameter")
        });
    };
    if asks(|need| matches!(need, Need::Ready)) {
        return Some(
            declaration(format!(
                "task `{name}` takes a `Ready`, but a task with a schedule is up once its schedule has begun"
            ))
            .help("remove the parameter"),
        );
    }
    if matches!(schedule.overlap, Overlap::Parallel(2..)) && asks(|need| matches!(need, Need::Children)) {
        return Some(
            declaration(format!("task `{name}`: {}", Contradiction::PARALLEL_CHILDREN.why))
                .help(Contradiction::PARALLEL_CHILDREN.help),
        );
    }
    let why = schedule.read().err()?;
    Some(declaration(format!("the schedule of task `{name}` is invalid")).help(why))
}
