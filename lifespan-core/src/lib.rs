//! The core of [`lifespan`](https://docs.rs/lifespan). Use that crate instead of this one.
//!
//! Along the flow, arrows only point rightwards: `registry → plan → run → report`.

mod app;
#[cfg(feature = "axum")]
pub mod axum;
mod base;
mod children;
mod config;
mod declare;
mod facts;
mod hub;
mod inject;
mod log;
mod machine;
mod plan;
#[doc(hidden)]
pub mod private;
mod report;
mod run;
mod schedule;
mod shared;
mod signal;
#[cfg(unix)]
mod systemd;
#[cfg(feature = "testing")]
pub mod testing;
mod unit;
mod watch;

pub use app::launch::Running;
pub use app::trigger::TriggerError;
pub use app::{App, RegisterError, Registration};
pub use base::{Cause, ExitCode, Location, Outcome, PollingThread, Problem, ProblemKind, Stage};
pub use children::{ChildrenReport, NamedChildren};
pub use config::ConfigError;
pub use declare::{Group, Kind};
pub use facts::Event;
pub use facts::{
    ConfigChange, Events, Failure, HealthCheck, Reason, ReloadError, RestartError, RestartReason, RunOutcome, Snapshot,
    State, Status, Tick,
};
pub use inject::{
    Child, ChildAbortHandle, ChildError, Children, ChildrenHandle, Health, HealthHandle, HealthWatch, IsolatedChildren,
    Live, LiveHandle, Ready, ReadyHandle, Res, Room, Scope, ScopeHandle, Shutdown, ShutdownTrigger, Slept, StillHeld,
};
pub use plan::{LeftOut, Plan, PlanError, Registered};
pub use report::{Report, RunError, UnitReport};
pub use run::ChildOutput;
pub use schedule::Runs;
pub use unit::{Discovered, Unit};
