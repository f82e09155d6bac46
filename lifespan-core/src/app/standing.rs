//! How the resources of a run stand, for crates that answer for the app to the outside.

#[cfg(feature = "axum")]
use std::any::TypeId;
use std::sync::Arc;

use super::App;
#[cfg(feature = "axum")]
use crate::plan::edges::provides;
use crate::plan::roster::{Entry, Registered, short_type};
use crate::state::{Facts, HealthCheck, State};
use crate::unit::Need;

impl App {
    /// Whether a unit of this run provides that, be it there at this moment or not.
    #[cfg(feature = "axum")]
    pub(crate) fn is_planned(&self, ty: TypeId) -> bool {
        let roster = self.hub().read(|facts| Arc::clone(&facts.roster));
        roster.running().any(|entry| provides(entry.unit).is_some_and(|provided| provided.id == ty))
    }

    /// Returns whether the app can do its work: it is up, all [health checks](Self::health) say so, and every unit that it
    /// requires is up and has recovered from its last failure. Required are the units that say `readiness = "required"`, and
    /// what they and all servers need, through a [`Res`](crate::Res), a [`Live`](crate::Live) or `after`. A unit has recovered
    /// when it says that it is [`Ready`](crate::Ready), or has stayed up for [`stable_after`](Self::stable_after). The app is not
    /// ready from the request for shutdown on.
    ///
    /// ```
    /// let app = lifespan::App::empty();
    /// assert!(!app.is_ready());
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state() == State::Up && self.hub().read(Facts::is_ready)
    }

    /// Returns whether a unit that the app does not require to be [ready](Self::is_ready) waits for its next start, or recovers
    /// from a failure: part of the app's work is not done.
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

    /// The units because of which the app is not ready or is degraded.
    #[doc(hidden)]
    #[must_use]
    pub fn weak_units(&self) -> Vec<Registered> {
        self.hub().read(Facts::weak_units)
    }

    /// The health checks of units that take a [`Health`](crate::Health), in registration order, each unit's own first.
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

    /// The resources that somebody takes as `Live`, and that are not there at this moment, by the names of their types.
    #[doc(hidden)]
    #[must_use]
    pub fn away(&self) -> Vec<String> {
        let roster = self.hub().read(|facts| Arc::clone(&facts.roster));
        let mut away = Vec::new();
        for need in roster.running().flat_map(Entry::all_needs) {
            if let Need::Live(ty) = need
                && !self.resources().has(ty.id)
            {
                let name = short_type(ty.name);
                if !away.contains(&name) {
                    away.push(name);
                }
            }
        }
        away
    }
}
