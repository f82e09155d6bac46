//! Reads the operator's schedule settings of a unit: `every`, `delay` or `cron`, and their options.

use lifespan_text::{CronLine, Overlap, Period, ScheduleSettings, TimeZoneName};

use super::group::{Group, Reading, push_once};
use crate::plan::problem::Problem;
use crate::schedule::{Line, Schedule, Timing};
use crate::unit::{Descriptor, Need};

/// Returns the declared schedule with the operator's settings; `None` if there are none, or they are invalid.
pub(super) fn read(group: &Group<'_>, unit: &Descriptor, problems: &mut Vec<Problem>) -> Option<Box<Schedule<Line>>> {
    let said: Vec<&str> = ScheduleSettings::NAMES
        .iter()
        .map(|name| name.key)
        .filter(|name| group.problem_at(name, str::to_owned).is_some())
        .collect();
    if said.is_empty() {
        return None;
    }
    let over = ScheduleSettings::read(&mut Reading { group, problems });
    // The invalid setting was reported, perhaps for an earlier instance.
    let refused = over.count() < said.len();
    let ScheduleSettings { every, delay, cron, zone, start, jitter, missed, overlap, timeout } = over;
    let mut refuse = |name: &str, why: &str, help: &str| {
        if let Some(problem) = group.problem_at(name, |setting| format!("{setting} {why}")) {
            push_once(problems, problem.help(help));
        }
    };
    let Some(declared) = unit.options.schedule else {
        let why = format!("has no effect: {} `{}` has no schedule", unit.kind, unit.name);
        for name in said {
            refuse(name, &why, "remove it, or give the task `every`, `delay` or `cron` in its attribute");
        }
        return None;
    };
    let timings: Vec<&str> = said.iter().copied().filter(|name| ScheduleSettings::TIMINGS.contains(name)).collect();
    if let [first, others @ ..] = &timings[..] {
        for other in others {
            refuse(other, &format!("and `{first}` are both set, but a task has one schedule"), "remove one of the two");
        }
    }
    if refused || timings.len() > 1 {
        return None;
    }
    let (declared_line, declared_zone) = match declared.timing {
        Timing::Cron(written) => (Some(written.line), written.zone),
        _ => (None, "UTC"),
    };
    let line = cron.as_ref().map(CronLine::as_str).or(declared_line.filter(|_| timings.is_empty()));
    let zone = zone.as_ref().map_or(declared_zone, TimeZoneName::as_str);
    let timing = match (every, delay, line) {
        (Some(period), ..) => Timing::Every(period.get()),
        (_, Some(period), _) => Timing::Delay(period.get()),
        // Both were parsed alone; the plan parses what the unit declares.
        (.., Some(line)) => Timing::Cron(Line::read(line, zone).ok()?),
        _ => match declared.timing {
            Timing::Every(period) => Timing::Every(period),
            Timing::Delay(period) => Timing::Delay(period),
            Timing::Cron(_) => return None,
        },
    };
    if !matches!(timing, Timing::Cron(_)) {
        refuse("zone", "is the time zone of a `cron` line, but there is none", "remove it, or set `cron` too");
    }
    if matches!(timing, Timing::Delay(_)) {
        for name in ["missed", "overlap"] {
            refuse(
                name,
                "has no effect beside `delay`, which counts from the end of a run",
                "remove it, or set `every`",
            );
        }
    }
    if unit.options.blocking {
        let is_parallel = matches!(overlap, Some(Overlap::Parallel(_)));
        for name in [timeout.is_some().then_some("timeout"), is_parallel.then_some("overlap")].into_iter().flatten() {
            let why = "is not supported for a `blocking` task: a run uses the task's thread, which can't be ended from outside";
            refuse(name, why, "remove it");
        }
    }
    let takes_children = unit.needs.iter().any(|need| matches!(need(), Need::Children));
    if takes_children && matches!(overlap, Some(Overlap::Parallel(2..))) {
        let why = "is not supported for a task that takes `Children`: they belong to the task, not to one run";
        refuse("overlap", why, "set \"skip\" or \"queue\"");
    }
    let is_jitter_set = jitter.is_some();
    let jitter = jitter.unwrap_or(declared.jitter);
    if let Timing::Every(period) = timing
        && jitter >= period
    {
        let why = "is invalid: the jitter is not shorter than the period, so a run could start after the next one";
        refuse(if is_jitter_set { "jitter" } else { "every" }, why, "make `jitter` shorter than `every`");
    }
    Some(Box::new(Schedule {
        timing,
        start: start.or(declared.start),
        jitter,
        missed: missed.unwrap_or(declared.missed),
        overlap: overlap.unwrap_or(declared.overlap),
        timeout: timeout.map(Period::get).or(declared.timeout),
    }))
}
