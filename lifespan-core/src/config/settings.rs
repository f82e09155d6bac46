//! What the sources say of the app and of units besides keyword arguments: plain data that the plan and the run read.

use std::time::Duration;

use crate::unit::{Descriptor, Location};

/// The table `[lifespan]`: what the operator says of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) startup_timeout: Option<Duration>,
    /// Limits the whole stop.
    pub(crate) shutdown_timeout: Option<Duration>,
    pub(crate) grace: Option<Duration>,
    pub(crate) teardown_timeout: Option<Duration>,
    /// Zero for never.
    pub(crate) blocked_after: Option<Duration>,
    pub(crate) concurrent_startup: Option<bool>,
    pub(crate) stay_up: Option<bool>,
    /// One file serves several binaries: unknown units are warnings.
    pub(crate) shared: Option<bool>,
}

/// A table `[lifespan.policy.<unit>]`: what the operator says of a unit or of one of its instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) enabled: Option<bool>,
    pub(crate) startup_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
}

/// The tables of keyword arguments that the file has for a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    None,
    /// `[tasks.x]`
    One,
    /// `[[tasks.x]]`, this often.
    Many(usize),
}

/// A registration, as far as the check of the sources concerns it.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub(crate) unit: &'static Descriptor,
    /// The name of the instance.
    pub(crate) name: &'a str,
    /// The `register` call, where code gave the config.
    pub(crate) registered: Option<Location>,
}
