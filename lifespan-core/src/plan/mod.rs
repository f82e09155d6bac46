//! The plan, a pure computation: registrations → graph → order, or every problem at once. Runs no unit and needs no
//! tokio.

mod checked;
#[cfg(feature = "testing")]
pub(crate) mod chosen;
mod contradiction;
mod draft;
pub(crate) mod edges;
mod error;
mod options;
mod prepare;
mod registered;
pub(crate) mod registration;
mod restarts;
mod roster;
mod schedule;
mod succession;

pub use checked::Plan;
pub(crate) use draft::{Draft, Given};
pub(crate) use edges::Provided;
pub use error::PlanError;
pub(crate) use options::{CurrentLimits, Limits, Options};
pub(crate) use prepare::{Prepared, Reading};
pub use registered::Registered;
pub(crate) use registration::{Entry, UpWhen};
pub(crate) use roster::Roster;
pub(crate) use succession::Succession;
