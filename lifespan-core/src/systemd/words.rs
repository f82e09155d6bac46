//! The line that `systemctl status` shows.

use crate::event::Reason;
use crate::state::{Facts, Status};
use crate::text;
use crate::verdict::Outcome;

/// More names say little in one line.
const SHOWN: usize = 3;
/// More characters are more than a line.
const LONGEST: usize = 300;

/// It begins to come up.
pub(super) fn starting(count: usize) -> String {
    format!("starting, {}", units(count))
}

/// The app goes down, for this reason.
pub(super) fn stopping(reason: &Reason) -> String {
    line(&format!("stopping: {reason}"))
}

/// It still does: what for.
pub(super) fn still_stopping(facts: &Facts) -> String {
    let text = facts.requests.first().map(stopping).unwrap_or_default();
    line(&(text + &waiting_for(facts, Status::Stopping)))
}

/// It is still coming up: how far it is, and what it waits for.
pub(super) fn still_starting(facts: &Facts) -> String {
    let is_done = |status| matches!(status, Status::Up | Status::Ended(Outcome::Returned));
    let done = (0..facts.records.len()).filter(|&index| is_done(facts.status(index))).count();
    let text = format!("starting: {done} of {} units up", facts.records.len());
    line(&(text + &waiting_for(facts, Status::Starting)))
}

/// It is up: what of it is not.
pub(super) fn up(facts: &Facts) -> String {
    let is_restarting =
        |status| matches!(status, Status::Waiting | Status::Starting | Status::BackingOff { .. } | Status::Stopping);
    let has_failed = |status| {
        matches!(status, Status::Ended(Outcome::Failed | Outcome::TimedOut | Outcome::NotYielding | Outcome::Starved))
    };
    let count = facts.roster.indices().count();
    let restarting = names(facts, is_restarting).map(|names| format!("restarting: {names}"));
    let failed = names(facts, has_failed).map(|names| format!("failed: {names}"));
    let refused = facts.reloads.is_refused.then(|| "the last reload was refused, see the log".to_owned());
    let mut text = format!("up, {}", units(count));
    for part in [restarting, failed, unhealthy(facts), refused].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(&part);
    }
    line(&text)
}

/// The first check that is not healthy, and how many more there are.
fn unhealthy(facts: &Facts) -> Option<String> {
    let mut unhealthy = facts.health().into_iter().filter(|check| !check.is_healthy());
    let first = unhealthy.next()?;
    let (text, more) = (format!("not healthy: {first}: {}", first.reason.as_deref()?), unhealthy.count());
    Some(if more == 0 { text } else { format!("{text} (and {more} more)") })
}

/// It is over: how it ended.
pub(super) fn over(facts: &Facts) -> String {
    let code = facts.exit_code().number();
    let first = facts.failures.iter().find(|failure| failure.counts());
    line(&match (code, first, facts.requests.first()) {
        (0, _, Some(reason)) => format!("stopped in order: {reason}"),
        (0, _, None) => "stopped in order".to_owned(),
        (_, Some(failure), _) => format!("exit code {code}: {failure}"),
        (_, None, Some(reason)) => format!("exit code {code}: {reason}"),
        (_, None, None) => format!("exit code {code}"),
    })
}

fn units(count: usize) -> String {
    if count == 1 { "1 unit".to_owned() } else { format!("{count} units") }
}

fn waiting_for(facts: &Facts, is: Status) -> String {
    names(facts, |status| status == is).map(|names| format!("; waiting for {names}")).unwrap_or_default()
}

/// One line of few characters: a newline of a user's text would begin an assignment of its own.
fn line(text: &str) -> String {
    text::line(text).chars().take(LONGEST).collect()
}

/// The units of such a status, the first few by name; none where there is none.
fn names(facts: &Facts, is_meant: impl Fn(Status) -> bool) -> Option<String> {
    let meant = facts.roster.indices().filter(|&index| is_meant(facts.status(index)));
    let mut meant = meant.map(|index| format!("`{}`", facts.roster.name(index)));
    let shown = meant.by_ref().take(SHOWN).collect::<Vec<_>>().join(", ");
    match meant.count() {
        _ if shown.is_empty() => None,
        0 => Some(shown),
        more => Some(format!("{shown} and {more} more")),
    }
}
