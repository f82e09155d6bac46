//! Runs the background tasks of a service, and the resources that are set up before it is up and torn down when it stops.
//!
//! You annotate async functions. The framework finds them at link time, checks the whole plan before any unit runs, starts
//! the units in order, supervises them, and stops them in reverse order.
//!
//! ```standalone_crate,no_run
//! use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! struct Model { factor: f64 }
//!
//! /// Sets up the model before the app is up, and releases it during shutdown.
//! #[lifespan_context]
//! async fn setup_model(#[config(default = 42.0)] factor: f64, scope: Scope<Model>) {
//!     let model = Model { factor };                           // startup
//!     let model = scope.provide_until_shutdown(model).await;  // the app is up
//!     println!("the model of {} is released", model.factor);  // shutdown
//! }
//!
//! /// Prints a line every five seconds, until shutdown is requested.
//! #[lifespan_task]
//! async fn poll(#[config(default = "poll")] name: String, model: Res<Model>, shutdown: Shutdown) {
//!     while shutdown.sleep(Duration::from_secs(5)).await.is_elapsed() {
//!         println!("{name}: {}", model.factor);
//!     }
//! }
//!
//! fn main() -> Report {
//!     App::new().run()
//! }
//! ```
//!
//! The [`guide`] has a chapter for each thing that you want to do, from a first task to deployment. Start with
//! [`lifespan_task`](macro@lifespan_task), [`lifespan_context`](macro@lifespan_context) and [`App`], which are in the
//! [`prelude`].
//!
//! # Features
//!
//! - `config` (default): keyword arguments and settings from `lifespan.toml` and the environment. Without it, values come
//!   from defaults and code.
//! - `cron`: schedules by the wall clock, `cron = "…"`, with time zones.
//! - `axum`: a web server as a unit, and resources as extractors in its handlers: `lifespan::axum`, which is the crate
//!   `lifespan-axum`.
//! - `testing`: [`testing::TestApp`], for `[dev-dependencies]`.
//! - `linkme`: collects the units with `linkme` instead of `inventory`.

pub mod guide;
pub mod prelude;

pub use lifespan_core::{
    App, Cause, Child, ChildAbortHandle, ChildError, ChildOutput, Children, ChildrenHandle, ChildrenReport,
    ConfigChange, ConfigError, Discovered, Event, Events, ExitCode, Failure, Group, Health, HealthCheck, HealthHandle,
    HealthWatch, IsolatedChildren, Kind, LeftOut, Live, LiveHandle, Location, NamedChildren, Outcome, Plan, PlanError,
    PollingThread, Problem, ProblemKind, Ready, ReadyHandle, Reason, RegisterError, Registered, Registration,
    ReloadError, Report, Res, RestartError, RestartReason, Room, RunError, RunOutcome, Running, Runs, Scope,
    ScopeHandle, Shutdown, ShutdownTrigger, Slept, Snapshot, Stage, State, Status, StillHeld, Tick, TriggerError, Unit,
    UnitReport,
};
pub use lifespan_macros::{discover, group, lifespan_context, lifespan_task};

#[cfg(feature = "axum")]
pub use lifespan_axum as axum;
#[cfg(feature = "testing")]
pub use lifespan_core::testing;

#[doc(hidden)]
pub use lifespan_core::private as __private;

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
