//! `App::reload`: reads the file and the environment anew, and has the app go on with what they say now.

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
    /// Reads the file and the environment anew, and checks the whole plan as a launch does. What is wrong with it is the
    /// error, and everything goes on as before. Else those units whose arguments have changed are restarted, with all that
    /// depends on them, as [`restart`](Self::restart) does it; what goes on is not touched. A table `[[tasks.x]]` that is
    /// new starts an instance, one that is gone stops its own; instances are told apart by their `#[config(key)]`
    /// argument, else by their number. Limits and other settings hold from now on.
    ///
    /// SIGHUP does the same where a file was read at the launch.
    ///
    /// The call itself makes the request; the future that it returns waits until all is up again, or until what is not
    /// waits out a delay after a failure, and gives what has changed. Requests that come while the app comes up, or while another is carried out, wait for that.
    ///
    /// Configs that code gave stay what they are. A task that has returned stays so, and has its new arguments when it is
    /// started next; a unit that has failed is started with them. Default expressions are evaluated at each reading.
    ///
    /// A reading may take five seconds. One that takes longer, since the file's mount does not answer or code that reads an
    /// argument blocks, is waited for no more and what it gives is thrown away. Until it has come back, reloads are refused.
    ///
    /// A unit that asks for this is not to await it: it may be restarted itself.
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
    /// [`ReloadError`], and nothing changes: when the sources or the plan that they make have problems, a file that was
    /// read before and is gone among them, when reading them takes too long, when a unit that would have to be restarted
    /// can be started only once, when the app is not running or reads no sources. Also when the app goes down before all
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

/// Why the sources that were read anew are not used.
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
    /// What is wrong with the sources and with the plan that they make; empty where it is something else.
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
        Self::reading("a panic broke the reading off; the panic hook has printed it")
    }

    pub(crate) fn too_slow(limit: Duration) -> Self {
        Self::reading(format!(
            "reading it takes longer than {limit:?}; check whether the file's mount answers and whether code that reads an \
             argument blocks, and reload again"
        ))
    }

    pub(crate) fn stuck() -> Self {
        Self::reading(
            "an earlier reading took too long and has not come back; reload again once the file's mount, or the code that \
             reads an argument, answers",
        )
    }

    pub(crate) fn no_thread(error: &io::Error) -> Self {
        Self::reading(format!("there is no thread to read it on: {error}"))
    }

    fn reading(why: impl Into<Arc<str>>) -> Self {
        Self { why: Why::Reading(why.into()) }
    }

    /// The app does not run, or runs no longer.
    pub(crate) fn going_down(state: State) -> Self {
        let why = match state {
            State::New => "the app is not running; launch it before",
            State::Stopped => "the app has stopped",
            _ => "the app goes down",
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
                writeln!(f, ", the one before stays in use: {count} problem{}", if count == 1 { "" } else { "s" })?;
                write!(f, "{error}")
            }
            Why::Restart(error) => write!(f, ", the one before stays in use: {error}"),
            Why::State(why) => write!(f, ": {why}"),
            Why::Reading(why) => write!(f, ", the one before stays in use: {why}"),
        }
    }
}

impl fmt::Debug for ReloadError {
    /// As people read it: `main` and `expect` print errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ReloadError {}
