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

pub use crate::plan::registered::Registered;
pub use app::launch::Running;
pub use app::trigger::TriggerError;
pub use app::{App, RegisterError, Registration};
pub use base::cause::Cause;
pub use base::exit_code::ExitCode;
pub use base::location::Location;
pub use base::problem::{Problem, ProblemKind};
pub use base::thread::PollingThread;
pub use base::verdict::{Outcome, Stage};
pub use children::report::{ChildrenReport, NamedChildren};
pub use config::ConfigError;
pub use declare::info::Kind;
pub use declare::restart::Group;
pub use facts::config_change::ConfigChange;
pub use facts::event::{Event, RestartReason};
pub use facts::events::Events;
pub use facts::failure::Failure;
pub use facts::health_check::HealthCheck;
pub use facts::reason::Reason;
pub use facts::reload_error::ReloadError;
pub use facts::restart_error::RestartError;
pub use facts::run_outcome::RunOutcome;
pub use facts::snapshot::Snapshot;
pub use facts::status::{State, Status};
pub use facts::tick::Tick;
pub use inject::children::{Child, ChildAbortHandle, ChildError, Children, ChildrenHandle, IsolatedChildren};
pub use inject::health::{Health, HealthHandle};
pub use inject::live::{Live, LiveHandle};
pub use inject::ready::{Ready, ReadyHandle};
pub use inject::res::{Res, StillHeld};
pub use inject::scope::{Scope, ScopeHandle};
pub use inject::shutdown::{Shutdown, ShutdownTrigger, Slept};
pub use plan::Plan;
pub use plan::error::PlanError;
pub use report::{Report, RunError, UnitReport};
pub use run::child_output::ChildOutput;
pub use schedule::runs::Runs;
pub use unit::discovered::{Discovered, Unit};
