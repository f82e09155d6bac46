//! The text that `systemctl status` shows.

use crate::base::{Outcome, text};
use crate::facts::{Reason, Status};
use crate::hub::Facts;

/// The maximum number of names in the text.
const SHOWN: usize = 3;
/// The maximum length of the text.
const LONGEST: usize = 300;

/// Returns the text when the startup begins.
pub(super) fn starting(count: usize) -> String {
    format!("starting, {}", units(count))
}

/// Returns the text when the app shuts down, with the reason.
pub(super) fn stopping(reason: &Reason) -> String {
    line(&format!("stopping: {reason}"))
}

/// Returns the text while the app is shutting down: the units that it waits for.
pub(super) fn still_stopping(facts: &Facts) -> String {
    let text = facts.requests.first().map(stopping).unwrap_or_default();
    line(&(text + &waiting_for(facts, Status::Stopping)))
}

/// Returns the text while the app is starting: the progress, and the units that it waits for.
pub(super) fn still_starting(facts: &Facts) -> String {
    let is_done = |status| matches!(status, Status::Up | Status::Ended(Outcome::Returned));
    let done = (0..facts.registrations.entries.len()).filter(|&index| is_done(facts.status(index))).count();
    let text = format!("starting: {done} of {} units up", facts.registrations.entries.len());
    line(&(text + &waiting_for(facts, Status::Starting)))
}

/// Returns the text while the app is up: its state, and the units that cause it.
pub(super) fn up(facts: &Facts) -> String {
    let is_restarting =
        |status| matches!(status, Status::Waiting | Status::Starting | Status::BackingOff { .. } | Status::Stopping);
    let count = facts.registrations.indices().count();
    let readiness = match (facts.is_ready(), facts.is_degraded()) {
        (false, _) => Some("not ready".to_owned()),
        (true, true) => Some("degraded".to_owned()),
        (true, false) => None,
    };
    let by_status = |matches: fn(Status) -> bool| names(facts, |index| matches(facts.status(index)));
    let restarting = by_status(is_restarting).map(|names| format!("restarting: {names}"));
    let has_failed = |index| matches!(facts.status(index), Status::Ended(_)) && facts.is_weak(index);
    let failed = names(facts, has_failed).map(|names| format!("failed: {names}"));
    let is_recovering = |index| facts.status(index) == Status::Up && facts.is_recovering(index);
    let recovering = names(facts, is_recovering).map(|names| format!("recovering: {names}"));
    let refused = facts.reloads.is_refused.then(|| "the last reload was refused, see the log".to_owned());
    let mut text = format!("up, {}", units(count));
    for part in [readiness, restarting, recovering, failed, unhealthy(facts), refused].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(&part);
    }
    line(&text)
}

/// Returns the first check that is not healthy, and how many more there are.
fn unhealthy(facts: &Facts) -> Option<String> {
    let mut unhealthy = facts.health().into_iter().filter(|check| !check.is_healthy());
    let first = unhealthy.next()?;
    let (text, more) = (format!("not healthy: {first}: {}", first.reason.as_deref()?), unhealthy.count());
    Some(if more == 0 { text } else { format!("{text} (and {more} more)") })
}

/// Returns the text at the end of a run: how it ended, and why.
pub(super) fn over(facts: &Facts) -> String {
    line(&facts.run_end(facts.exit_code()).status())
}

fn units(count: usize) -> String {
    if count == 1 { "1 unit".to_owned() } else { format!("{count} units") }
}

fn waiting_for(facts: &Facts, is: Status) -> String {
    names(facts, |index| facts.status(index) == is).map(|names| format!("; waiting for {names}")).unwrap_or_default()
}

/// Makes one short line: a newline in a user's text would start another assignment.
fn line(text: &str) -> String {
    text::line(text).chars().take(LONGEST).collect()
}

/// Returns the matching units, the first few by name; `None` if there are none.
fn names(facts: &Facts, matches: impl Fn(usize) -> bool) -> Option<String> {
    let matching = facts.registrations.indices().filter(|&index| matches(index));
    let mut matching = matching.map(|index| format!("`{}`", facts.registrations.name(index)));
    let shown = matching.by_ref().take(SHOWN).collect::<Vec<_>>().join(", ");
    match matching.count() {
        _ if shown.is_empty() => None,
        0 => Some(shown),
        more => Some(format!("{shown} and {more} more")),
    }
}
