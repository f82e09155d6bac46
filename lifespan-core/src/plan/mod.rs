//! The plan, a pure computation: registrations → graph → order, or every problem at once. Runs no unit and needs no
//! tokio.

mod choice;
mod contradiction;
mod cycle;
mod draft;
pub(crate) mod edges;
mod error;
mod left_out;
mod line_up;
mod merge;
mod options;
#[expect(clippy::module_inception, reason = "the file of the folder's main type")]
mod plan;
mod prepare;
mod profiles;
mod registered;
pub(crate) mod registration;
mod registrations;
mod restarts;
mod schedule;
pub(crate) mod subset;
mod target;
mod why;
mod wishes;

pub(crate) use draft::{Draft, Given, Reads, Registers, Wish};
pub(crate) use edges::Provided;
pub use error::PlanError;
pub use left_out::LeftOut;
pub(crate) use line_up::LineUp;
pub(crate) use merge::Merged;
pub(crate) use options::{CurrentLimits, Limits, Options};
pub use plan::Plan;
pub(crate) use prepare::{Prepared, Reading};
pub(crate) use profiles::Profiles;
pub use registered::Registered;
pub(crate) use registration::{Entry, UpWhen};
pub(crate) use registrations::Registrations;
pub(crate) use target::Target;
