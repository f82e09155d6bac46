//! Values that users read: events, failures, states, and the reasons why a call was refused.

mod config_change;
mod event;
mod events;
mod failure;
mod failure_text;
mod health_check;
mod reason;
mod reload_error;
mod restart_error;
mod run_end;
mod run_outcome;
mod snapshot;
mod status;
mod tick;

pub use config_change::ConfigChange;
pub use event::{Event, RestartReason};
pub use events::Events;
pub use failure::Failure;
pub use health_check::HealthCheck;
pub use reason::Reason;
pub use reload_error::ReloadError;
pub use restart_error::RestartError;
pub(crate) use run_end::{End, Progress};
pub use run_outcome::RunOutcome;
pub use snapshot::Snapshot;
pub use status::{State, Status};
pub use tick::Tick;
