//! The settings of an app as a whole, and its limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

#[cfg(feature = "testing")]
use crate::base::clock::Steps;
use crate::base::time::FAR;
use crate::config::Settings;

/// The settings from code; settings that code leaves open come from the file and the environment.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) concurrent_startup: Option<bool>,
    pub(crate) stay_up: Option<bool>,
    pub(crate) startup_timeout: Option<Duration>,
    pub(crate) grace: Option<Duration>,
    pub(crate) teardown_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
    /// The time of the wall clock at the launch; `None` to read the system's clock.
    pub(crate) wall_clock: Option<SystemTime>,
    /// The handle through which a test sets that clock while the app runs.
    #[cfg(feature = "testing")]
    pub(crate) wall_clock_steps: Option<Steps>,
    pub(crate) blocked_after: Option<Duration>,
    pub(crate) stable_after: Option<Duration>,
    pub(crate) signals: bool,
    pub(crate) may_exit: bool,
    /// Warnings go to standard error if the program has no `tracing` subscriber.
    pub(crate) prints_warnings: bool,
}

/// The settings of one run.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) startup: Duration,
    pub(crate) grace: Duration,
    pub(crate) teardown: Duration,
    /// The limit of the whole stop.
    pub(crate) shutdown: Duration,
    /// The limit of one poll; `None` for no limit.
    pub(crate) blocked_after: Option<Duration>,
    /// A unit that has been up this long after a failure has recovered.
    pub(crate) stable_after: Duration,
    pub(crate) concurrent_startup: bool,
    pub(crate) stay_up: bool,
    pub(crate) signals: bool,
    pub(crate) may_exit: bool,
}

/// The limits in effect, which a reload changes. Shared with threads that may outlive the run.
#[derive(Clone)]
pub(crate) struct CurrentLimits(Arc<Mutex<Limits>>);

impl CurrentLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(limits)))
    }

    pub(crate) fn get(&self) -> Limits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, limits: Limits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }
}

impl Limits {
    /// The operator's settings override code's, and code's override the defaults.
    pub(crate) fn new(options: &Options, settings: &Settings) -> Self {
        let seconds = Duration::from_secs;
        let blocked_after = settings.blocked_after.or(options.blocked_after).unwrap_or(Duration::from_millis(100));
        Self {
            startup: settings.startup_timeout.or(options.startup_timeout).unwrap_or(seconds(60)).min(FAR),
            grace: settings.grace.or(options.grace).unwrap_or(seconds(10)).min(FAR),
            teardown: settings.teardown_timeout.or(options.teardown_timeout).unwrap_or(seconds(5)).min(FAR),
            shutdown: settings.shutdown_timeout.or(options.shutdown_timeout).unwrap_or(seconds(25)).min(FAR),
            blocked_after: (!blocked_after.is_zero()).then_some(blocked_after.min(FAR)),
            stable_after: settings.stable_after.or(options.stable_after).unwrap_or(seconds(10)).min(FAR),
            concurrent_startup: settings.concurrent_startup.or(options.concurrent_startup).unwrap_or(false),
            stay_up: settings.stay_up.or(options.stay_up).unwrap_or(false),
            signals: options.signals,
            may_exit: options.may_exit,
        }
    }
}
