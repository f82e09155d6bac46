//! Restart a task that fails, with a growing delay and a limit.
//!
//! The policies are those of Erlang's supervisors:
//!
//! | `restart(…)` | the task is restarted |
//! |---|---|
//! | `permanent` | whenever it ends |
//! | `transient` | after an error or a panic |
//! | `temporary` | never; the same as without `restart` |
//!
//! ```
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(restart(transient, intensity = 5, period = "1m", backoff = "100ms..10s"))]
//! async fn receive() -> Result<(), std::io::Error> {
//!     tokio::task::yield_now().await;
//!     Err(std::io::ErrorKind::ConnectionReset.into())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::RegisterError> {
//! # let app = App::empty();
//! # app.register(ReceiveConfig {})?;
//! let report = app.launch().await;
//! assert_eq!(report.unit("receive").unwrap().restarts, 5);
//! assert!(report.take_error::<std::io::Error>().is_some());
//! # Ok(()) }
//! ```
//!
//! | setting | default | |
//! |---|---|---|
//! | `intensity` | `3` | the restart limit: at most so many restarts |
//! | `period` | `"30s"` | within this time |
//! | `backoff` | `"100ms..30s"` | the first delay and the longest; each is twice the previous one. A single duration is a constant delay, `"0s"` is none |
//! | `jitter` | `0.2` | the random share of a delay; `1.0` is full jitter |
//! | `reset_after` | `"60s"` | after a run of this length the delays start from the first again |
//!
//! - A failure beyond the limit is the failure of the task, with its error. It shuts the app down unless `on_failure =
//!   "ignore"`.
//! - Each start gets fresh clones of the arguments, and takes its resources again.
//! - While a task that has not been up waits for its restart, the units `after` it wait too, within the
//!   `startup_timeout`. Each start gets its own `Ready`; once the task has been up, `notify` on later ones has no
//!   effect.
//! - A task that was asked to stop is not restarted, and shutdown ends a delay at once.
//! - A sender among the arguments is kept for the next start: its channel stays open until the task has ended for good.
//!
//! # See the restarts
//!
//! Each restart is a warning in the [log](super::watching) with its error, and an
//! [`Event::Restarting`](crate::Event::Restarting). While the unit waits or recovers, the app is [degraded or not
//! ready](super::degraded). The report counts the restarts of each unit and keeps its last error
//! ([`UnitReport::last_failure`](crate::UnitReport::last_failure)).
//!
//! # Change the policy without a build
//!
//! An operator changes a policy in the file or by a variable:
//!
//! ```toml
//! [lifespan.policy.receive]       # LIFESPAN_POLICY__RECEIVE__RESTART_INTENSITY
//! restart = "transient"           # or "permanent", "temporary"
//! restart_intensity = 10
//! restart_period = "10m"
//! restart_backoff = "1s..1m"
//! restart_jitter = 0.5
//! restart_reset_after = "5m"
//! ```
//!
//! [`App::restart`](crate::App::restart) restarts a unit on request, with all units that depend on it.
//!
//! [Previous: Failure](super::failure) · [Contents](super) · Next: [Lost resources](super::lost_resources)
