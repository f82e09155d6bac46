//! The state of an app, and the status of a unit.

use std::fmt;

use tokio::time::Instant;

use crate::base::Outcome;

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
    /// The app is not launched yet, so units can be registered; or the launch was refused.
    New,
    /// Units are being started.
    Starting,
    /// Every unit has started.
    Up,
    /// Shutdown was requested: tasks end within their grace period.
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
    /// The unit waits for its turn.
    Waiting,
    /// The unit is being started.
    Starting,
    /// The unit is up.
    Up,
    /// The unit has failed or returned, and waits for its restart.
    BackingOff {
        /// The time of the restart.
        until: Instant,
        /// The number of the restart, counted from 1 since its last healthy run.
        restart: u32,
    },
    /// The unit is being stopped.
    Stopping,
    /// The unit has ended.
    Ended(Outcome),
}
