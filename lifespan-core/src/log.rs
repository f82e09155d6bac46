//! One event, one line: how a run reads in the log.

pub(crate) mod queue;
pub(crate) mod stderr;

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Id, Level, Span, debug, dispatcher, error, info, warn};

use crate::base::problem::Problem;
use crate::base::text::line;
use crate::base::time::short;
use crate::base::verdict::Outcome;
use crate::facts::event::{Event, RestartReason};
use crate::facts::failure::Failure;
use crate::facts::reason::Reason;
use crate::plan::registered::Registered;

/// The target of every line and span.
pub(crate) const TARGET: &str = "lifespan";

/// Whether anybody would read a line.
pub(crate) fn is_wanted() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// Whether anybody would read the lines of single steps.
pub(crate) fn steps_are_wanted() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG
}

/// Whether anybody would read a line so loud.
pub(crate) fn is_heard(level: LevelFilter) -> bool {
    LevelFilter::current() >= level
}

/// Says what was found odd in the sources, but is allowed.
pub(crate) fn warn_of(problems: &[Problem], prints: Prints) {
    const SHOWN: usize = 50;
    for problem in problems.iter().take(SHOWN) {
        prints.write(Level::WARN, format_args!("{problem}"));
    }
    if problems.len() > SHOWN {
        prints.write(Level::WARN, format_args!("and {} more warnings of the sources", problems.len() - SHOWN));
    }
}

/// Set once an app of this process prints its warnings: what concerns no app is printed then as well.
static SOME_APP_PRINTS: AtomicBool = AtomicBool::new(false);

/// Whether lines that tell no event go to standard error, where the program has no subscriber.
#[derive(Clone, Copy)]
pub(crate) struct Prints(bool);

impl Prints {
    /// For what concerns an app that prints its warnings, or does not.
    pub(crate) fn of_app(prints: bool) -> Self {
        Self(prints)
    }

    /// An app is launched that prints its warnings, or does not.
    pub(crate) fn launched(prints: bool) {
        SOME_APP_PRINTS.fetch_or(prints, Ordering::Relaxed);
    }

    /// For what concerns the process, or where the app is not known.
    pub(crate) fn of_process() -> Self {
        Self(SOME_APP_PRINTS.load(Ordering::Relaxed))
    }

    /// Writes a line of WARN or above, in the span of this thread.
    pub(crate) fn write(self, level: Level, text: fmt::Arguments<'_>) {
        self.write_limited(None, level, text);
    }

    /// The same for what may happen at each request: at most once a second on standard error.
    pub(crate) fn write_often(self, what: &'static str, level: Level, text: fmt::Arguments<'_>) {
        self.write_limited(Some(what), level, text);
    }

    fn write_limited(self, what: Option<&'static str>, level: Level, text: fmt::Arguments<'_>) {
        if self.0 && has_no_subscriber() {
            return stderr::of_process().add_text(what, level, text.to_string());
        }
        let span = Span::current().id();
        let out = Out::Subscriber(span.as_ref());
        if out.wants(level) {
            out.write(level, text);
        }
    }
}

/// Where lines go.
enum Out<'a> {
    /// To the subscriber, as children of this span, or of none.
    Subscriber(Option<&'a Id>),
    /// To standard error: those of WARN and above. How many earlier ones of the unit were left out.
    StandardError { left_out: u32 },
    /// Nowhere: it is noted how loud they are.
    Nowhere(Cell<Option<Level>>),
}

impl Out<'_> {
    fn wants(&self, level: Level) -> bool {
        match self {
            Self::Subscriber(_) => level <= LevelFilter::current(),
            Self::StandardError { .. } => level <= Level::WARN,
            Self::Nowhere(loudness) => {
                loudness.set(Some(level));
                false
            }
        }
    }

    fn write(&self, level: Level, text: fmt::Arguments<'_>) {
        match self {
            Self::Subscriber(parent) => {
                let parent = parent.cloned();
                match level {
                    Level::ERROR => error!(target: TARGET, parent: parent, "{text}"),
                    Level::WARN => warn!(target: TARGET, parent: parent, "{text}"),
                    Level::INFO => info!(target: TARGET, parent: parent, "{text}"),
                    _ => debug!(target: TARGET, parent: parent, "{text}"),
                }
            }
            Self::StandardError { left_out } => {
                let word = if level == Level::ERROR { "error" } else { "warning" };
                let left_out = match left_out {
                    0 => String::new(),
                    1 => " (1 earlier line of it was left out)".to_owned(),
                    count => format!(" ({count} earlier lines of it were left out)"),
                };
                // In one piece: another writer's line is not to begin within it.
                let line = format!("lifespan: {word}: {text}{left_out}\n");
                // Where it is closed, there is no place left to report it.
                let _ = io::stderr().write_all(line.as_bytes());
            }
            Self::Nowhere(_) => {}
        }
    }
}

