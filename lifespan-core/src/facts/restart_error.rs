//! The error of `App::restart`.

use std::fmt;

use super::status::State;
use crate::base::line;

/// The reason why a restart was refused.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let running = app.start().await?;
/// let error = app.restart("no_such_unit").await.unwrap_err();
/// assert!(error.to_string().starts_with("cannot restart `no_such_unit`: no such unit in this app"));
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartError {
    /// No registration of this app matches.
    NotRegistered {
        /// The name as given.
        name: String,
        /// The name of the registration that was probably meant.
        nearest: Option<String>,
    },
    /// The app is not running, or is shutting down.
    NotRunning {
        /// The state of the app.
        state: State,
    },
    /// The unit can be started only once, since an argument can't be cloned.
    NotClone {
        /// The instance.
        unit: String,
        /// The argument.
        argument: &'static str,
        /// The argument's type.
        ty: &'static str,
    },
    /// The unit does not yield, so it can't be stopped.
    NotYielding {
        /// The instance.
        unit: String,
    },
    /// The unit has ended, and the arguments that code had set were dropped with it.
    Ended {
        /// The instance.
        unit: String,
    },
}

impl fmt::Display for RestartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegistered { name, nearest: Some(nearest) } => write!(
                f,
                "cannot restart `{}`: no such unit in this app; did you mean `{}`?",
                line(name),
                line(nearest)
            ),
            Self::NotRegistered { name, nearest: None } => write!(
                f,
                "cannot restart `{}`: no such unit in this app; name a registered function, or an instance as \
                 `app.registered()` lists it",
                line(name)
            ),
            Self::NotRunning { state } => {
                let why = match state {
                    State::New => "is not running; launch it first",
                    State::Stopped => "has stopped",
                    State::Starting | State::Up | State::Draining | State::Stopping => "is shutting down",
                };
                write!(f, "cannot restart a part of the app: the app {why}")
            }
            Self::NotClone { unit, argument, ty } => write!(
                f,
                "cannot restart `{unit}`: its argument `{argument}` of type `{ty}` is not `Clone`, so it can be started \
                 only once; derive `Clone`, or wrap it in an `Arc`"
            ),
            Self::NotYielding { unit } => write!(
                f,
                "cannot restart `{unit}`: it does not yield, so it can't be stopped; retry when it has ended, or restart \
                 the process"
            ),
            Self::Ended { unit } => write!(
                f,
                "cannot restart `{unit}`: it has ended, and its arguments set by code were dropped with it; declare \
                 `restart(permanent)` if it must start again"
            ),
        }
    }
}

impl fmt::Debug for RestartError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for RestartError {}
