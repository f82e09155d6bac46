//! The error of `XConfig::load()`.

use std::error::Error;
use std::fmt;

use crate::base::{Problem, Problems};

/// An error from loading a config: every problem with it, not only the first.
///
/// ```
/// # use lifespan::ConfigError;
/// fn show(error: &ConfigError) {
///     eprintln!("{error}"); // names each argument, and where it can be set
/// }
/// ```
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

impl ConfigError {
    /// Returns all problems, each with what is wrong, where, and what to do. The error displays the first 50 of them.
    ///
    /// ```
    /// # use lifespan::{ConfigError, ProblemKind};
    /// fn is_missing(error: &ConfigError) -> bool {
    ///     error.problems().iter().any(|problem| problem.kind() == ProblemKind::MissingArgument)
    /// }
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Problems { all: &self.problems, before: "", between: "\n" }.fmt(f)
    }
}

impl fmt::Debug for ConfigError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigError {}
