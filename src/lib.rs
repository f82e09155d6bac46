//! Runs what lives as long as a service does: background tasks, and resources that are set up before the service is up
//! and torn down as it goes down.
//!
//! You annotate async functions. The framework finds them at link time, checks the whole plan before anything runs,
//! starts it in order, watches it, and stops it in reverse.
//!
//! ```standalone_crate,no_run
//! use std::time::Duration;
//! use lifespan::{App, Report, Res, Scope, Shutdown, lifespan_context, lifespan_task};
//!
//! struct Model { factor: f64 }
//!
//! /// Sets the model up before the app is up, and releases it as the app goes down.
//! #[lifespan_context]
//! async fn setup_model(#[config(default = 42.0)] factor: f64, scope: Scope<Model>) {
//!     let model = Model { factor };                           // startup
//!     let model = scope.provide_until_shutdown(model).await;  // the app is up
//!     println!("{} is released", model.factor);               // shutdown
//! }
//!
//! /// Does something every five seconds, until it is told to stop.
//! #[lifespan_task]
//! async fn poll(name: String, model: Res<Model>, shutdown: Shutdown) -> Result<(), std::io::Error> {
//!     while shutdown.sleep(Duration::from_secs(5)).await.is_elapsed() {
//!         println!("{name}: {}", model.factor);
//!     }
//!     Ok(())
//! }
//!
//! fn main() -> Result<Report, lifespan::RegisterError> {
//!     let app = App::new();
//!     app.register(PollConfig { name: "first".to_owned() })?;
//!     Ok(app.run())
//! }
//! ```
//!
//! The [`guide`] goes from a first task to deployment.
//!
//! # The words
//!
//! | | |
//! |---|---|
//! | unit | a task or a context: an annotated function |
//! | [task](macro@lifespan_task) | runs while the app is up |
//! | [context](macro@lifespan_context) | sets something up, holds it, tears it down |
//! | resource | the value a context provides; taken as [`Res<T>`](Res) |
//! | config | the struct made from a unit's keyword arguments: `PollConfig` for `poll` |
//! | registration | one instance of a unit with one config; a task may have several |
//! | discovered | everything that the linker collected: what [`discover!`] lists |
//! | registered | what this app runs: [`App::registered`] |
//! | [plan](Plan) | the registrations, checked and ordered; no user code has run yet |
//! | [report](Report) | what became of every registration, with an exit code |
//!
//! # The rules in short
//!
//! - Units start in the order in which they stand in the source, except that what a unit needs comes first.
//! - Whatever is wrong with the plan is told at once, before anything runs: a missing argument, a missing provider, a
//!   cycle, an unknown name.
//! - A unit stops only when nothing that depends on it still runs.
//! - The code behind `provide_until_shutdown` runs once for every context that has provided, whatever else fails.
//! - No task dies in silence: an error or a panic takes the app down in order, unless the task is declared
//!   `on_failure = "ignore"`, or starts the task again, as its `restart(…)` says.
//! - Every wait has a limit: 60 s for a unit to come up, 10 s for a task to stop, 5 s for a teardown, 25 s for the whole
//!   stop.
//!
//! # Features
//!
//! - `config` (default): keyword arguments from `lifespan.toml` and the environment. Without it, defaults and code give
//!   values.
//! - `testing`: [`testing::TestApp`], for `[dev-dependencies]`.
//! - `cron`: schedules by the wall clock, `cron = "…"`, with the zones of the world.
//! - `axum`: a server of axum as a unit, and resources as extractors in its handlers: `lifespan::axum`, which is the crate
//!   `lifespan-axum`.
//! - `linkme`: collects the units with `linkme` in place of `inventory`.

pub mod guide;

pub use lifespan_core::{
    App, Cause, Child, ChildAbortHandle, ChildError, ChildOutput, Children, ChildrenHandle, ChildrenReport,
    ConfigChange, ConfigError, Discovered, Event, Events, ExitCode, Failure, Group, Health, HealthCheck, HealthHandle,
    IsolatedChildren, Kind, Live, LiveHandle, Location, NamedChildren, Outcome, Plan, PlanError, PollingThread,
    Problem, ProblemKind, Ready, ReadyHandle, Reason, RegisterError, Registered, Registration, ReloadError, Report,
    Res, RestartError, RestartReason, RunError, RunOutcome, Running, Runs, Scope, ScopeHandle, Shutdown,
    ShutdownTrigger, Slept, Snapshot, Stage, State, Status, StillHeld, Tick, TriggerError, Unit, UnitReport,
};
pub use lifespan_macros::{discover, group, lifespan_context, lifespan_task};

#[cfg(feature = "axum")]
pub use lifespan_axum as axum;
#[cfg(feature = "testing")]
pub use lifespan_core::testing;

#[doc(hidden)]
pub use lifespan_core::private as __private;
