//! What attributes declare and the operator overrides, as plain data.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

#[cfg(feature = "cron")]
mod cron;
#[cfg(not(feature = "cron"))]
#[path = "cron_disabled.rs"]
mod cron;
mod info;
pub(crate) mod options;
pub(crate) mod restart;
pub(crate) mod schedule;

pub(crate) use cron::Line;
pub(crate) use info::need_names;
pub use info::{Argument, Edge, Kind, Need, UnitInfo};
pub use options::{OnFailure, OnReturn, OnShutdown, Options};
pub use restart::{Group, Restart, Strategy, When};
pub use schedule::{Begin, Missed, Overlap, Schedule, Timing, Written};
