//! `App::shutdown` and `App::exit`.

use std::sync::Arc;

use super::handle::App;
use crate::facts::Reason;

impl App {
    /// Requests shutdown. Before the launch: the run starts nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn stop_soon(app: App) {
    ///     tokio::time::sleep(Duration::from_secs(1)).await;
    ///     app.shutdown();
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(StopSoonConfig {})?;
    /// assert!(app.launch().await.is_success());
    /// # Ok(()) }
    /// ```
    pub fn shutdown(&self) {
        self.request(Reason::Asked);
    }

    /// Requests shutdown with a reason: tasks see it through `Shutdown::reason`, and it is in the log and the report.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.shutdown_because("the license has expired");
    /// let report = running.wait().await;
    /// assert_eq!(report.reason().unwrap().to_string(), "the license has expired");
    /// # Ok(()) }
    /// ```
    pub fn shutdown_because(&self, reason: impl Into<Arc<str>>) {
        self.request(Reason::Because(reason.into()));
    }

    /// Requests shutdown with an exit code for the report, which is used unless something else fails first.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.exit(42);
    /// assert_eq!(running.wait().await.exit_code(), 42);
    /// # Ok(()) }
    /// ```
    pub fn exit(&self, code: u8) {
        self.request(Reason::Exit(code));
    }

    pub(crate) fn request(&self, reason: Reason) {
        self.shared().request(reason);
    }
}
