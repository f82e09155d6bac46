//! Readiness, degradation and health checks of a run, for crates that report them to the outside.

#[cfg(feature = "axum")]
use std::any::TypeId;
use std::sync::Arc;

use super::handle::App;
use crate::base::short_type;
use crate::declare::{Hold, Need};
use crate::facts::{HealthCheck, State};
use crate::hub::Facts;
#[cfg(feature = "axum")]
use crate::plan::edges::provides;
use crate::plan::{Entry, Registered};

impl App {
    /// Returns whether a unit of this run provides that type, even if it is missing right now.
    #[cfg(feature = "axum")]
    pub(crate) fn is_planned(&self, ty: TypeId) -> bool {
        let registrations = self.hub().read(|facts| Arc::clone(&facts.registrations));
        registrations.running().any(|entry| provides(entry.unit).is_some_and(|provided| provided.id == ty))
    }

    /// Returns whether the app is ready: it is up, all [health checks](Self::health) are healthy, and every required
    /// unit is up and has recovered from its last failure. Required are the units with `readiness = "required"`, and
    /// everything that they and all servers need through a [`Res`](crate::Res), a [`Live`](crate::Live) or `after`. A
    /// unit has recovered when it calls [`Ready`](crate::Ready)`::notify`, or has stayed up for
    /// [`stable_after`](Self::stable_after). Once shutdown is requested, the app is not ready.
    ///
    /// ```
    /// let app = lifespan::App::empty();
    /// assert!(!app.is_ready());
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state() == State::Up && self.hub().read(Facts::is_ready)
    }

    /// Returns whether the app is degraded: a unit that is not required for [readiness](Self::is_ready) waits for its
    /// next start, or is recovering from a failure.
    ///
    /// ```
    /// use lifespan::{App, Shutdown, lifespan_task};
    ///
    /// /// Loses its connection once.
    /// #[lifespan_task(manual, restart(transient, backoff = "1m"))]
    /// async fn mirror(shutdown: Shutdown) -> Result<(), String> {
    ///     shutdown.sleep(std::time::Duration::from_secs(1)).await;
    ///     if shutdown.is_requested() { Ok(()) } else { Err("the connection is gone".to_owned()) }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(MirrorConfig {})?;
    /// let running = app.start().await?;
    /// tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    /// assert!(app.is_ready() && app.is_degraded());
    /// assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.state() == State::Up && self.hub().read(Facts::is_degraded)
    }

    /// Returns the units because of which the app is not ready or is degraded.
    #[doc(hidden)]
    #[must_use]
    pub fn weak_units(&self) -> Vec<Registered> {
        self.hub().read(Facts::weak_units)
    }

    /// Returns the health checks of units that take a [`Health`](crate::Health), in registration order, each unit's own
    /// first.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::{App, Health, Shutdown, lifespan_task};
    ///
    /// #[lifespan_task]
    /// async fn follow(health: Health, shutdown: Shutdown) {
    ///     health.set_unhealthy("has not caught up yet");
    ///     if shutdown.sleep(Duration::from_secs(5)).await.is_elapsed() {
    ///         health.set_healthy();
    ///         shutdown.requested().await;
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(FollowConfig {})?;
    /// let running = app.start().await?;
    /// tokio::time::sleep(Duration::from_secs(3)).await;
    /// let check = &app.health()[0];
    /// assert_eq!((check.to_string().as_str(), check.reason.as_deref()), ("follow", Some("has not caught up yet")));
    /// assert_eq!(check.lasted, Duration::from_secs(3));
    /// assert!(!app.is_ready());
    /// tokio::time::sleep(Duration::from_secs(3)).await;
    /// assert!(app.health()[0].is_healthy() && app.is_ready());
    /// assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn health(&self) -> Vec<HealthCheck> {
        self.hub().read(Facts::health)
    }

    /// Returns the resources that units take as `Live` and that are missing right now, by their type names.
    #[doc(hidden)]
    #[must_use]
    pub fn missing_resources(&self) -> Vec<String> {
        let registrations = self.hub().read(|facts| Arc::clone(&facts.registrations));
        let mut missing = Vec::new();
        for (ty, hold) in registrations.running().flat_map(Entry::all_needs).filter_map(Need::resource) {
            if hold == Hold::Live && !self.shared().resources().has(ty.id) {
                let name = short_type(ty.name);
                if !missing.contains(&name) {
                    missing.push(name);
                }
            }
        }
        missing
    }
}
