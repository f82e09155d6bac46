//! What runs: the core of [`lifespan`](https://docs.rs/lifespan), which is the crate to use.
//!
//! Along the flow, arrows only point rightwards: `registry → plan → run → report`.

mod app;
#[cfg(feature = "axum")]
pub mod axum;
mod chance;
mod config;
mod event;
mod exit_code;
mod failure;
mod headline;
mod inject;
mod kept;
mod log;
mod machine;
mod plan;
#[doc(hidden)]
pub mod private;
mod probe;
mod registry;
mod report;
mod ring;
mod run;
mod schedule;
mod state;
mod sync;
#[cfg(unix)]
mod systemd;
mod tally;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod unit;
mod unwind;
mod verdict;
mod watch;

pub use app::launch::Running;
pub use app::reload::ReloadError;
pub use app::restart::RestartError;
pub use app::trigger::{RunOutcome, TriggerError};
pub use app::{App, PlanError, RegisterError, Registration};
pub use config::ConfigError;
pub use event::{ConfigChange, Event, Events, Reason, RestartReason};
pub use exit_code::ExitCode;
pub use failure::{Cause, Failure};
pub use inject::children::{
    Child, ChildAbortHandle, ChildError, ChildOutput, Children, ChildrenHandle, IsolatedChildren,
};
pub use inject::health::{Health, HealthHandle};
pub use inject::live::{Live, LiveHandle};
pub use inject::ready::{Ready, ReadyHandle};
pub use inject::res::{Res, StillHeld};
pub use inject::scope::{Scope, ScopeHandle};
pub use inject::shutdown::{Shutdown, ShutdownTrigger, Slept};
pub use inject::tick::Tick;
pub use plan::Plan;
pub use plan::discovered::{Discovered, Unit};
pub use plan::problem::{Problem, ProblemKind};
pub use plan::roster::Registered;
pub use report::{Report, RunError, UnitReport};
pub use schedule::runs::Runs;
pub use state::{HealthCheck, Snapshot, State, Status};
pub use tally::{ChildrenReport, NamedChildren};
pub use unit::{Group, Kind, Location};
pub use verdict::{Outcome, Stage};
pub use watch::thread::PollingThread;
