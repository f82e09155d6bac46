//! Reads the operator's restart settings of a unit: `restart`, in OTP's terms, and its options.

use lifespan_text::{RestartSettings, When};

use super::group::{Group, Reading, push_once};
use super::settings::RestartOver;
use crate::plan::problem::Problem;
use crate::unit::{Descriptor, Kind};

/// Reads a unit's restart settings, with `restart` as it was read; `None` if there are none.
pub(super) fn read(
    when: Option<When>,
    group: &Group<'_>,
    unit: &Descriptor,
    problems: &mut Vec<Problem>,
) -> Option<Box<RestartOver>> {
    let settings = RestartSettings::read(&mut Reading { group, problems });
    if when.is_none() && settings.count() == 0 {
        return None;
    }
    let over = RestartOver { when, settings };
    let keys = || ["restart"].into_iter().chain(RestartSettings::NAMES.iter().map(|name| name.key));
    let mut refuse = |name: &str, why: &str, help: &str| {
        if let Some(problem) = group.problem_at(name, |setting| format!("{setting} {why}")) {
            push_once(problems, problem.help(help));
        }
    };
    let options = &unit.options;
    if options.group.is_some() {
        if over.when == Some(When::Temporary) {
            let why = format!("is \"temporary\", but `{}` is a member of a group, which restarts it", unit.name);
            refuse("restart", &why, "write \"transient\", or \"permanent\"");
        }
        for name in ["restart_intensity", "restart_period"] {
            refuse(
                name,
                &format!("has no effect: the group of `{}` counts the restarts of its members", unit.name),
                "remove it, or change the group's `group!`",
            );
        }
    }
    if options.schedule.is_some() {
        for name in keys() {
            refuse(
                name,
                &format!("has no effect: task `{}` has a schedule, which runs it again", unit.name),
                "remove it",
            );
        }
    } else if over.when.is_none() && options.restart.is_none() && options.group.is_none() {
        for name in keys() {
            refuse(
                name,
                &format!("has no effect: {} `{}` does not restart", unit.kind, unit.name),
                "set `restart` too, or remove it",
            );
        }
    }
    if over.when == Some(When::Permanent) && (unit.kind == Kind::Context || options.once) {
        let why = format!("is \"permanent\", but {} `{}` ends only by failing", unit.kind, unit.name);
        refuse("restart", &why, "write \"transient\"");
    }
    Some(Box::new(over))
}
