//! Reads the operator's restart settings of a unit: `restart`, in OTP's terms, and its options.

use std::time::Duration;

use serde_core::de::{Deserialize, Deserializer, Error};

use super::app_table::{Group, push_once};
use super::duration::parse_duration;
use super::settings::RestartOver;
use crate::plan::problem::Problem;
use crate::unit::{Descriptor, Kind, When};

pub(super) const SETTINGS: [&str; 6] =
    ["restart", "restart_intensity", "restart_period", "restart_backoff", "restart_jitter", "restart_reset_after"];

/// Reads a unit's restart settings; `None` if there are none.
pub(super) fn read(group: &Group<'_>, unit: &Descriptor, problems: &mut Vec<Problem>) -> Option<Box<RestartOver>> {
    let over = RestartOver {
        when: group.setting("restart", problems).map(|Word(when)| when),
        intensity: group.setting("restart_intensity", problems),
        period: group.setting("restart_period", problems),
        backoff: group.setting("restart_backoff", problems).map(|Backoff(first, longest)| (first, longest)),
        jitter: group.setting("restart_jitter", problems).map(|Share(share)| share),
        reset_after: group.setting("restart_reset_after", problems),
    };
    if over == RestartOver::default() {
        return None;
    }
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
        for name in SETTINGS {
            refuse(
                name,
                &format!("has no effect: task `{}` has a schedule, which runs it again", unit.name),
                "remove it",
            );
        }
    } else if over.when.is_none() && options.restart.is_none() && options.group.is_none() {
        for name in SETTINGS {
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

/// A term of OTP.
struct Word(When);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "permanent" => Ok(Self(When::Permanent)),
            "transient" => Ok(Self(When::Transient)),
            "temporary" => Ok(Self(When::Temporary)),
            _ => Err(D::Error::custom("it must be \"permanent\", \"transient\" or \"temporary\"")),
        }
    }
}

/// The first delay and the longest, `100ms..30s`.
struct Backoff(Duration, Duration);

impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (first, longest) = text.split_once("..").unwrap_or((&text, &text));
        let parse = |text: &str| {
            parse_duration(text).map_err(|error| {
                D::Error::custom(format!("it must be the first and the longest delay, as in \"100ms..30s\": {error}"))
            })
        };
        match (parse(first)?, parse(longest)?) {
            (Duration::ZERO, longest) if !longest.is_zero() => Err(D::Error::custom(
                "a delay of zero stays zero, however often it is doubled; write it as in \"100ms..30s\"",
            )),
            (first, longest) if first <= longest => Ok(Self(first, longest)),
            _ => Err(D::Error::custom("its first delay is longer than its last; write it as in \"100ms..30s\"")),
        }
    }
}

/// From 0 to 1.
struct Share(f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match f64::deserialize(deserializer)? {
            share if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err(D::Error::custom("it must be the random share of a delay, from 0.0 to 1.0")),
        }
    }
}
