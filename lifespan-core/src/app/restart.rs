//! `App::restart`: stops a unit with all that depends on it, and starts them again.

use std::future::Future;

use tokio::sync::oneshot;

use super::handle::App;
use crate::facts::{RestartError, State};
use crate::plan::Target;
use crate::shared::{Request, RestartCall};

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
        let (app, asked) = (self.clone(), self.ask_to_restart(&Target::of(unit)));
        async move { app.answer(asked?).await.unwrap_or(Err(RestartError::NotRunning { state: State::Stopped })) }
    }

    fn ask_to_restart(&self, target: &Target) -> Result<oneshot::Receiver<Result<(), RestartError>>, RestartError> {
        let registrations = self.launched().ok_or(RestartError::NotRunning { state: State::New })?;
        match self.state() {
            State::Starting | State::Up => {}
            state => return Err(RestartError::NotRunning { state }),
        }
        let units = target.find(&registrations);
        if units.is_empty() {
            let nearest = target.nearest(&registrations);
            return Err(RestartError::NotRegistered { name: target.name().to_owned(), nearest });
        }
        let (done, answer) = oneshot::channel();
        self.inbox().request(Request::Restart(RestartCall { units, done }));
        Ok(answer)
    }
}
