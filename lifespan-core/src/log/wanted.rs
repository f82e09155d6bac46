//! Whether anybody reads the log.

use tracing::dispatcher;
use tracing::level_filters::LevelFilter;

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

/// Returns whether the program has no subscriber.
pub(crate) fn has_no_subscriber() -> bool {
    !dispatcher::has_been_set()
}
