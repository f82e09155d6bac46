//! Run an async function while the service is up.
//!
//! Annotate it. [`App::new`](crate::App::new) finds it; there is no list to maintain:
//!
//! ```standalone_crate
//! use lifespan::prelude::*;
//!
//! /// Says hello, once.
//! #[lifespan_task(once)]
//! async fn hello() {
//!     println!("hello");
//! }
//!
//! fn main() -> Report {
//!     App::new().run()
//! }
//! ```
//!
//! The [`prelude`](crate::prelude) has the attributes, [`App`](crate::App), [`Report`](crate::Report), and every type that
//! a parameter may ask for.
//!
//! [`run`](crate::App::run) creates a tokio runtime, runs the app on it, and shuts it down. It returns a
//! [`Report`](crate::Report), also when the plan is wrong and nothing ran. When `main` returns the report, it is
//! printed on standard error and sets the exit code. To handle it yourself, call
//! [`exit_code`](crate::Report::exit_code), [`failures`](crate::Report::failures) or
//! [`into_result`](crate::Report::into_result). A `main` that registers configs with `?` returns
//! `Result<Report, RegisterError>` and ends with `Ok(app.run())`.
//!
//! # Run until shutdown
//!
//! A task that loops takes a [`Shutdown`](crate::Shutdown), which notifies it when it should stop:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! #[lifespan_task]
//! async fn sweep(shutdown: Shutdown) {
//!     while shutdown.sleep(Duration::from_secs(60)).await.is_elapsed() {
//!         println!("sweeping");
//!     }
//!     println!("the last sweep");
//! }
//! ```
//!
//! [`Shutdown::or`](crate::Shutdown::or) waits for any other future in the same way, as does `tokio::select!` with
//! [`requested`](crate::Shutdown::requested). A task without a `Shutdown` is dropped at its next await.
//!
//! # In an async `main`
//!
//! If `main` awaits other things too, use `app.launch().await` instead of `run`. The runtime is then the program's own,
//! and its drop waits for every `spawn_blocking` closure. If one never returns and a signal stopped the app, the
//! process ends when the time for the stop is over: the report names the thread, and the exit code is 4.
//!
//! [Contents](super) · Next: [Resources](super::resources)
