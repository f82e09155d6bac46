//! Runs what lives as long as a service does.

pub use lifespan_core::{
    App, Cause, ConfigError, Discovered, Event, Events, Failure, Kind, Location, Outcome, Plan, PlanError, Problem,
    ProblemKind, Reason, RegisterError, Registered, Registration, Report, Res, RunError, Running, Scope, ScopeHandle,
    Shutdown, ShutdownTrigger, Slept, Snapshot, Stage, State, Status, StillHeld, Unit, UnitReport,
};
pub use lifespan_macros::{discover, lifespan_context, lifespan_task};

#[doc(hidden)]
pub use lifespan_core::private as __private;
