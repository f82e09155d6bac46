//! Lines of WARN and above that tell no event.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{Level, Span};

use super::line::Out;
use super::stderr;
use super::wanted::has_no_subscriber;
use crate::base::Problem;

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
