//! The output of a line of the log.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing::{Id, Level, debug, error, info, warn};

use super::wanted::TARGET;

/// Something that has a line in the log.
pub(crate) trait LogLine: Send {
    /// Writes the line, if it is wanted. The only user code that it calls is the subscriber.
    fn write_to(&self, out: &Out<'_>);

    /// Returns the unit that the line is about, if its lines are limited to one a second on standard error.
    fn limited_for(&self) -> Option<u32>;
}

/// Returns the level of a line. Calls no user code.
pub(crate) fn level_of(line: &dyn LogLine) -> Option<Level> {
    let out = Out::Nowhere(Cell::new(None));
    line.write_to(&out);
    if let Out::Nowhere(level) = out { level.get() } else { None }
}

/// The output of lines.
pub(crate) enum Out<'a> {
    /// The subscriber. Lines are children of this span, if there is one.
    Subscriber(Option<&'a Id>),
    /// Standard error, for lines of WARN and above, with the number of the unit's earlier lines that were left out.
    StandardError { left_out: u32 },
    /// None: stores the level.
    Nowhere(Cell<Option<Level>>),
}

impl Out<'_> {
    pub(crate) fn wants(&self, level: Level) -> bool {
        match self {
            Self::Subscriber(_) => level <= LevelFilter::current(),
            Self::StandardError { .. } => level <= Level::WARN,
            Self::Nowhere(loudness) => {
                loudness.set(Some(level));
                false
            }
        }
    }

    pub(crate) fn write(&self, level: Level, text: fmt::Arguments<'_>) {
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
                // In one write, so that lines of other writers do not mix with it.
                let line = format!("lifespan: {word}: {text}{left_out}\n");
                // If standard error is closed, the failure can't be reported.
                let _ = io::stderr().write_all(line.as_bytes());
            }
            Self::Nowhere(_) => {}
        }
    }
}

/// Writes a line. Formats its text only if the line is wanted.
macro_rules! write_line {
    ($out:expr, $level:ident, $($text:tt)+) => {
        if $out.wants(tracing::Level::$level) {
            $out.write(tracing::Level::$level, format_args!($($text)+));
        }
    };
}

pub(crate) use write_line;
