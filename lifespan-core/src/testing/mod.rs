//! Tests of programs that use the framework: runs a part of a program, with fakes and in paused time.
//!
//! [`TestApp`] holds only the units that are named and what they need, reads no file and no environment, and installs
//! no signal handler. Time is paused: hours pass in milliseconds, and every run of the test is the same.
//!
//! ```
//! use std::time::Duration;
//! use lifespan::testing::TestApp;
//! use lifespan::{Res, Shutdown, lifespan_context, lifespan_task};
//!
//! struct Sensor { reading: u32 }
//!
//! /// The real one, which a test does not want.
//! #[lifespan_context]
//! async fn sensor() -> Result<Sensor, std::io::Error> {
//!     Err(std::io::Error::other("there is no sensor on this machine"))
//! }
//!
//! #[lifespan_task]
//! async fn watch(limit: u32, sensor: Res<Sensor>, shutdown: Shutdown) -> Result<(), String> {
//!     while shutdown.sleep(Duration::from_secs(60)).await.is_elapsed() {
//!         if sensor.reading > limit {
//!             return Err(format!("{} is more than {limit}", sensor.reading));
//!         }
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let app = TestApp::new().register(WatchConfig { limit: 5 }).provide(Sensor { reading: 6 }).start().await;
//! app.advance(Duration::from_secs(59)).await;
//! assert_eq!(app.events(), ["launched 1", "starting watch", "up watch", "app up"]);
//! app.advance(Duration::from_secs(1)).await;
//! let report = app.stop().await;
//! assert_eq!(report.take_error::<String>().as_deref(), Some("6 is more than 5"));
//! # }
//! ```
//!
//! [`TestApp::toml`], [`TestApp::set`] and [`TestApp::profile`] say what the app reads instead. With
//! [`TestApp::real_time`] time is not paused, so that a setup may talk to a real local server.
//!
//! [`TestRun::fail`], [`TestRun::panic`] and [`TestRun::hang`] make a unit fail, panic or hang at its next step. A
//! [`TestRun`] that is dropped without being stopped, or that leaves a task running, fails its test and names what
//! still runs.

mod runtime;
mod test_app;
mod test_run;
mod wall_clock;

pub use test_app::TestApp;
pub use test_run::TestRun;
pub use wall_clock::WallClock;
