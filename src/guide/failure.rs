//! Decide what the failure of a task does to the app, and read the error afterwards.
//!
//! By default a task that returns an error or panics shuts the app down gracefully. Every error is in the report, the
//! first cause first, each with its original type:
//!
//! ```
//! use lifespan::prelude::*;
//!
//! #[derive(Debug, PartialEq)]
//! struct Full { bytes: u64 }
//! # impl std::fmt::Display for Full {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "the disk is full") }
//! # }
//! # impl std::error::Error for Full {}
//!
//! #[lifespan_task]
//! async fn write_log() -> Result<(), Full> {
//!     tokio::task::yield_now().await;
//!     Err(Full { bytes: 7 })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
//! # let app = App::empty();
//! # app.register(WriteLogConfig {})?;
//! let report = app.launch().await;
//! assert_eq!(report.exit_code(), 1);
//! let error = report.failures()[0].take_error::<Full>();
//! assert_eq!(error, Some(Full { bytes: 7 }));
//! # Ok(()) }
//! ```
//!
//! | what fails | what happens | exit code |
//! |---|---|---|
//! | a setup fails, panics or times out during startup, unless the app is a batch | the started units are stopped in reverse order, the others never start | 3 |
//! | a task fails or panics before the app is up, unless the app is a batch | the same | 3 |
//! | a unit fails after the app is up; in a [batch](super::batch), at any time | the app shuts down in order | 1 |
//! | a stop is incomplete: a task exceeds its grace period, a teardown fails or times out, a thread does not return | the rest is stopped | 4 |
//!
//! With `on_failure = "ignore"` the app stays up, and the report keeps the error. That does not cover the last row.
//!
//! A task that takes `Shutdown` and returns before shutdown is requested causes a warning; one without has finished.
//! With `on_return = "shutdown"` its return shuts the app down, with `"ignore"` it causes no warning.
//!
//! To restart a task that fails, see the next chapter.
//!
//! [Previous: Ready or degraded](super::degraded) · [Contents](super) · Next: [Restarts](super::restarts)
