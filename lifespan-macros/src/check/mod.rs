//! Checks a parsed function, and returns its model or all errors.

mod blocking;
mod combinations;
mod config_name;
mod output;
mod parameters;
mod restart;
mod schedule;
mod signature;
mod types;
mod unit;

pub(crate) use unit::unit;
