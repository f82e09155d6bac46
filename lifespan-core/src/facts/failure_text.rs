//! The text of a failure: with and without its unit and its error.

use std::fmt;

use super::failure::Failure;
use crate::base::{Cause, Stage, Wording, joined, line};
use crate::declare::Kind;

/// The reason why a unit of a test may have timed out, and what to do.
const PAUSED: &str = "time is paused in a TestApp, so that a real server or thread seems to take forever: use \
                      `.real_time()`, or a fake";

impl Failure {
    /// Returns a short text without the error: ``context `pool` failed during setup``.
    pub(crate) fn brief(&self) -> String {
        let during = self.during();
        let what = match self.cause() {
            Cause::Error => format!("failed{during}"),
            Cause::Panic { .. } => format!("panicked{during}"),
            Cause::TimedOut { .. } => format!("timed out{during}"),
            Cause::RunTimedOut { .. } => "timed out in a run".to_owned(),
            Cause::NotYielding { .. } if self.is_on_its_own_thread() => format!("does not return{during}"),
            Cause::NotYielding { .. } => format!("does not yield{during}"),
            _ => self.wording(during).to_string(),
        };
        let of = self.child().map(|child| format!("child `{}` of ", line(child))).unwrap_or_default();
        format!("{of}{} `{}` {what}", self.unit().kind(), self.unit())
    }

    /// Returns the text without the unit, in one line: the error and its sources, or else the cause.
    pub(crate) fn error_words(&self) -> String {
        let child = self.child().map(|child| format!("child `{}` ", line(child)));
        match (self.cause(), child) {
            (Cause::Error, None) => joined(self.chain()),
            (Cause::Error, Some(child)) => format!("{child}failed: {}", joined(self.chain())),
            (_, child) => format!("{}{}", child.unwrap_or_default(), self.wording("")),
        }
    }

    /// Returns whether the failed code runs on a thread of its own. A child of a `blocking` task is async like any
    /// other.
    fn is_on_its_own_thread(&self) -> bool {
        self.unit().is_blocking() && self.child().is_none()
    }

    /// Returns the stage as text, to follow the verb: ` during setup`.
    fn during(&self) -> &'static str {
        match (self.stage(), self.unit().kind()) {
            (Stage::Startup, Kind::Context) => " during setup",
            (Stage::Startup, Kind::Task) => " during startup",
            (Stage::Running, _) => "",
            (Stage::Shutdown, Kind::Context) => " during teardown",
            (Stage::Shutdown, Kind::Task) => " during shutdown",
        }
    }

    fn wording(&self, during: &'static str) -> Wording<'_> {
        let on_its_own_thread = self.is_on_its_own_thread();
        Wording { cause: self.cause(), during, chain: self.chain(), on_its_own_thread }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(child) = self.child() {
            write!(f, "child `{}` of ", line(child))?;
        }
        write!(f, "{} `{}` {}", self.unit().kind(), self.unit(), self.wording(self.during()))?;
        if let Some(refused) = self.refused() {
            write!(f, "; {refused}")?;
        }
        if self.is_in_paused_time() { write!(f, "; {PAUSED}") } else { Ok(()) }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("unit", self.unit())
            .field("stage", &self.stage())
            .field("cause", self.cause())
            .field("chain", &self.chain())
            .finish_non_exhaustive()
    }
}
