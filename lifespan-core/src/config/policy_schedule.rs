//! Reads the operator's schedule settings of a unit: `every`, `delay` or `cron`, and their options.

use lifespan_text::{Contradiction, CronLine, Overlap, Period, ScheduleSettings, Scheduled, TimeZoneName};

use super::layered_settings::{Group, Reading, push_once};
use crate::base::Problem;
use crate::declare::{Line, Need, Schedule, Timing, UnitInfo};

/// Returns the declared schedule with the operator's settings; `None` if there are none, or they are invalid.
pub(super) fn read(group: &Group<'_>, unit: &UnitInfo, problems: &mut Vec<Problem>) -> Option<Box<Schedule<Line>>> {
    let given: Vec<&str> = ScheduleSettings::NAMES
        .iter()
        .map(|name| name.key)
        .filter(|name| group.problem_at(name, str::to_owned).is_some())
        .collect();
    if given.is_empty() {
        return None;
    }
    let over = ScheduleSettings::read(&mut Reading { group, problems });
    // The invalid setting was reported, perhaps for an earlier instance.
    let refused = over.count() < given.len();
    let ScheduleSettings { every, delay, cron, zone, start, jitter, missed, overlap, timeout, late } = over;
    let Some(declared) = unit.options.schedule else {
        let why = format!("has no effect: {} `{}` has no schedule", unit.kind, unit.name);
        for name in given {
            if let Some(problem) = group.problem_at(name, |setting| format!("{setting} {why}")) {
                push_once(
                    problems,
                    problem.help("remove it, or give the task `every`, `delay` or `cron` in its attribute"),
                );
            }
        }
        return None;
    };
    let timings: Vec<&str> = given.iter().copied().filter(|name| ScheduleSettings::TIMINGS.contains(name)).collect();
    for second in timings.iter().skip(1) {
        group.refuse(second, Contradiction::SECOND_TIMING, problems);
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
    let jitter = jitter.unwrap_or(declared.jitter);
    let overlap = overlap.unwrap_or(declared.overlap);
    let scheduled = Scheduled {
        every: if let Timing::Every(period) = timing { Some(period) } else { None },
        is_delay: matches!(timing, Timing::Delay(_)),
        is_cron: matches!(timing, Timing::Cron(_)),
        jitter,
        is_parallel: matches!(overlap, Overlap::Parallel(2..)),
        is_blocking: unit.options.blocking,
        takes_children: unit.needs.iter().any(|need| matches!(need(), Need::Children)),
    };
    for (settings, contradiction) in scheduled.contradictions() {
        if let Some(name) = settings.iter().find(|name| given.contains(name)) {
            group.refuse(name, contradiction, problems);
        }
    }
    Some(Box::new(Schedule {
        timing,
        start: start.or(declared.start),
        jitter,
        missed: missed.unwrap_or(declared.missed),
        overlap,
        timeout: timeout.map(Period::get).or(declared.timeout),
        late: late.map(Period::get).or(declared.late),
    }))
}
