//! The state of a run, and the hub that turns changes into events, lines of the log and the report.

mod checks;
mod facts;
mod failures;
mod hub;
mod hub_health;
mod hub_in_place;
mod hub_reading;
mod hub_runs;
mod moment;
mod snapshot;
mod status;
mod tense;

pub use checks::HealthCheck;
pub(crate) use facts::Facts;
pub(crate) use hub::{Decided, Hub};
pub(crate) use moment::{Moment, Record};
pub use snapshot::Snapshot;
pub use status::{State, Status};
pub(crate) use tense::Tense;
