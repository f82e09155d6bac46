//! Lines of WARN and above that report no event.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{Level, Span};

use super::line::Out;
use super::stderr;
use super::wanted::has_no_subscriber;
use crate::base::Problem;

/// Logs the warnings of the sources.
pub(crate) fn warn_of(problems: &[Problem], prints: Prints) {
    const SHOWN: usize = 50;
    for problem in problems.iter().take(SHOWN) {
        prints.write(Level::WARN, format_args!("{problem}"));
    }
    if problems.len() > SHOWN {
        prints.write(Level::WARN, format_args!("and {} more warnings of the sources", problems.len() - SHOWN));
    }
}

/// Set once an app of this process prints its warnings. Then lines that concern no app are printed, too.
static SOME_APP_PRINTS: AtomicBool = AtomicBool::new(false);

/// A switch: whether lines that report no event go to standard error if the program has no subscriber.
#[derive(Clone, Copy)]
pub(crate) struct Prints(bool);

impl Prints {
    /// Returns the switch for lines that concern an app.
    pub(crate) fn of_app(prints: bool) -> Self {
        Self(prints)
    }

    /// Notes that an app was launched that prints its warnings, or does not.
    pub(crate) fn launched(prints: bool) {
        SOME_APP_PRINTS.fetch_or(prints, Ordering::Relaxed);
    }

    /// Returns the switch for lines that concern the process, or an unknown app.
    pub(crate) fn of_process() -> Self {
        Self(SOME_APP_PRINTS.load(Ordering::Relaxed))
    }

    /// Writes a line of WARN or above, in the span of this thread.
    pub(crate) fn write(self, level: Level, text: fmt::Arguments<'_>) {
        self.write_limited(None, level, text);
    }

    /// Writes a line that may come with every request: at most once a second on standard error.
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
