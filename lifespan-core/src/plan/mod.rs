//! The plan, a pure computation: registrations → graph → order, or every problem at once. Runs no unit and needs no
//! tokio.

mod contradiction;
mod cycle;
mod draft;
pub(crate) mod edges;
mod error;
mod limits;
mod merge;
#[expect(clippy::module_inception, reason = "the file of the folder's main type")]
mod plan;
mod prepare;
mod registered;
pub(crate) mod registration;
mod registrations;
mod restarts;
mod schedule;
#[cfg(feature = "testing")]
pub(crate) mod subset;
mod target;

pub(crate) use draft::{Draft, Given, Reads, Registers};
pub(crate) use edges::Provided;
pub use error::PlanError;
pub(crate) use limits::{CurrentLimits, Limits, Options};
pub(crate) use merge::Merged;
pub use plan::Plan;
pub(crate) use prepare::{Prepared, Reading};
pub use registered::Registered;
pub(crate) use registration::{Entry, UpWhen};
pub(crate) use registrations::Registrations;
pub(crate) use target::Target;
