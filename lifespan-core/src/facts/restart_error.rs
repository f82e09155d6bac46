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
pub struct RestartError {
    message: String,
}

impl RestartError {
    pub(crate) fn unknown(name: &str) -> Self {
        let message = format!(
            "cannot restart `{}`: no such unit in this app; name a registered function, or an instance as \
             `app.registered()` lists it",
            line(name)
        );
        Self { message }
    }

    /// The app is not running.
    pub(crate) fn going_down(state: State) -> Self {
        let message = match state {
            State::New => "cannot restart a part of the app: the app is not running; launch it first",
            State::Stopped => "cannot restart a part of the app: the app has stopped",
            _ => "cannot restart a part of the app: the app is shutting down",
        };
        Self { message: message.to_owned() }
    }

    pub(crate) fn not_clone(unit: &str, argument: &str, ty: &str) -> Self {
        let message = format!(
            "cannot restart `{unit}`: its argument `{argument}` of type `{ty}` is not `Clone`, so it can be started only \
             once; derive `Clone`, or wrap it in an `Arc`"
        );
        Self { message }
    }

    pub(crate) fn stuck(unit: &str) -> Self {
        let message = format!(
            "cannot restart `{unit}`: it does not yield, so it can't be stopped; retry when it has ended, or restart \
             the process"
        );
        Self { message }
    }

    pub(crate) fn ended(unit: &str) -> Self {
        let message = format!(
            "cannot restart `{unit}`: it has ended, and its arguments set by code were dropped with it; declare \
             `restart(permanent)` if it must start again"
        );
        Self { message }
    }
}

impl fmt::Display for RestartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for RestartError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RestartError {}
