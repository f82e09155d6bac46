//! See what happens: in the log, as events, and in the report.
//!
//! # The log
//!
//! The log is written with `tracing`, with the target `lifespan`; install any subscriber. Starts and stops of units are
//! at `INFO`, failures at `ERROR` (at `WARN` if the unit is restarted or the failure is ignored), and single steps at
//! `DEBUG`.
//!
//! If the program installs no subscriber, an [`App::new`](crate::App::new) writes its warnings and errors to standard
//! error, at most one warning and one error per unit and second. Of further lines within that second the last one is
//! written when it is over, or at the end of the run, with the number of lines left out. An error that ends the app is
//! written at once. If standard error is not read, restarts and the stop still work.
//! [`App::without_warnings`](crate::App::without_warnings) turns this off.
//!
//! # Events
//!
//! [`App::events`](crate::App::events) first gives the current state, and then each [`Event`](crate::Event) as it
//! happens:
//!
//! ```
//! use lifespan::{App, Event, lifespan_task};
//!
//! #[lifespan_task(once)]
//! async fn step() {}
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
//! # let app = App::empty();
//! # app.register(StepConfig {})?;
//! let mut events = app.events();
//! let report = app.launch().await;
//! let mut up = Vec::new();
//! while let Some(event) = events.next().await {
//!     if let Event::Up { unit, .. } = event {
//!         up.push(unit.name());
//!     }
//! }
//! assert_eq!(up, ["step"]);
//! # assert!(report.is_success());
//! # Ok(()) }
//! ```
//!
//! # The report
//!
//! The [`Report`](crate::Report) has the outcome of every registration: how long it was up, its restarts, runs and
//! children, and its last error.
//!
//! [Previous: Batch jobs](super::batch) · [Contents](super) · Next: [Testing](super::testing)
