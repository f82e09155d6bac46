//! Imports what most files with units use: the attributes, [`App`], [`Report`], and every type that a parameter may ask
//! for.
//!
//! Without it, a forgotten import of [`Shutdown`] makes the compiler suggest `std::net::Shutdown`. A type of your own with
//! one of these names has priority, as has an explicit import.
//!
//! ```
//! use std::time::Duration;
//!
//! use lifespan::prelude::*;
//!
//! struct Pool;
//!
//! #[lifespan_context(manual)]
//! async fn pool(scope: Scope<Pool>) {
//!     scope.provide_until_shutdown(Pool).await;
//! }
//!
//! #[lifespan_task(manual)]
//! async fn sweep(_pool: Res<Pool>, shutdown: Shutdown) {
//!     while shutdown.sleep(Duration::from_secs(5)).await.is_elapsed() {
//!         println!("sweeping");
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(PoolConfig {})?;
//! app.register(SweepConfig {})?;
//! let report: Report = app.start().await?.stop().await;
//! assert!(report.is_success());
//! # Ok(()) }
//! ```

pub use crate::{
    App, Children, Health, Live, Ready, RegisterError, Report, Res, Scope, Shutdown, Tick, lifespan_context,
    lifespan_task,
};
