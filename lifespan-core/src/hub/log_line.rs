//! The line of each event in the log.

use std::time::Duration;

use crate::base::{Outcome, line, short};
use crate::facts::{Event, Failure, Reason, RestartReason};
use crate::log::{LogLine, Out, write_line};
use crate::plan::Registered;

impl LogLine for Event {
    fn write_to(&self, out: &Out<'_>) {
        write(self, out);
    }

    fn limited_for(&self) -> Option<u32> {
        match self {
            Event::Failed { failure } if failure.counts() => None,
            Event::Failed { failure } | Event::RunFailed { failure, .. } => Some(failure.unit().index),
            Event::EndedByItself { unit, .. }
            | Event::Restarting { unit, .. }
            | Event::Blocked { unit, .. }
            | Event::Unblocked { unit, .. }
            | Event::Stopped { unit, .. }
            | Event::ChildFailed { unit, .. }
            | Event::Unhealthy { unit, .. }
            | Event::RunsMissed { unit, .. } => Some(unit.index),
            Event::Launched { .. }
            | Event::Starting { .. }
            | Event::Up { .. }
            | Event::AppUp { .. }
            | Event::Returned { .. }
            | Event::RestartingPart { .. }
            | Event::Reloading { .. }
            | Event::Reloaded { .. }
            | Event::ReloadRefused { .. }
            | Event::ChildStarted { .. }
            | Event::ChildEnded { .. }
            | Event::Scheduled { .. }
            | Event::RunStarted { .. }
            | Event::RunReturned { .. }
            | Event::Healthy { .. }
            | Event::ShutdownRequested { .. }
            | Event::Stopping { .. }
            | Event::Forced { .. }
            | Event::Ended { .. }
            | Event::Lagged { .. } => None,
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each event, and none is forgotten")]
fn write(event: &Event, out: &Out<'_>) {
    match event {
        Event::Launched { units, sources } => {
            let (word, sources) = (if *units == 1 { "unit" } else { "units" }, sources.as_deref().map(|it| ("; ", it)));
            let (between, sources) = sources.unwrap_or_default();
            write_line!(out, INFO, "launching {units} {word}{between}{sources}");
        }
        Event::Starting { unit } => {
            write_line!(out, DEBUG, "{} `{unit}` starting", unit.kind());
        }
        Event::Up { unit, took } => {
            write_line!(out, INFO, "{} `{unit}` up in {}", unit.kind(), short(*took));
        }
        Event::AppUp { took } => {
            write_line!(out, INFO, "up in {}", short(*took));
        }
        Event::Returned { unit, ran } => {
            write_line!(out, INFO, "task `{unit}` returned after {}", short(*ran));
        }
        Event::EndedByItself { unit, ran } => {
            write_line!(
                out,
                WARN,
                "task `{unit}` returned after {} although no shutdown was requested; set `on_return = \"ignore\"` if that is expected",
                short(*ran)
            );
        }
        Event::Restarting { unit, failure: Some(failure), attempt, delay } => {
            write_line!(
                out,
                WARN,
                "{failure}{}; `{unit}` restarts in {} (restart {attempt})",
                causes(failure),
                short(*delay)
            );
        }
        Event::Restarting { unit, failure: None, attempt, delay } => {
            write_line!(out, INFO, "task `{unit}` returned; it restarts in {} (restart {attempt})", short(*delay));
        }
        Event::RestartingPart { unit, others, reason } => {
            let others = match others.as_slice() {
                [] => String::new(),
                others => format!(" and {}", list(others)),
            };
            write_line!(out, INFO, "restarting `{unit}`{others}: {}", why(reason));
        }
        Event::Reloading { sources, changes } if changes.is_empty() => {
            write_line!(out, INFO, "configuration reloaded, nothing has changed; {sources}");
        }
        Event::Reloading { sources, changes } => {
            write_line!(
                out,
                INFO,
                "reloading the configuration; {sources}; changed: {}",
                some(changes, ToString::to_string)
            );
        }
        Event::Reloaded { took } => {
            write_line!(out, INFO, "configuration in effect after {}", short(*took));
        }
        Event::ReloadRefused { error } => {
            write_line!(out, ERROR, "{error}");
        }
        Event::Failed { failure } => write_failure(failure, out),
        Event::Blocked { unit, lasted, thread } => {
            write_line!(
                out,
                WARN,
                "{} `{unit}` has blocked its thread for {} and still does: {thread}; {} (at {}; give work that blocks to `spawn_blocking`, or to a `blocking` task)",
                unit.kind(),
                short(*lasted),
                stack(thread.stack_command()),
                unit.location()
            );
        }
        Event::Unblocked { unit, lasted } => {
            write_line!(
                out,
                WARN,
                "{} `{unit}` has blocked its thread for {}, and yields again",
                unit.kind(),
                short(*lasted)
            );
        }
        Event::ShutdownRequested { reason } => {
            write_line!(out, INFO, "shutting down: {reason}");
        }
        Event::Stopping { unit } => {
            write_line!(out, DEBUG, "{} `{unit}` stopping", unit.kind());
        }
        Event::Stopped { unit, outcome: outcome @ (Outcome::Stopped | Outcome::Dropped), took } => {
            write_line!(out, INFO, "{} `{unit}` {outcome} in {}", unit.kind(), short(*took));
        }
        Event::Stopped { unit, outcome, took } => {
            write_line!(out, WARN, "{} `{unit}` {outcome} after {}", unit.kind(), short(*took));
        }
        Event::Forced { signal } => {
            write_line!(out, WARN, "second signal ({}): everything is dropped at once", Reason::Signal(*signal));
        }
        Event::Ended { summary, .. } => {
            write_line!(out, INFO, "{summary}");
        }
        Event::Lagged { .. } => {}
        Event::ChildStarted { unit, child } => {
            write_line!(out, DEBUG, "child `{}` of {} `{unit}` started", line(child), unit.kind());
        }
        Event::ChildFailed { unit, child, error, panicked, more } => {
            let others = if *more > 0 { format!(" (and {more} more since the last such line)") } else { String::new() };
            let child = line(child);
            if *panicked {
                write_line!(out, ERROR, "child `{child}` of {} `{unit}` {error}{others}", unit.kind());
            } else {
                write_line!(out, WARN, "child `{child}` of {} `{unit}` failed: {error}{others}", unit.kind());
            }
        }
        Event::ChildEnded { unit, child, outcome } => {
            write_line!(out, DEBUG, "child `{}` of {} `{unit}` {outcome}", line(child), unit.kind());
        }
        Event::Unhealthy { unit, check, reason, lasted: Duration::ZERO } => {
            write_line!(out, WARN, "{}{} `{unit}` is not healthy: {}", of(check.as_deref()), unit.kind(), line(reason));
        }
        Event::Unhealthy { unit, check, reason, lasted } => {
            write_line!(
                out,
                DEBUG,
                "{}{} `{unit}` is still not healthy, after {}: {}",
                of(check.as_deref()),
                unit.kind(),
                short(*lasted),
                line(reason)
            );
        }
        Event::Healthy { unit, check, lasted } => {
            write_line!(
                out,
                INFO,
                "{}{} `{unit}` is healthy again after {}",
                of(check.as_deref()),
                unit.kind(),
                short(*lasted)
            );
        }
        Event::Scheduled { unit, times } => {
            write_line!(out, INFO, "task `{unit}` runs {times}");
        }
        Event::RunStarted { unit, tick } if tick.missed > 0 => {
            write_line!(out, DEBUG, "task `{unit}` run {} starts; {} before it were missed", tick.number, tick.missed);
        }
        Event::RunStarted { unit, tick } => {
            write_line!(out, DEBUG, "task `{unit}` run {} starts", tick.number);
        }
        Event::RunReturned { unit, number, ran } => {
            write_line!(out, DEBUG, "task `{unit}` run {number} returned after {}", short(*ran));
        }
        Event::RunFailed { number, ran, failure, .. } => {
            write_line!(
                out,
                WARN,
                "{failure}{} (run {number}, after {}; the schedule goes on)",
                causes(failure),
                short(*ran)
            );
        }
        Event::RunsMissed { unit, count, folded, busy } => {
            let runs = if *count == 1 { "run" } else { "runs" };
            let fate = if *folded { "folded into the next" } else { "skipped" };
            let why = if *busy {
                "an earlier one is still under way"
            } else {
                "its thread was blocked, it was being restarted, the machine slept, or the clock was set ahead"
            };
            write_line!(out, WARN, "task `{unit}` missed {count} {runs} ({fate}): {why}");
        }
    }
}

fn write_failure(failure: &Failure, out: &Out<'_>) {
    if failure.is_ignored() {
        write_line!(out, WARN, "{failure}{} (ignored: `on_failure = \"ignore\"`)", causes(failure));
    } else if failure.is_recovered() {
        write_line!(out, WARN, "{failure}{} (the app goes on)", causes(failure));
    } else {
        write_line!(out, ERROR, "{failure}{}", causes(failure));
    }
}

/// Returns the text that names the command for the stack of a thread.
fn stack(command: Option<String>) -> String {
    command.map_or_else(|| "a debugger shows its stack".to_owned(), |command| format!("`{command}` shows its stack"))
}

/// Returns the reason of a part's restart.
fn why(reason: &RestartReason) -> String {
    match reason {
        RestartReason::Asked => "a restart was requested".to_owned(),
        RestartReason::Failed => "what depends on it restarts with it".to_owned(),
        RestartReason::Reload => "the configuration has changed".to_owned(),
        RestartReason::Group(name) => format!("they are restarted together, group `{name}`"),
    }
}

/// Returns the prefix for a named check of a unit.
fn of(check: Option<&str>) -> String {
    check.map(|check| format!("check `{}` of ", line(check))).unwrap_or_default()
}

/// Lists the names.
fn list(units: &[Registered]) -> String {
    some(units, |unit| format!("`{unit}`"))
}

/// Lists the first few, and the number of the others.
fn some<T>(all: &[T], text: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 5;
    let first: Vec<String> = all.iter().take(SHOWN).map(text).collect();
    let first = first.join(", ");
    if all.len() > SHOWN { format!("{first} and {} more", all.len() - SHOWN) } else { first }
}

/// Returns the causes of a failure's error, to be appended to its line.
fn causes(failure: &Failure) -> String {
    failure.chain().iter().skip(1).fold(String::new(), |all, cause| all + ": " + &line(cause))
}
