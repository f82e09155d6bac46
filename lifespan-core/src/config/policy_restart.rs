//! Reads the operator's restart settings of a unit: `restart`, in OTP's terms, and its options.

use lifespan_text::{Contradiction, RestartSettings, When};

use super::app_settings::RestartOver;
use super::layered_settings::{Group, Reading, push_once};
use crate::base::Problem;
use crate::declare::{Kind, UnitInfo};

/// Reads a unit's restart settings, with `restart` as it was read; `None` if there are none.
pub(super) fn read(
    when: Option<When>,
    group: &Group<'_>,
    unit: &UnitInfo,
    problems: &mut Vec<Problem>,
) -> Option<Box<RestartOver>> {
    let settings = RestartSettings::read(&mut Reading { group, problems });
    if when.is_none() && settings.count() == 0 {
        return None;
    }
    let over = RestartOver { when, settings };
    let keys = || ["restart"].into_iter().chain(RestartSettings::NAMES.iter().map(|name| name.key));
    let options = &unit.options;
    if options.group.is_some() {
        if over.when == Some(When::Temporary) {
            group.refuse("restart", Contradiction::TEMPORARY_MEMBER, problems);
        }
        for name in ["restart_intensity", "restart_period"] {
            group.refuse(name, Contradiction::LIMIT_OF_MEMBER, problems);
        }
    }
    if options.schedule.is_some() {
        for name in keys() {
            group.refuse(name, Contradiction::RESTART_WITH_SCHEDULE, problems);
        }
    } else if over.when.is_none() && options.restart.is_none() && options.group.is_none() {
        let why = format!("has no effect: {} `{}` does not restart", unit.kind, unit.name);
        for name in keys() {
            if let Some(problem) = group.problem_at(name, |setting| format!("{setting} {why}")) {
                push_once(problems, problem.help("set `restart` too, or remove it"));
            }
        }
    }
    if over.when == Some(When::Permanent) {
        if unit.kind == Kind::Context {
            group.refuse("restart", Contradiction::PERMANENT_CONTEXT, problems);
        } else if options.once {
            group.refuse("restart", Contradiction::PERMANENT_ONCE, problems);
        }
    }
    Some(Box::new(over))
}
