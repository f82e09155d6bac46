//! The operator's settings for the app and its units, without keyword arguments: plain data for the plan and the run.

use std::time::Duration;

use lifespan_text::{Backoff, Folder, Period, RestartSettings, Share, Words, settings};

use crate::base::Location;
use crate::declare::{Line, Restart, Schedule, UnitInfo, When};

settings! {
    /// The table `[lifespan]`: the operator's settings for the app. Each example is the default; `secrets` has none.
    pub(crate) struct Settings, keys begin with "" {
        startup_timeout: Duration = "60s",
        /// The limit of the whole stop.
        shutdown_timeout: Duration = "25s",
        grace: Duration = "10s",
        teardown_timeout: Duration = "5s",
        /// Zero to turn it off.
        blocked_after: Duration = "100ms",
        stable_after: Duration = "10s",
        concurrent_startup: bool = false,
        stay_up: bool = false,
        /// One file serves several binaries: unknown units are warnings.
        shared: bool = false,
        /// A folder of files, each with the value of the key that is its name.
        secrets: Folder = "/run/secrets",
        /// The active profiles.
        profiles: Words = "",
    }
}

settings! {
    /// The keys of `[lifespan.policy.<unit>]` that the unit's attribute does not have, or not with this type.
    pub(crate) struct PolicySettings, keys begin with "" {
        enabled: bool = true,
        restart: When = "transient",
    }
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
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RestartOver {
    pub(super) when: Option<When>,
    pub(super) settings: RestartSettings,
}

impl RestartOver {
    /// Returns the declared policy with the overrides.
    pub(crate) fn over(&self, declared: Option<Restart>) -> Restart {
        let declared = declared.unwrap_or(Restart::DEFAULT);
        let RestartSettings { intensity, period, backoff, jitter, reset_after } = self.settings;
        Restart {
            when: self.when.unwrap_or(declared.when),
            intensity: intensity.unwrap_or(declared.intensity),
            period: period.map_or(declared.period, Period::get),
            backoff: backoff.map_or(declared.backoff, |Backoff { first, longest }| (first, longest)),
            jitter: jitter.map_or(declared.jitter, Share::get),
            reset_after: reset_after.unwrap_or(declared.reset_after),
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
    pub(crate) unit: &'static UnitInfo,
    /// The name of the instance.
    pub(crate) name: &'a str,
    /// The `register` call, if code gave the config.
    pub(crate) registered: Option<Location>,
}
