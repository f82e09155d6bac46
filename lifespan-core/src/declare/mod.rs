//! The declarations of attributes, which the operator may override, as plain data.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

#[cfg(feature = "cron")]
mod cron;
#[cfg(not(feature = "cron"))]
#[path = "cron_disabled.rs"]
mod cron;
mod info;
mod need;
pub(crate) mod options;
pub(crate) mod restart;
pub(crate) mod schedule;

pub(crate) use cron::Line;
pub use info::{Argument, Edge, Kind, UnitInfo};
pub use need::Need;
pub(crate) use need::{Hold, need_names};
pub use options::{OnFailure, OnReturn, OnShutdown, Options};
pub use restart::{Group, Restart, Strategy, When};
pub use schedule::{Begin, Missed, Overlap, Schedule, Timing, Written};
