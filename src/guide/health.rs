//! Report that a unit is up but cannot do its work for a while.
//!
//! A remote server does not answer, or a queue is full. The unit takes a [`Health`](crate::Health), and reports when
//! that begins and when it is over:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! # async fn ask() -> Result<(), std::io::Error> { Err(std::io::ErrorKind::TimedOut.into()) }
//! #[lifespan_task(every = "10s")]
//! async fn probe(health: Health) {
//!     match ask().await {
//!         Ok(()) => health.set_healthy(),
//!         Err(error) => health.set_unhealthy(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = lifespan::App::empty();
//! # app.register(ProbeConfig {})?;
//! let running = app.start().await?;
//! tokio::time::sleep(Duration::from_secs(1)).await;
//! assert!(!app.is_ready());
//! assert_eq!(app.health()[0].reason.as_deref(), Some("timed out"));
//! # assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! To ask something that only answers, such as a server, let [`watch`](crate::Health::watch) do it:
//! `health.watch(Duration::from_secs(10), ping).after(3).run()` asks every ten seconds, and reports the third failure
//! in a row. An answer that takes longer than the period, or than `.timeout(…)`, is a failure too.
//!
//! - A unit sets its check, and a probe reads the last value. The check itself is never called, so a probe is answered
//!   at once, however slow the thing that the unit looks at.
//! - The app is [ready](super::degraded) only while all checks are healthy. `/readyz?verbose` names each check.
//! - A check begins healthy. If a unit starts unhealthy, call `set_unhealthy` before it is up.
//! - [`named`](crate::Health::named) gives a unit further checks: `health.named("replica")` is shown as
//!   `probe/replica`.
//! - A check ends with its unit, and starts healthy again after a restart. All runs of a schedule share one check.
//! - An unhealthy check never stops or restarts anything, and `/livez` does not look at checks: a restart of the
//!   process would not cure them. A unit that cannot continue returns an error.
//! - A check that becomes unhealthy is a warning in the log; one that is healthy again is a line at `INFO`. The events
//!   are [`Unhealthy`](crate::Event::Unhealthy) and [`Healthy`](crate::Event::Healthy).
//!   [`App::health`](crate::App::health) lists all checks.
//!
//! [Previous: Readiness](super::readiness) · [Contents](super) · Next: [Ready or degraded](super::degraded)
