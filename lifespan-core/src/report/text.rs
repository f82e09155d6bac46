//! The text of a report, as `main` prints it: a line for each unit, then every problem and failure.

use std::io::{IsTerminal, Write};
use std::time::Duration;
use std::{fmt, iter};

use super::run_report::Report;
use super::unit_report::UnitReport;
use crate::base::verdict::Severity;
use crate::base::{Outcome, Problems, cut, line, short};
use crate::facts::Failure;
use crate::plan::Registered;

impl Report {
    fn write(&self, f: &mut impl fmt::Write, paint: Paint) -> fmt::Result {
        let style = if self.is_success() { Style::Good } else { Style::Bad };
        write!(f, "{} {}", paint.bold("lifespan:"), paint.with(style, &self.headline()))?;
        let names: Vec<String> = self.units().iter().map(|unit| unit.unit.to_string()).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (unit, name) in self.units().iter().zip(names) {
            let style = match unit.outcome {
                outcome if outcome.is_bad() => Style::Bad,
                _ => Style::Plain,
            };
            write!(f, "\n  {:<7}  {name:<width$}  {}", unit.unit.kind(), paint.with(style, &line_of(unit)))?;
            if let Some(children) = unit.children.as_deref().filter(|children| children.spawned > 0) {
                children.write(f, 2 + 7 + 2)?;
            }
        }
        if !self.problems().is_empty() {
            let before = paint.with(Style::Bad, "error:") + " ";
            write!(f, "\n\n{}", Problems { all: self.problems(), before: &before, between: "\n\n" })?;
        }
        for failure in self.units().iter().filter_map(|unit| unit.runs.as_ref()?.last_failure.as_ref()) {
            for failure in iter::once(failure).chain(failure.beside()) {
                write_failure(f, &paint.with(Style::Bad, "last failed run:"), failure)?;
            }
        }
        for failure in self.failures() {
            let (style, word) = match failure.severity() {
                Severity::Full => (Style::Bad, "error:"),
                Severity::Ignored => (Style::Bad, "ignored:"),
                Severity::Recovered => (Style::Plain, "recovered:"),
                Severity::Absorbed => (Style::Plain, "while stopping:"),
                Severity::Unrecovered => (Style::Plain, "not restarted:"),
            };
            write_failure(f, &paint.with(style, word), failure)?;
        }
        Ok(())
    }

    /// Prints the report on standard error, in colour on a terminal.
    pub(crate) fn print(&self) {
        let mut stderr = std::io::stderr().lock();
        let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut text = String::new();
        if self.write(&mut text, Paint { colour }).is_ok() {
            // If standard error is closed, the report can't be printed.
            let _ = writeln!(stderr, "{text}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Paint { colour: false })
    }
}

impl fmt::Debug for Report {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_failure(f: &mut impl fmt::Write, word: &str, failure: &Failure) -> fmt::Result {
    write!(f, "\n\n{word} {failure}")?;
    for cause in failure.chain().iter().skip(1) {
        write!(f, "\n    caused by: {}", line(cause))?;
    }
    write!(f, "\n  at {}", place(failure.unit()))
}

/// Returns the location of a unit and, if code registered it, of that call: the unit may belong to another crate.
fn place(unit: &Registered) -> String {
    match unit.registered_at() {
        Some(call) => format!("{}, registered at {call}", unit.location()),
        None => unit.location().to_string(),
    }
}

/// Returns the line of a unit in the report: its outcome, the times, and its last failure.
fn line_of(unit: &UnitReport) -> String {
    let span = |from: Option<Duration>, to: Option<Duration>| match (from, to) {
        (Some(from), Some(to)) => Some(short(to.saturating_sub(from))),
        _ => None,
    };
    let mut text = unit.outcome.to_string();
    match span(unit.stopping, unit.ended).as_deref() {
        Some("0 s") if unit.outcome == Outcome::Failed => text += " while stopping",
        Some(took) if unit.outcome == Outcome::Failed => text = format!("{text} {took} after it was asked to stop"),
        Some(took) => text = format!("{text} in {took}"),
        None => {}
    }
    let until = unit.stopping.or(unit.ended);
    match (span(unit.up, until), span(unit.started, until)) {
        (Some(up), _) if unit.outcome != Outcome::Returned => text = format!("{text}, was up {up}"),
        (_, Some(ran)) => text = format!("{text}, ran {ran}"),
        _ => {}
    }
    if let Some(runs) = &unit.runs {
        text = format!("{text}, {}", runs.counted());
    }
    if unit.restarts > 0 {
        text = format!("{text}, restarted {} time{}", unit.restarts, if unit.restarts == 1 { "" } else { "s" });
    }
    match &unit.last_failure {
        Some(last) if unit.restarts > 0 => format!("{text}, last: {}", line(&cut(&last.error_words()))),
        Some(last) if unit.outcome == Outcome::Failed || last.has_error() => {
            format!("{text}: {}", line(&cut(&last.error_words())))
        }
        _ => text,
    }
}

#[derive(Clone, Copy)]
enum Style {
    Good,
    Bad,
    Plain,
}

/// Colour, where it is wanted.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        match (self.colour, style) {
            (true, Style::Good) => format!("\u{1b}[32m{text}\u{1b}[0m"),
            (true, Style::Bad) => format!("\u{1b}[1;31m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    fn bold(self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
