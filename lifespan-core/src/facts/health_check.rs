//! A health check of a unit.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::line;
use crate::plan::Registered;

/// The current state of a unit's health check, from [`App::health`](crate::App::health).
///
/// ```
/// use lifespan::{App, Health, Shutdown, lifespan_task};
///
/// #[lifespan_task(manual)]
/// async fn follow(health: Health, shutdown: Shutdown) {
///     health.named("replica").set_unhealthy("no connection");
///     shutdown.requested().await;
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(FollowConfig {})?;
/// # let running = app.start().await?;
/// for check in app.health().iter().filter(|check| !check.is_healthy()) {
///     assert_eq!(check.to_string(), "follow/replica");
///     assert_eq!(check.reason.as_deref(), Some("no connection"));
/// }
/// # running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthCheck {
    /// The unit.
    pub unit: Registered,
    /// The check's name; `None` for the unit's own check.
    pub name: Option<Arc<str>>,
    /// The reason why it is unhealthy; `None` while it is healthy.
    pub reason: Option<Arc<str>>,
    /// The time for which it has been healthy, or unhealthy.
    pub lasted: Duration,
}

impl HealthCheck {
    /// Returns whether the check is healthy.
    ///
    /// ```
    /// # use lifespan::{App, Health, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn follow(health: Health, shutdown: Shutdown) { health.set_healthy(); shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FollowConfig {})?;
    /// # let running = app.start().await?;
    /// assert!(app.health().iter().all(|check| check.is_healthy()));
    /// # running.stop().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.reason.is_none()
    }
}

impl fmt::Display for HealthCheck {
    /// Shows `poll` for a unit's own check, `poll/replica` for one with a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{}", self.unit, line(name)),
            None => write!(f, "{}", self.unit),
        }
    }
}
