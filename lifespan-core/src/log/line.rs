//! Where a line of the log goes.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing::{Id, Level, debug, error, info, warn};

use super::wanted::TARGET;

/// Something that has a line in the log.
pub(crate) trait LogLine: Send {
    /// Writes the line, if it is wanted. Calls no user code but the subscriber.
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

/// Where lines go.
pub(crate) enum Out<'a> {
    /// To the subscriber, as children of this span, or of none.
    Subscriber(Option<&'a Id>),
    /// To standard error: those of WARN and above. How many earlier ones of the unit were left out.
    StandardError { left_out: u32 },
    /// Nowhere: it is noted how loud they are.
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
        if $out.wants(tracing::Level::$level) {
            $out.write(tracing::Level::$level, format_args!($($text)+));
        }
    };
}

pub(crate) use say;
