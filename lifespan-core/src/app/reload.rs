//! `App::reload`: reads the file and the environment again, and applies what has changed.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{App, PlanError};
use crate::app::restart::RestartError;
use crate::event::ConfigChange;
use crate::plan::problem::Problem;
use crate::state::State;

impl App {
    /// Reads the file and the environment again, and checks the whole plan as a launch does. If there is a problem, it
    /// is returned as the error and nothing changes. Otherwise the units whose arguments have changed are restarted,
    /// with all that depends on them, as [`restart`](Self::restart) does; all others keep running. A new table
    /// `[[tasks.x]]` starts an instance, and a removed one stops its instance; instances are matched by their
    /// `#[config(key)]` argument, or else by their number. Limits and other settings take effect at once.
    ///
    /// SIGHUP does the same if a file was read at the launch.
    ///
    /// The call makes the request. The returned future waits until all units are up again, except for those that wait
    /// for a restart delay after a failure, and returns the changes. Requests made while the app comes up, or during
    /// another reload, wait for that to finish.
    ///
    /// Configs from code do not change. A task that has returned is not started, and uses its new arguments at its next
    /// start; a unit that has failed is started with them. Default expressions are evaluated at each reload.
    ///
    /// Reading is limited to five seconds. If it takes longer, because the file's mount does not respond or code that
    /// reads an argument blocks, the reload fails and the late result is discarded. Further reloads are refused until
    /// that read has returned.
    ///
    /// A unit must not await a reload that it requests: the unit itself may be restarted.
    ///
    /// ```standalone_crate
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = lifespan::App::new();
    /// let running = app.start().await?;
    /// let changes = app.reload().await?;
    /// assert!(changes.is_empty(), "nothing has changed since the launch");
    /// # running.stop().await; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns [`ReloadError`], and nothing changes, if the sources or the resulting plan have problems, if a file that
    /// was read before is gone, if reading times out, if a unit that must be restarted can be started only once, or if
    /// the app is not running or reads no sources. Also returned if the app shuts down before all units are up again.
    /// are up again.
    pub fn reload(&self) -> impl Future<Output = Result<Vec<ConfigChange>, ReloadError>> + Send + use<> {
        let asked = self.ask_to_reload();
        async move { asked?.await.unwrap_or_else(|_| Err(ReloadError::going_down(State::Stopped))) }
    }

    fn ask_to_reload(&self) -> Result<oneshot::Receiver<Result<Vec<ConfigChange>, ReloadError>>, ReloadError> {
        if self.launched().is_none() {
            return Err(ReloadError::going_down(State::New));
        }
        match self.state() {
            State::Starting | State::Up => {}
            state => return Err(ReloadError::going_down(state)),
        }
        let (done, answer) = oneshot::channel();
        self.inbox().reload(Some(done));
        Ok(answer)
    }
}

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
