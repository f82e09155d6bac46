//! Attribute arguments that are switches and limits.

use std::time::Duration;

pub use lifespan_text::{OnFailure, OnReturn, OnShutdown};

use super::restart::{Group, Restart};
use super::schedule::{Schedule, Written};

/// Attribute arguments that are switches and limits.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub manual: bool,
    /// Runs once for each of its tables in the file, and not without one.
    pub configured: bool,
    /// Runs also if `App::only` names other units.
    pub always: bool,
    /// Runs only if one of these is active, or if it is named; always if there are none.
    pub profiles: &'static [&'static str],
    pub once: bool,
    /// A plain function that runs on its own thread.
    pub blocking: bool,
    /// A task that does not keep the app up.
    pub background: bool,
    pub first: bool,
    pub last: bool,
    /// A server: the app is ready while everything the server needs is up.
    pub serves: bool,
    /// `readiness = "required"`: the app is not ready while this unit is not up or is recovering.
    pub required: bool,
    pub startup_timeout: Option<Duration>,
    pub shutdown_timeout: Option<Duration>,
    pub on_failure: Option<OnFailure>,
    pub on_return: Option<OnReturn>,
    pub on_shutdown: Option<OnShutdown>,
    pub restart: Option<Restart>,
    pub group: Option<&'static Group>,
    pub schedule: Option<Schedule<Written>>,
}

impl Options {
    /// The defaults: no attribute arguments.
    pub const NONE: Self = Self {
        manual: false,
        configured: false,
        always: false,
        profiles: &[],
        once: false,
        blocking: false,
        background: false,
        first: false,
        last: false,
        serves: false,
        required: false,
        startup_timeout: None,
        shutdown_timeout: None,
        on_failure: None,
        on_return: None,
        on_shutdown: None,
        restart: None,
        group: None,
        schedule: None,
    };
}
