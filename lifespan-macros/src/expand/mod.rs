//! Generates code from the model of a unit.

mod blocking;
mod config;
mod descriptor;
mod names;
mod options;
mod output;
mod schedule;
mod start;
mod unit;
mod values;

pub(crate) use unit::unit;
pub(crate) use values::{duration, variant};
