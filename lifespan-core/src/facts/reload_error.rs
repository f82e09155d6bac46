//! The error of `App::reload`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
#[non_exhaustive]
pub enum ReloadError {
    /// The sources or the resulting plan have problems.
    Invalid {
        /// All problems.
        error: Arc<PlanError>,
    },
    /// A unit that must restart can't.
    Restart {
        /// The reason.
        error: RestartError,
    },
    /// The app is not running, or is shutting down.
    NotRunning {
        /// The state of the app.
        state: State,
    },
    /// The app was made by `App::empty()`, which reads no sources.
    NoSources,
    /// Code that reads an argument panicked.
    Panicked,
    /// The sources were not read in time.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// An earlier read has timed out and has not returned yet.
    StillReading,
    /// The system refused the thread that reads.
    NoThread {
        /// The system's error.
        error: String,
    },
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
        match self {
            Self::Invalid { error } => error.problems(),
            Self::Restart { .. }
            | Self::NotRunning { .. }
            | Self::NoSources
            | Self::Panicked
            | Self::TimedOut { .. }
            | Self::StillReading
            | Self::NoThread { .. } => &[],
        }
    }

    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        Self::Invalid { error: Arc::new(PlanError { problems }) }
    }

    /// Returns whether a configuration is in use, which stays.
    fn keeps_the_previous_one(&self) -> bool {
        !matches!(self, Self::NotRunning { .. } | Self::NoSources)
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot reload the configuration")?;
        f.write_str(if self.keeps_the_previous_one() { ", the previous one stays in use: " } else { ": " })?;
        match self {
            Self::Invalid { error } => {
                let count = error.problems().len();
                write!(f, "{count} problem{}\n{error}", if count == 1 { "" } else { "s" })
            }
            Self::Restart { error } => write!(f, "{error}"),
            Self::NotRunning { state } => f.write_str(match state {
                State::New => "the app is not running; launch it first",
                State::Stopped => "the app has stopped",
                State::Starting | State::Up | State::Draining | State::Stopping => "the app is shutting down",
            }),
            Self::NoSources => {
                f.write_str("this app reads no sources: `App::new()` does, and `App::empty()` does not")
            }
            Self::Panicked => f.write_str("reading the configuration panicked (see the panic message above)"),
            Self::TimedOut { limit } => write!(
                f,
                "reading it timed out after {limit:?}; check whether the file's mount responds and whether code that \
                 reads an argument blocks, and reload again"
            ),
            Self::StillReading => f.write_str(
                "an earlier read timed out and has not returned yet; reload again once the file's mount responds, or the \
                 code that reads an argument returns",
            ),
            Self::NoThread { error } => write!(f, "cannot start a thread to read it: {error}"),
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
