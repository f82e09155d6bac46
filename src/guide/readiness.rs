//! Say when a task is up, if it has to warm up first.
//!
//! A task is up at its first await. That is too early for one that has to load data first. Such a task takes a
//! [`Ready`](crate::Ready) and reports when it is up:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(startup_timeout = "10s")]
//! async fn search(ready: Ready, shutdown: Shutdown) {
//!     for shard in 0..3 {
//!         ready.extend(Duration::from_secs(10)); // moves the limit while work goes on
//!         tokio::time::sleep(Duration::from_secs(8)).await;
//!         println!("shard {shard} is loaded");
//!     }
//!     ready.notify();
//!     shutdown.requested().await;
//! }
//!
//! /// Starts when `search` has reported that it is ready.
//! #[lifespan_task(after(search))]
//! async fn serve(shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = lifespan::App::empty();
//! # app.register(SearchConfig {})?;
//! # app.register(ServeConfig {})?;
//! # let running = app.start().await?;
//! # assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! A task that returns, or drops its `Ready`, before it calls `notify` has failed to start, and the report says so. So
//! has a task that exceeds its `startup_timeout`. [`extend`](crate::Ready::extend) sets a new limit, counted from the
//! call.
//!
//! Code outside the units waits with [`App::when_up`](crate::App::when_up), which also returns when the app will not
//! come up.
//!
//! [Previous: Libraries](super::libraries) · [Contents](super) · Next: [Health](super::health)
