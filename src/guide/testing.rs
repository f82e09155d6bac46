//! Test a task that runs every hour, without waiting an hour.
//!
//! # One function
//!
//! An annotated function is still a function: call it. With tokio's paused time no test waits:
//!
//! ```
//! # use std::sync::atomic::{AtomicU32, Ordering};
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! #[derive(Default)]
//! struct Ticks(AtomicU32);
//!
//! #[lifespan_context]
//! async fn ticks(scope: Scope<Ticks>) -> Result<(), String> {
//!     let ticks = scope.provide_until_shutdown(Ticks::default()).await;
//!     match ticks.0.load(Ordering::Relaxed) {
//!         0 => Err("no tick was counted".to_owned()),
//!         _ => Ok(()),
//!     }
//! }
//!
//! #[lifespan_task]
//! async fn tick(every: Duration, ticks: Res<Ticks>, shutdown: Shutdown) {
//!     while shutdown.sleep(every).await.is_elapsed() {
//!         ticks.0.fetch_add(1, Ordering::Relaxed);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! // The task alone.
//! let (trigger, shutdown) = Shutdown::pair();
//! let counted = Res::new(Ticks::default());
//! let task = tokio::spawn(tick(Duration::from_secs(1), counted.clone(), shutdown));
//! tokio::time::sleep(Duration::from_millis(2500)).await;
//! trigger.shutdown();
//! task.await.unwrap();
//! assert_eq!(counted.0.load(Ordering::Relaxed), 2);
//!
//! // The context alone.
//! let (mut handle, scope) = Scope::pair();
//! let context = tokio::spawn(ticks(scope));
//! handle.provided().await.0.store(7, Ordering::Relaxed);
//! handle.shutdown();
//! assert_eq!(context.await.unwrap(), Ok(()));
//! # }
//! ```
//!
//! [`Ready`](crate::Ready::pair), [`Health`](crate::Health::pair), [`Children`](crate::Children::pair) and
//! [`Live`](crate::Live::pair) have a `pair` too: the parameter, and a handle for the test.
//!
//! # A part of the program
//!
//! [`TestApp`](crate::testing::TestApp) (feature `testing`) runs the named units and those that they need, in paused
//! time. `provide(value)` replaces a context; units that only this context needs do not run:
//!
//! ```
//! use std::time::Duration;
//! use lifespan::testing::TestApp;
//! use lifespan::prelude::*;
//!
//! struct Rate(f64);
//!
//! #[lifespan_context]
//! async fn rate() -> Rate {
//!     unreachable!("a test does not ask the bank")
//! }
//!
//! #[lifespan_task(once)]
//! async fn convert(#[config(default = 100.0)] amount: f64, rate: Res<Rate>) -> String {
//!     format!("{:.2}", amount * rate.0)
//! }
//!
//! #[lifespan_task(restart(transient, backoff = "10s", jitter = 0.0))]
//! async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> {
//!     shutdown.requested().await;
//!     Ok(())
//! }
//!
//! #[lifespan_task(every = "1h", start = "after_first_period")]
//! async fn summarize() {}
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! // A day of a task that runs every hour.
//! let app = TestApp::new().with(summarize).start().await;
//! app.advance(Duration::from_secs(24 * 3600)).await;
//! assert_eq!(app.stop().await.unit("summarize").unwrap().runs.as_ref().unwrap().started, 24);
//!
//! // A fake instead of a context.
//! let app = TestApp::new().with(convert).provide(Rate(1.25)).configure(|app| app.stay_up()).start().await;
//! assert_eq!(*app.resource::<String>().unwrap(), "125.00");
//! assert!(app.stop().await.is_success());
//!
//! // Failures on demand, and the exact events.
//! let app = TestApp::new().with(receive).start().await;
//! app.fail(receive, std::io::Error::other("the connection broke"));
//! app.advance(Duration::from_secs(10)).await;
//! let begin = ["launched 1", "starting receive", "up receive", "app up"];
//! let again = ["restarting receive 1", "starting receive", "up receive"];
//! assert_eq!(app.events(), [&begin[..], &again].concat());
//! app.hang(receive);
//! let report = app.stop().await;
//! // It did not end within its grace period, ten seconds.
//! assert_eq!(report.exit_code(), 4);
//! assert_eq!(report.unit("receive").unwrap().outcome.to_string(), "timed out, dropped");
//! # }
//! ```
//!
//! [`fail`](crate::testing::TestRun::fail), [`panic`](crate::testing::TestRun::panic) and
//! [`hang`](crate::testing::TestRun::hang) act at the unit's next step. A test that does not stop its app, or that
//! leaves a task behind, fails and names what still runs.
//!
//! # Arguments, settings and real servers
//!
//! A `TestApp` reads no file and no environment. [`toml`](crate::testing::TestApp::toml) gives it a text instead,
//! [`set`](crate::testing::TestApp::set) single values, and [`profile`](crate::testing::TestApp::profile) a profile. For
//! a real server, [`real_time`](crate::testing::TestApp::real_time) leaves time as it is.
//!
//! ```standalone_crate
//! use lifespan::prelude::*;
//! use lifespan::testing::TestApp;
//! use tokio::net::{TcpListener, TcpStream};
//!
//! #[lifespan_context]
//! async fn connection(host: String, port: u16) -> Result<TcpStream, std::io::Error> {
//!     TcpStream::connect((host, port)).await
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
//! let server = TcpListener::bind("127.0.0.1:0").await?;
//! let app = TestApp::new()
//!     .with(connection)
//!     .toml("[tasks.connection]\nhost = '127.0.0.1'")
//!     .set("tasks.connection.port", server.local_addr()?.port())
//!     .real_time();
//! assert!(app.start().await.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! # Handlers
//!
//! `lifespan_axum::with_app(router, &app)` binds a router to an app, so that a test calls it: `router.oneshot(request)`.
//!
//! # The whole program
//!
//! To run it with its real sources, use [`App::new`](crate::App::new) with `.without_signals().never_exit()`.
//! [`App::replace`](crate::App::replace) replaces the resource of one of its contexts by a value.
//!
//! [Previous: Watching a run](super::watching) · [Contents](super) · Next: [Developing](super::developing)
