//! Take traffic only while the service can answer.
//!
//! The app is [ready](crate::App::is_ready) when it is up, shutdown is not requested, all [checks](super::health) are
//! healthy, and every required unit is up and has recovered from its last failure. `/readyz` of `lifespan-axum` answers
//! 200 while the app is ready and 503 while it is not. `/readyz?verbose` names the units and checks that are the
//! reason, also while the app is degraded.
//!
//! `/startupz` answers 200 once the app has started. `/livez` answers 200 as long as the process answers at all: it
//! looks at no unit and no check, because a restart of the process would not repair them.
//!
//! Required are the units that a server needs, through a `Res`, a `Live` or `after`, and the units that those need in
//! turn. So a server whose pool is gone gets no traffic. A unit that accepts connections in its own loop declares that
//! it is required:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! # struct Pool;
//! # async fn lost() { tokio::time::sleep(Duration::from_secs(1)).await }
//! #[lifespan_context(restart(transient, backoff = "10s", jitter = 0.0))]
//! async fn pool(scope: Scope<Pool>) -> Result<(), std::io::Error> {
//!     match scope.provide_until_shutdown_or(Pool, lost()).await {
//!         (_, Some(())) => Err(std::io::ErrorKind::ConnectionReset.into()),
//!         (_, None) => Ok(()),
//!     }
//! }
//!
//! /// Accepts connections. The app is not ready while this unit, or its pool, is not up.
//! #[lifespan_task(readiness = "required")]
//! async fn serve(_pool: Res<Pool>, shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = lifespan::App::empty();
//! # app.register(PoolConfig {})?;
//! # app.register(ServeConfig {})?;
//! let running = app.start().await?;
//! assert!(app.is_ready());
//! tokio::time::sleep(Duration::from_secs(5)).await;
//! assert!(!app.is_ready(), "the pool waits for its restart");
//! # drop(running.stop().await);
//! # Ok(()) }
//! ```
//!
//! - Any other unit that waits for its restart or recovers makes the app [degraded](crate::App::is_degraded). The app
//!   stays ready: a background task that fails again and again takes no replica out of the load balancer.
//! - A unit that failed for good and whose failure is ignored counts too: the app is not ready if the unit is required,
//!   and degraded otherwise.
//! - A restart on request, by a reload, or after a return is not a failure and does not make the app degraded. While a
//!   required unit restarts, the app is not ready.
//! - A unit has recovered from a failure when it uses its `Ready`, or when it has stayed up for
//!   [`stable_after`](crate::App::stable_after), 10 s by default. With zero, it has recovered once it is up. A `once`
//!   task has recovered when it has returned.
//! - A failed run of a schedule changes nothing here: the schedule goes on.
//!
//! An operator sets the same in the file or by a variable:
//!
//! ```toml
//! [lifespan]
//! stable_after = "30s"            # LIFESPAN_APP__STABLE_AFTER
//!
//! [lifespan.policy.serve]
//! readiness = "required"          # LIFESPAN_POLICY__SERVE__READINESS
//! ```
//!
//! [Previous: Health](super::health) · [Contents](super) · Next: [Failure](super::failure)
