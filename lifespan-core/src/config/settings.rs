//! The operator's settings for the app and its units, without keyword arguments: plain data for the plan and the run.

use std::time::Duration;

use crate::schedule::{Line, Schedule};
use crate::unit::{Descriptor, Location, Restart, When};

/// The table `[lifespan]`: the operator's settings for the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) startup_timeout: Option<Duration>,
    /// The limit of the whole stop.
    pub(crate) shutdown_timeout: Option<Duration>,
    pub(crate) grace: Option<Duration>,
    pub(crate) teardown_timeout: Option<Duration>,
    /// Zero to turn it off.
    pub(crate) blocked_after: Option<Duration>,
    pub(crate) stable_after: Option<Duration>,
    pub(crate) concurrent_startup: Option<bool>,
    pub(crate) stay_up: Option<bool>,
    /// One file serves several binaries: unknown units are warnings.
    pub(crate) shared: Option<bool>,
}

/// A table `[lifespan.policy.<unit>]`: the operator's settings for a unit or for one of its instances.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policy {
    pub(crate) enabled: Option<bool>,
    pub(crate) startup_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
    /// `readiness = "required"`.
    pub(crate) required: bool,
    /// `None` if nothing is overridden.
    pub(crate) restart: Option<Box<RestartOver>>,
    /// The unit's schedule with the overrides; `None` if there are none.
    pub(crate) schedule: Option<Box<Schedule<Line>>>,
}

/// The operator's restart settings, which override the declared policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RestartOver {
    pub(super) when: Option<When>,
    pub(super) intensity: Option<u32>,
    pub(super) period: Option<Duration>,
    pub(super) backoff: Option<(Duration, Duration)>,
    pub(super) jitter: Option<f64>,
    pub(super) reset_after: Option<Duration>,
}

impl RestartOver {
    /// Returns the declared policy with the overrides.
    pub(crate) fn over(&self, declared: Option<Restart>) -> Restart {
        let declared = declared.unwrap_or(Restart::DEFAULT);
        Restart {
            when: self.when.unwrap_or(declared.when),
            intensity: self.intensity.unwrap_or(declared.intensity),
            period: self.period.unwrap_or(declared.period),
            backoff: self.backoff.unwrap_or(declared.backoff),
            jitter: self.jitter.unwrap_or(declared.jitter),
            reset_after: self.reset_after.unwrap_or(declared.reset_after),
        }
    }
}

/// The tables of keyword arguments in the file for a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    None,
    /// `[tasks.x]`
    One,
    /// `[[tasks.x]]`, with how many there are.
    Many(usize),
}

/// A registration, as the check of the sources needs it.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub(crate) unit: &'static Descriptor,
    /// The name of the instance.
    pub(crate) name: &'a str,
    /// The `register` call, if code gave the config.
    pub(crate) registered: Option<Location>,
}
