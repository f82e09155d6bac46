//! What a schedule can't be, where the macro did not see it: behind an alias, or by a line that can't be read here.

use super::problem::{Problem, ProblemKind};
use super::roster::Roster;
use crate::schedule::Overlap;
use crate::unit::Need;

/// What is wrong with the schedule of a unit, or with its lack of one.
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
            declaration(format!("task `{name}` takes a `Ready`, but is up when its schedule has begun"))
                .help("remove the parameter"),
        );
    }
    if matches!(schedule.overlap, Overlap::Parallel(2..)) && asks(|need| matches!(need, Need::Children)) {
        return Some(
            declaration(format!("task `{name}` takes `Children`, but its runs may overlap"))
                .help("the children of a run are those of the task: remove the parameter, or `overlap`"),
        );
    }
    let why = schedule.read().err()?;
    Some(declaration(format!("task `{name}` can't run by its schedule")).help(why))
}
