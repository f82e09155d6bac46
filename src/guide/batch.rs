//! Run a few steps in order, and end.
//!
//! The run is over when all tasks have finished, so a program of `once` tasks is a batch job. The value that a `once`
//! task returns is a resource for the steps that take it:
//!
//! ```
//! use lifespan::{App, Res, lifespan_task};
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
//! An app that has only contexts, or that uses [`App::stay_up`](crate::App::stay_up), waits for a request for shutdown
//! instead.
//!
//! [Previous: Stopping](super::stopping) · [Contents](super) · Next: [Watching a run](super::watching)
