//! Decides from the subscriber's maximum level whether lines are wanted.

use tracing::dispatcher;
use tracing::level_filters::LevelFilter;

/// The target of every line and span.
pub(crate) const TARGET: &str = "lifespan";

/// Returns whether the subscriber wants any line.
pub(crate) fn is_wanted() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// Returns whether the subscriber wants the lines of single steps, which are at level DEBUG.
pub(crate) fn steps_are_wanted() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG
}

/// Returns whether the subscriber wants lines of this level.
pub(crate) fn is_level_wanted(level: LevelFilter) -> bool {
    LevelFilter::current() >= level
}

/// Returns whether the program has no subscriber.
pub(crate) fn has_no_subscriber() -> bool {
    !dispatcher::has_been_set()
}
