//! `App::reload`: reads the file and the environment again, and applies what has changed.

use std::future::Future;

use tokio::sync::oneshot;

use super::handle::App;
use crate::facts::{ConfigChange, ReloadError, State};
use crate::shared::Request;

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
    pub fn reload(&self) -> impl Future<Output = Result<Vec<ConfigChange>, ReloadError>> + Send + use<> {
        let (app, asked) = (self.clone(), self.ask_to_reload());
        async move { app.answer(asked?).await.unwrap_or(Err(ReloadError::NotRunning { state: State::Stopped })) }
    }

    fn ask_to_reload(&self) -> Result<oneshot::Receiver<Result<Vec<ConfigChange>, ReloadError>>, ReloadError> {
        if self.launched().is_none() {
            return Err(ReloadError::NotRunning { state: State::New });
        }
        match self.state() {
            State::Starting | State::Up => {}
            state => return Err(ReloadError::NotRunning { state }),
        }
        let (done, answer) = oneshot::channel();
        self.inbox().request(Request::Reload(Some(done)));
        Ok(answer)
    }
}
