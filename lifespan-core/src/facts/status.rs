//! The state of an app, and the status of a unit.

use std::fmt;

use tokio::time::Instant;

use crate::base::verdict::Outcome;

/// The state of an app.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::State;
/// assert_eq!(app.state(), State::New);
/// let running = app.start().await?;
/// assert_eq!(app.state().to_string(), "up");
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not launched yet, so units can be registered; or the launch was refused.
    New,
    /// Units are being started.
    Starting,
    /// Every unit has started.
    Up,
    /// Shutdown was requested: tasks end within their grace.
    Draining,
    /// Contexts are being torn down.
    Stopping,
    /// The run is over.
    Stopped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::New => "new",
            State::Starting => "starting",
            State::Up => "up",
            State::Draining => "draining",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        })
    }
}

/// The status of a unit.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::Status;
/// let running = app.start().await?;
/// for (unit, status) in &app.events().so_far().units {
///     assert_eq!(*status, Status::Up, "{unit}");
/// }
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Its turn has not come.
    Waiting,
    /// It is being started.
    Starting,
    /// It is up.
    Up,
    /// It has failed, or has returned, and waits for its next start, as its restart policy says.
    BackingOff {
        /// When it starts again.
        until: Instant,
        /// The number of that restart, counted from 1 since it was up for long.
        restart: u32,
    },
    /// It is being stopped.
    Stopping,
    /// It is over.
    Ended(Outcome),
}
