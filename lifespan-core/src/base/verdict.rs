//! How a unit's life is judged: the words that the machine, the failures and the report share.

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
    /// It was never started.
    NotStarted,
    /// A task returned before it was asked to stop.
    Returned,
    /// It was asked to stop, or let finish, and ended in time; a context was torn down.
    Stopped,
    /// It was dropped at an await point: a task with `on_shutdown = "drop"`, or a context's setup as the app stopped.
    Dropped,
    /// It took longer than its limit and was dropped.
    TimedOut,
    /// It failed: see the report's failures.
    Failed,
    /// It could not be stopped: its body blocks its thread, or its thread does not return.
    NotYielding,
    /// It could not be stopped, because something else blocked its thread.
    Starved,
    /// A second signal dropped it.
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

/// The part of a unit's life in which it failed.
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
    /// Before it was up: a context's setup, a task's first step, a `once` task's whole run.
    Startup,
    /// While it was up.
    Running,
    /// While it was being stopped: a context's teardown, a task's cleanup, a destructor.
    Shutdown,
}

/// The effect of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    /// Stops the app, and decides the exit code where nothing did before.
    Full,
    /// Leaves the app up, as the unit declares with `on_failure = "ignore"`.
    Ignored,
    /// Has the unit start again, or came while the unit was stopped for a restart; or a schedule goes on.
    Recovered,
    /// Came while the app stopped, and would have had the unit start again: the exit code stays.
    Absorbed,
    /// Was to be recovered from, but the unit did not start again: the app stopped before, or a reload took the unit out.
    Unrecovered,
}

impl Weight {
    /// All, each at the place of its number.
    pub(crate) const ALL: [Self; 5] = [Self::Full, Self::Ignored, Self::Recovered, Self::Absorbed, Self::Unrecovered];
}
