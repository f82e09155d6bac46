//! Reads the operator's schedule settings of a unit: `every`, `delay` or `cron`, and their options.

use std::time::Duration;

use serde_core::de::{Deserialize, Deserializer, Error};

use super::app_table::{Group, push_once};
use crate::plan::problem::Problem;
use crate::schedule::{Begin, Line, Missed, Overlap, Schedule, Timing};
use crate::unit::{Descriptor, Need};

const SETTINGS: [&str; 9] = ["every", "delay", "cron", "zone", "start", "jitter", "missed", "overlap", "timeout"];

/// Returns the declared schedule with the operator's settings; `None` if there are none, or they are invalid.
pub(super) fn read(group: &Group<'_>, unit: &Descriptor, problems: &mut Vec<Problem>) -> Option<Box<Schedule<Line>>> {
    let said: Vec<&str> = SETTINGS.into_iter().filter(|name| group.problem_at(name, str::to_owned).is_some()).collect();
    if said.is_empty() {
        return None;
    }
    let over = Over::read(group, problems);
    // The invalid setting was reported, perhaps for an earlier instance.
    let refused = over.count() < said.len();
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
    let timings: Vec<&str> = said.iter().copied().filter(|name| ["every", "delay", "cron"].contains(name)).collect();
    if let [first, others @ ..] = &timings[..] {
        for other in others {
            refuse(other, &format!("and `{first}` are both set, but a task has one schedule"), "remove one of the two");
        }
    }
    if refused || timings.len() > 1 {
        return None;
    }
    let (line, zone) = match declared.timing {
        Timing::Cron(written) => (Some(written.line), written.zone),
        _ => (None, "UTC"),
    };
    let line = over.cron.as_deref().or(line.filter(|_| timings.is_empty()));
    let timing = match (over.every, over.delay, line) {
        (Some(Period(period)), ..) => Timing::Every(period),
        (_, Some(Period(period)), _) => Timing::Delay(period),
        // Both were parsed alone; the plan parses what the unit declares.
        (.., Some(line)) => Timing::Cron(Line::read(line, over.zone.as_deref().unwrap_or(zone)).ok()?),
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
        let is_parallel = matches!(over.overlap, Some(Overlap::Parallel(_)));
        for name in
            [over.timeout.is_some().then_some("timeout"), is_parallel.then_some("overlap")].into_iter().flatten()
        {
            let why = "is not supported for a `blocking` task: a run uses the task's thread, which can't be ended from outside";
            refuse(name, why, "remove it");
        }
    }
    let takes_children = unit.needs.iter().any(|need| matches!(need(), Need::Children));
    if takes_children && matches!(over.overlap, Some(Overlap::Parallel(2..))) {
        let why = "is not supported for a task that takes `Children`: they belong to the task, not to one run";
        refuse("overlap", why, "set \"skip\" or \"queue\"");
    }
    let jitter = over.jitter.unwrap_or(declared.jitter);
    if let Timing::Every(period) = timing
        && jitter >= period
    {
        let why = "is invalid: the jitter is not shorter than the period, so a run could start after the next one";
        refuse(if over.jitter.is_some() { "jitter" } else { "every" }, why, "make `jitter` shorter than `every`");
    }
    Some(Box::new(Schedule {
        timing,
        start: over.start.or(declared.start),
        jitter,
        missed: over.missed.unwrap_or(declared.missed),
        overlap: over.overlap.unwrap_or(declared.overlap),
        timeout: over.timeout.map(|limit| limit.0).or(declared.timeout),
    }))
}

/// The settings, each parsed alone.
struct Over {
    every: Option<Period>,
    delay: Option<Period>,
    cron: Option<String>,
    zone: Option<String>,
    start: Option<Begin>,
    jitter: Option<Duration>,
    missed: Option<Missed>,
    overlap: Option<Overlap>,
    timeout: Option<Period>,
}

impl Over {
    fn read(group: &Group<'_>, problems: &mut Vec<Problem>) -> Self {
        Self {
            every: group.setting("every", problems),
            delay: group.setting("delay", problems),
            cron: group.setting("cron", problems).map(|CronLine(line)| line),
            zone: group.setting("zone", problems).map(|Zone(zone)| zone),
            start: group.setting("start", problems),
            jitter: group.setting("jitter", problems),
            missed: group.setting("missed", problems),
            overlap: group.setting("overlap", problems),
            timeout: group.setting("timeout", problems),
        }
    }

    /// Returns how many settings were read.
    fn count(&self) -> usize {
        let Self { every, delay, cron, zone, start, jitter, missed, overlap, timeout } = self;
        let periods = [every, delay, timeout].into_iter().flatten().count();
        let texts = [cron, zone].into_iter().flatten().count();
        let words = usize::from(start.is_some()) + usize::from(missed.is_some()) + usize::from(overlap.is_some());
        periods + texts + words + usize::from(jitter.is_some())
    }
}

/// A duration that is not zero.
struct Period(Duration);

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Duration::deserialize(deserializer)? {
            Duration::ZERO => Err(D::Error::custom("it must not be zero; write it as in \"5s\"")),
            period => Ok(Self(period)),
        }
    }
}

struct CronLine(String);

impl<'de> Deserialize<'de> for CronLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = String::deserialize(deserializer)?;
        Line::check(&line).map(|()| Self(line)).map_err(D::Error::custom)
    }
}

struct Zone(String);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let zone = String::deserialize(deserializer)?;
        Line::check_zone(&zone).map(|()| Self(zone)).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Begin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "now" => Ok(Self::Now),
            "after_first_period" => Ok(Self::AfterFirstPeriod),
            _ => Err(D::Error::custom("it must be \"now\" or \"after_first_period\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Missed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "fold" => Ok(Self::Fold),
            "skip" => Ok(Self::Skip),
            "all" => Ok(Self::All),
            _ => Err(D::Error::custom("it must be \"fold\", \"skip\" or \"all\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Overlap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parallel = || text.strip_prefix("parallel(")?.strip_suffix(')')?.parse().ok().filter(|limit| *limit > 0);
        match (text.as_str(), parallel()) {
            ("skip", _) => Ok(Self::Skip),
            ("queue", _) => Ok(Self::Queue),
            (_, Some(limit)) => Ok(Self::Parallel(limit)),
            _ => Err(D::Error::custom(
                "it must be \"skip\", \"queue\" or \"parallel(n)\", with the number of runs as `n`",
            )),
        }
    }
}
