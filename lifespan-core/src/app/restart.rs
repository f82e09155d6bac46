//! `App::restart`: stops a unit with all that depends on it, and starts them again.

use std::fmt;
use std::future::Future;

use tokio::sync::oneshot;

use super::App;
use super::target::Target;
use crate::run::requests::RestartCall;
use crate::state::State;
use crate::text::line;

impl App {
    /// Restarts a unit and everything that depends on it: stops them in reverse order, each within its limit, and
    /// starts them again in order, with fresh arguments. The function itself names the unit with all its instances,
    /// `app.restart(poll_updates)`; a text names one instance, `app.restart("probe[home]")`.
    ///
    /// The call makes the request; the returned future waits until all of them are up again. Requests made during a
    /// restart are merged into it. A failure while a unit stops is in the report and does not prevent its start; a unit
    /// that does not come up again has failed, as at any start.
    ///
    /// A unit must not await its own restart: it is asked to stop.
    ///
    /// A unit depends on another if it takes its resource as [`Res`](crate::Res), or is `after` it;
    /// [`Live`](crate::Live), `first` and `last` only order. A task that has ended is started again only if it is
    /// named, or if it has returned a resource.
    ///
    /// ```
    /// use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
    ///
    /// #[lifespan_context(manual)]
    /// async fn settings(scope: Scope<String>) {
    ///     scope.provide_until_shutdown("read again".to_owned()).await;
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
    /// Returns [`RestartError`], and nothing changes, if no registration of this app matches, if the app is not
    /// running, or if one of the units can be started only once. Also returned if the app shuts down before all of them
    /// are up again.
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
    fn unknown(name: &str) -> Self {
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
