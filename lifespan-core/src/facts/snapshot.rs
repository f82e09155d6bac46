//! A snapshot of an app and its units.

use crate::facts::health_check::HealthCheck;
use crate::facts::status::{State, Status};
use crate::plan::Registered;

/// A snapshot of an app and its units.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::State;
/// let running = app.start().await?;
/// let events = app.events();
/// let now = events.so_far();
/// assert_eq!((now.state, now.ready, now.units.len()), (State::Up, true, 1));
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The state of the app.
    pub state: State,
    /// The value of [`App::is_ready`](crate::App::is_ready).
    pub ready: bool,
    /// The value of [`App::is_degraded`](crate::App::is_degraded).
    pub degraded: bool,
    /// Its registrations, in registration order.
    pub units: Vec<(Registered, Status)>,
    /// The units that have children, with the children's names and the number of each.
    pub children: Vec<(Registered, Vec<(String, usize)>)>,
    /// The health checks, in registration order.
    pub checks: Vec<HealthCheck>,
}
