//! The outcome of a unit, and the stage and severity of its failures: terms shared by machine, failures and report.

use std::fmt;

/// The way in which a unit ended.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::Outcome;
/// let report = app.start().await?.stop().await;
/// assert_eq!(report.unit("serve").unwrap().outcome, Outcome::Stopped);
/// assert_eq!(Outcome::TimedOut.to_string(), "timed out, dropped");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The unit was never started.
    NotStarted,
    /// A task returned before it was asked to stop.
    Returned,
    /// The unit was asked to stop, or left to finish, and ended in time; a context was torn down.
    Stopped,
    /// The unit was dropped at an await: a task with `on_shutdown = "drop"`, or a setup that was running when the app
    /// stopped.
    Dropped,
    /// The unit exceeded its limit and was dropped.
    TimedOut,
    /// The unit failed: see the failures in the report.
    Failed,
    /// The unit could not be stopped: its body blocks its thread, or its thread does not return.
    NotYielding,
    /// The unit could not be stopped, because other code blocked its thread.
    Starved,
    /// The unit was dropped because of a second signal.
    Forced,
}

impl Outcome {
    /// Returns whether the unit did not end as it should.
    pub(crate) fn is_bad(self) -> bool {
        match self {
            Self::TimedOut | Self::Failed | Self::NotYielding | Self::Starved | Self::Forced => true,
            Self::NotStarted | Self::Returned | Self::Stopped | Self::Dropped => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::NotStarted => "not started",
            Outcome::Returned => "returned",
            Outcome::Stopped => "stopped",
            Outcome::Dropped => "dropped",
            Outcome::TimedOut => "timed out, dropped",
            Outcome::Failed => "failed",
            Outcome::NotYielding => "not yielding",
            Outcome::Starved => "its thread was blocked, not stopped",
            Outcome::Forced => "dropped by force",
        })
    }
}

/// The stage at which a unit failed.
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
/// # use lifespan::Stage;
/// let report = app.launch().await;
/// assert_eq!(report.failures()[0].stage(), Stage::Running);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The startup: a context's setup, a task's first step, the whole run of a `once` task.
    Startup,
    /// The time while the unit was up.
    Running,
    /// The stop: a context's teardown, a task's cleanup, a destructor.
    Shutdown,
}

/// The effect of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Severity {
    /// Stops the app, and decides the exit code if nothing did before.
    Full,
    /// Leaves the app up, as the unit declares with `on_failure = "ignore"`.
    Ignored,
    /// The unit restarts, or it failed while it was stopped for a restart; or its schedule continues.
    Recovered,
    /// The unit would have restarted, but the app was stopping: the exit code stays.
    Absorbed,
    /// The unit should have restarted, but did not: the app stopped before, or a reload removed the unit.
    Unrecovered,
}

impl Severity {
    /// All severities, each at the index of its number.
    pub(crate) const ALL: [Self; 5] = [Self::Full, Self::Ignored, Self::Recovered, Self::Absorbed, Self::Unrecovered];
}
