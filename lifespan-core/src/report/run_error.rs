//! `RunError`: an unsuccessful run as an error.

use std::error::Error;
use std::fmt;

use super::run_report::Report;
use crate::base::error_box;

impl Report {
    /// Converts the report for `?`: `Ok` if the exit code is 0.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let report = app.start().await?.stop().await;
    /// report.into_result()?;
    /// # Ok(()) }
    /// ```
    #[expect(clippy::result_large_err, reason = "it is returned once per app")]
    pub fn into_result(self) -> Result<(), RunError> {
        if self.is_success() { Ok(()) } else { Err(self.into_error()) }
    }

    pub(crate) fn into_error(self) -> RunError {
        let source = self.failures().iter().find(|failure| failure.counts()).and_then(|first| first.take_any_error());
        RunError { report: self, source }
    }
}

/// An unsuccessful run as an error, with its report. Its source is the error of the first failure.
///
/// ```
/// # use lifespan::{App, lifespan_task};
/// # #[lifespan_task(manual)]
/// # async fn fetch() -> Result<(), std::io::Error> {
/// #     tokio::task::yield_now().await;
/// #     Err(std::io::ErrorKind::TimedOut.into())
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(FetchConfig {})?;
/// let error = app.launch().await.into_result().unwrap_err();
/// assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "timed out");
/// assert_eq!(error.report().exit_code(), 1);
/// # Ok(()) }
/// ```
pub struct RunError {
    report: Report,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl RunError {
    /// Returns the report.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// let error = app.launch().await.into_result().unwrap_err();
    /// assert_eq!(error.report().exit_code(), 1);
    /// # Ok(()) }
    /// ```
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the report by value, for `main` to return: it sets the exit code.
    ///
    /// ```no_run
    /// # use lifespan::App;
    /// # #[tokio::main]
    /// async fn main() -> lifespan::Report {
    ///     let app = App::new();
    ///     match app.start().await {
    ///         Ok(running) => running.wait().await,
    ///         Err(error) => error.into_report(),
    ///     }
    /// }
    /// ```
    pub fn into_report(self) -> Report {
        self.report
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| error_box::shown(&**source))
    }
}
