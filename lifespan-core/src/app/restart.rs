//! `App::restart`: stops a unit with all that can't do without it, and starts them again.

use std::fmt;
use std::future::Future;

use tokio::sync::oneshot;

use super::App;
use super::target::Target;
use crate::run::requests::RestartCall;
use crate::state::State;
use crate::text::line;

impl App {
    /// Restarts a unit, and everything that depends on it: stops them in reverse, each within its limit, and starts them
    /// again in order, with fresh arguments. The function itself is the unit's name, `app.restart(poll_updates)`, and
    /// means all its instances; one of them is named by its text, `app.restart("probe[home]")`.
    ///
    /// The call itself makes the request; the future that it returns waits until all of them are up again. Requests that
    /// come while one is carried out are folded into it. What goes wrong while a unit stops is in the report and does not
    /// keep it from starting again; one that does not come up again has failed, as at any start.
    ///
    /// A unit that asks for its own restart is told to stop, and is not to await this.
    ///
    /// What holds a [`Res`](crate::Res) of a resource or is `after` a unit depends on it; a [`Live`](crate::Live),
    /// `first` and `last` only order. A task that has ended before is started again only if it is named, or if it has
    /// returned a resource.
    ///
    /// ```
    /// use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
    ///
    /// #[lifespan_context(manual)]
    /// async fn settings(scope: Scope<String>) {
    ///     scope.provide_until_shutdown("read anew".to_owned()).await;
    /// }
    ///
    /// #[lifespan_task(manual)]
    /// async fn serve(settings: Res<String>, shutdown: Shutdown) {
    ///     shutdown.requested().await;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(SettingsConfig {})?;
    /// app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.restart(settings).await?;
    /// let report = running.stop().await;
    /// assert_eq!(report.unit("serve").unwrap().restarts, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`RestartError`], and nothing changes: when no registration of this app is meant, when the app is not running, or
    /// when a part of it can be started only once. Also when the app goes down before all are up again.
    pub fn restart<U: 'static>(&self, unit: U) -> impl Future<Output = Result<(), RestartError>> + Send + use<U> {
        let asked = self.ask_to_restart(&Target::of(unit));
        async move { asked?.await.unwrap_or_else(|_| Err(RestartError::going_down(State::Stopped))) }
    }

    fn ask_to_restart(&self, target: &Target) -> Result<oneshot::Receiver<Result<(), RestartError>>, RestartError> {
        let roster = self.launched().ok_or_else(|| RestartError::going_down(State::New))?;
        match self.state() {
            State::Starting | State::Up => {}
            state => return Err(RestartError::going_down(state)),
        }
        let units = target.find(&roster);
        if units.is_empty() {
            return Err(RestartError::unknown(target.name()));
        }
        let (done, answer) = oneshot::channel();
        self.inbox().restart(RestartCall { units, done });
        Ok(answer)
    }
}

/// Why a part of an app was not restarted.
#[derive(Clone, PartialEq, Eq)]
pub struct RestartError {
    message: String,
}

impl RestartError {
    fn unknown(name: &str) -> Self {
        let message = format!(
            "cannot restart `{}`: this app runs no such unit; name a function that is registered, or an instance as \
             `app.registered()` lists it",
            line(name)
        );
        Self { message }
    }

    /// The app does not run, or runs no longer.
    pub(crate) fn going_down(state: State) -> Self {
        let message = match state {
            State::New => "cannot restart a part of the app: it is not running; launch it before",
            State::Stopped => "cannot restart a part of the app: it has stopped",
            _ => "cannot restart a part of the app: it goes down",
        };
        Self { message: message.to_owned() }
    }

    pub(crate) fn not_clone(unit: &str, argument: &str, ty: &str) -> Self {
        let message = format!(
            "cannot restart `{unit}`: its argument `{argument}` of type `{ty}` is not `Clone`, so it can be started only \
             once; derive `Clone`, or put it behind an `Arc`"
        );
        Self { message }
    }

    pub(crate) fn stuck(unit: &str) -> Self {
        let message = format!(
            "cannot restart `{unit}`: it does not yield, so it can't be stopped; ask again when it has ended, or restart \
             the process"
        );
        Self { message }
    }

    pub(crate) fn ended(unit: &str) -> Self {
        let message = format!(
            "cannot restart `{unit}`: it has ended, and its arguments that only code can give went with it; write \
             `restart(permanent)` if it is to start again"
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
    /// As people read it: `main` and `expect` print errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RestartError {}
