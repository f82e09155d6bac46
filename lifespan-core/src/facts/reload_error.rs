//! The error of `App::reload`.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use super::restart_error::RestartError;
use super::status::State;
use crate::base::Problem;
use crate::plan::PlanError;

/// The reason why a reload was refused.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = lifespan::App::empty();
/// let error = app.reload().await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "cannot reload the configuration: the app is not running; launch it first"
/// );
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ReloadError {
    why: Why,
}

#[derive(Clone)]
enum Why {
    Problems(Arc<PlanError>),
    Restart(RestartError),
    State(&'static str),
    /// The sources could not be read, or not in time.
    Reading(Arc<str>),
}

impl ReloadError {
    /// Returns the problems of the sources and the resulting plan; empty if the reload failed for another reason.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = lifespan::App::empty();
    /// if let Err(error) = app.reload().await {
    ///     for problem in error.problems() {
    ///         println!("{problem}");
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match &self.why {
            Why::Problems(error) => error.problems(),
            Why::Restart(_) | Why::State(_) | Why::Reading(_) => &[],
        }
    }

    pub(crate) fn problematic(problems: Vec<Problem>) -> Self {
        Self { why: Why::Problems(Arc::new(PlanError { problems })) }
    }

    pub(crate) fn cannot_restart(error: RestartError) -> Self {
        Self { why: Why::Restart(error) }
    }

    pub(crate) fn nothing_to_read() -> Self {
        let why = "this app reads no sources: `App::new()` does, and `App::empty()` does not";
        Self { why: Why::State(why) }
    }

    pub(crate) fn not_read() -> Self {
        Self::reading("reading the configuration panicked (see the panic message above)")
    }

    pub(crate) fn too_slow(limit: Duration) -> Self {
        Self::reading(format!(
            "reading it timed out after {limit:?}; check whether the file's mount responds and whether code that reads an \
             argument blocks, and reload again"
        ))
    }

    pub(crate) fn stuck() -> Self {
        Self::reading(
            "an earlier read timed out and has not returned yet; reload again once the file's mount responds, or the code \
             that reads an argument returns",
        )
    }

    pub(crate) fn no_thread(error: &io::Error) -> Self {
        Self::reading(format!("cannot start a thread to read it: {error}"))
    }

    fn reading(why: impl Into<Arc<str>>) -> Self {
        Self { why: Why::Reading(why.into()) }
    }

    /// The app is not running.
    pub(crate) fn going_down(state: State) -> Self {
        let why = match state {
            State::New => "the app is not running; launch it first",
            State::Stopped => "the app has stopped",
            _ => "the app is shutting down",
        };
        Self { why: Why::State(why) }
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot reload the configuration")?;
        match &self.why {
            Why::Problems(error) => {
                let count = error.problems().len();
                writeln!(f, ", the previous one stays in use: {count} problem{}", if count == 1 { "" } else { "s" })?;
                write!(f, "{error}")
            }
            Why::Restart(error) => write!(f, ", the previous one stays in use: {error}"),
            Why::State(why) => write!(f, ": {why}"),
            Why::Reading(why) => write!(f, ", the previous one stays in use: {why}"),
        }
    }
}

impl fmt::Debug for ReloadError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ReloadError {}