/// Writes a line, and makes its text only where somebody reads it.
macro_rules! say {
    ($out:expr, $level:ident, $($text:tt)+) => {
        if $out.wants(Level::$level) {
            $out.write(Level::$level, format_args!($($text)+));
        }
    };
}

/// Returns whether the program has no subscriber.
pub(crate) fn has_no_subscriber() -> bool {
    !dispatcher::has_been_set()
}

/// Returns how loud the line of an event is. Calls no user code.
pub(crate) fn loudness(event: &Event) -> Option<Level> {
    let out = Out::Nowhere(Cell::new(None));
    write_line(event, &out);
    if let Out::Nowhere(loudness) = out { loudness.get() } else { None }
}

/// Writes the line of an event.
fn write_line(event: &Event, out: &Out<'_>) {
    match event {
        Event::Launched { units, sources } => {
            let (word, sources) = (if *units == 1 { "unit" } else { "units" }, sources.as_deref().map(|it| ("; ", it)));
            let (between, sources) = sources.unwrap_or_default();
            say!(out, INFO, "launching {units} {word}{between}{sources}");
        }
        Event::Starting { unit } => {
            say!(out, DEBUG, "{} `{unit}` starting", unit.kind());
        }
        Event::Up { unit, took } => {
            say!(out, INFO, "{} `{unit}` up in {}", unit.kind(), short(*took));
        }
        Event::AppUp { took } => {
            say!(out, INFO, "up in {}", short(*took));
        }
        Event::Returned { unit, ran } => {
            say!(out, INFO, "task `{unit}` returned after {}", short(*ran));
        }
        Event::EndedByItself { unit, ran } => {
            say!(
                out,
                WARN,
                "task `{unit}` returned after {} although no shutdown was requested; set `on_return = \"ignore\"` if that is expected",
                short(*ran)
            );
        }
        Event::Restarting { unit, failure: Some(failure), attempt, delay } => {
            say!(out, WARN, "{failure}{}; `{unit}` restarts in {} (restart {attempt})", causes(failure), short(*delay));
        }
        Event::Restarting { unit, failure: None, attempt, delay } => {
            say!(out, INFO, "task `{unit}` returned; it restarts in {} (restart {attempt})", short(*delay));
        }
        Event::RestartingPart { unit, others, reason } => {
            let others = match others.as_slice() {
                [] => String::new(),
                others => format!(" and {}", list(others)),
            };
            say!(out, INFO, "restarting `{unit}`{others}: {}", why(reason));
        }
        Event::Reloading { sources, changes } if changes.is_empty() => {
            say!(out, INFO, "configuration reloaded, nothing has changed; {sources}");
        }
        Event::Reloading { sources, changes } => {
            say!(out, INFO, "reloading the configuration; {sources}; changed: {}", some(changes, ToString::to_string));
        }
        Event::Reloaded { took } => {
            say!(out, INFO, "configuration in effect after {}", short(*took));
        }
        Event::ReloadRefused { error } => {
            say!(out, ERROR, "{error}");
        }
        Event::Failed { failure } => write_failure(failure, out),
        Event::Blocked { unit, lasted, thread } => {
            say!(
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
            say!(out, WARN, "{} `{unit}` has blocked its thread for {}, and yields again", unit.kind(), short(*lasted));
        }
        Event::ShutdownRequested { reason } => {
            say!(out, INFO, "shutting down: {reason}");
        }
        Event::Stopping { unit } => {
            say!(out, DEBUG, "{} `{unit}` stopping", unit.kind());
        }
        Event::Stopped { unit, outcome: outcome @ (Outcome::Stopped | Outcome::Dropped), took } => {
            say!(out, INFO, "{} `{unit}` {outcome} in {}", unit.kind(), short(*took));
        }
        Event::Stopped { unit, outcome, took } => {
            say!(out, WARN, "{} `{unit}` {outcome} after {}", unit.kind(), short(*took));
        }
        Event::Forced { signal } => {
            say!(out, WARN, "second signal ({}): everything is dropped at once", Reason::Signal(*signal));
        }
        Event::Ended { summary, .. } => {
            say!(out, INFO, "{summary}");
        }
        Event::Lagged { .. } => {}
        event => write_within_unit(event, out),
    }
}

fn write_failure(failure: &Failure, out: &Out<'_>) {
    if failure.is_ignored() {
        say!(out, WARN, "{failure}{} (ignored: `on_failure = \"ignore\"`)", causes(failure));
    } else if failure.is_recovered() {
        say!(out, WARN, "{failure}{} (the app goes on)", causes(failure));
    } else {
        say!(out, ERROR, "{failure}{}", causes(failure));
    }
}

/// Says what shows the stack of a thread.
fn stack(command: Option<String>) -> String {
    command.map_or_else(|| "a debugger shows its stack".to_owned(), |command| format!("`{command}` shows its stack"))
}

/// Says why a part is restarted.
fn why(reason: &RestartReason) -> String {
    match reason {
        RestartReason::Asked => "a restart was requested".to_owned(),
        RestartReason::Failed => "what depends on it restarts with it".to_owned(),
        RestartReason::Reload => "the configuration has changed".to_owned(),
        RestartReason::Group(name) => format!("they are restarted together, group `{name}`"),
    }
}

/// What happens within a unit: to its children, to the runs of its schedule, and to its health.
fn write_within_unit(event: &Event, out: &Out<'_>) {
    match event {
        Event::ChildStarted { unit, child } => {
            say!(out, DEBUG, "child `{}` of {} `{unit}` started", line(child), unit.kind());
        }
        Event::ChildFailed { unit, child, error, panicked, more } => {
            let others = if *more > 0 { format!(" (and {more} more since the last such line)") } else { String::new() };
            let child = line(child);
            if *panicked {
                say!(out, ERROR, "child `{child}` of {} `{unit}` {error}{others}", unit.kind());
            } else {
                say!(out, WARN, "child `{child}` of {} `{unit}` failed: {error}{others}", unit.kind());
            }
        }
        Event::ChildEnded { unit, child, outcome } => {
            say!(out, DEBUG, "child `{}` of {} `{unit}` {outcome}", line(child), unit.kind());
        }
        Event::Unhealthy { unit, check, reason, lasted: Duration::ZERO } => {
            say!(out, WARN, "{}{} `{unit}` is not healthy: {}", of(check.as_deref()), unit.kind(), line(reason));
        }
        Event::Unhealthy { unit, check, reason, lasted } => {
            say!(
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
            say!(
                out,
                INFO,
                "{}{} `{unit}` is healthy again after {}",
                of(check.as_deref()),
                unit.kind(),
                short(*lasted)
            );
        }
        Event::Scheduled { unit, times } => {
            say!(out, INFO, "task `{unit}` runs {times}");
        }
        Event::RunStarted { unit, tick } if tick.missed > 0 => {
            say!(out, DEBUG, "task `{unit}` run {} starts; {} before it were missed", tick.number, tick.missed);
        }
        Event::RunStarted { unit, tick } => {
            say!(out, DEBUG, "task `{unit}` run {} starts", tick.number);
        }
        Event::RunReturned { unit, number, ran } => {
            say!(out, DEBUG, "task `{unit}` run {number} returned after {}", short(*ran));
        }
        Event::RunFailed { number, ran, failure, .. } => {
            say!(out, WARN, "{failure}{} (run {number}, after {}; the schedule goes on)", causes(failure), short(*ran));
        }
        Event::RunsMissed { unit, count, folded, busy } => {
            let runs = if *count == 1 { "run" } else { "runs" };
            let fate = if *folded { "folded into the next" } else { "skipped" };
            let why = if *busy {
                "an earlier one is still under way"
            } else {
                "its thread was blocked, it was being restarted, the machine slept, or the clock was set ahead"
            };
            say!(out, WARN, "task `{unit}` missed {count} {runs} ({fate}): {why}");
        }
        _ => {}
    }
}

/// What stands before a unit where a check of it is meant that has a name.
fn of(check: Option<&str>) -> String {
    check.map(|check| format!("check `{}` of ", line(check))).unwrap_or_default()
}

/// Names in a row.
fn list(units: &[Registered]) -> String {
    some(units, |unit| format!("`{unit}`"))
}

/// The first few in a row, and how many more there are.
fn some<T>(all: &[T], told: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 5;
    let first: Vec<String> = all.iter().take(SHOWN).map(told).collect();
    let first = first.join(", ");
    if all.len() > SHOWN { format!("{first} and {} more", all.len() - SHOWN) } else { first }
}

/// What caused a failure's error, to stand behind it in its line.
fn causes(failure: &Failure) -> String {
    failure.chain().iter().skip(1).fold(String::new(), |all, cause| all + ": " + &line(cause))
}
