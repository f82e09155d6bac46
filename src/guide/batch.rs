//! Run a few steps in order, and end.
//!
//! The run is over when all tasks have finished, so a program of `once` tasks is a batch job. The value that a `once`
//! task returns is a resource for the steps that take it:
//!
//! ```
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(once)]
//! async fn read() -> Vec<u32> {
//!     vec![1, 2, 3]
//! }
//!
//! #[lifespan_task(once)]
//! async fn add_up(numbers: Res<Vec<u32>>, app: App) {
//!     if numbers.iter().sum::<u32>() != 6 {
//!         app.exit(9); // the exit code
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
//! # let app = App::empty();
//! # app.register(AddUpConfig {})?;
//! # app.register(ReadConfig {})?;
//! assert_eq!(app.launch().await.exit_code(), 0);
//! # Ok(()) }
//! ```
//!
//! A helper beside the steps, such as one that reports progress, is a `background` task: it keeps nothing open, so the
//! run is over when all other tasks have finished.
//!
//! ```
//! use std::time::Duration;
//!
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(once)]
//! async fn import() {
//!     tokio::time::sleep(Duration::from_secs(5)).await;
//! }
//!
//! #[lifespan_task(background)]
//! async fn report_progress(shutdown: Shutdown) {
//!     while shutdown.sleep(Duration::from_secs(1)).await.is_elapsed() {
//!         println!("importing");
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::RegisterError> {
//! # let app = App::empty();
//! # app.register(ReportProgressConfig {})?;
//! # app.register(ImportConfig {})?;
//! assert!(app.launch().await.is_success());
//! # Ok(()) }
//! ```
//!
//! If at least one task is `once` and all others are `once` or `background`, any failure gives exit code 1, even before the app is up.
//!
//! An app that has only contexts and `background` tasks, or that uses [`App::stay_up`](crate::App::stay_up), waits for a request for shutdown
//! instead.
//!
//! [Previous: Stopping](super::stopping) · [Contents](super) · Next: [Watching a run](super::watching)
