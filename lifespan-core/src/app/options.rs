//! How an app runs as a whole, and its limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::config::Settings;
#[cfg(feature = "testing")]
use crate::schedule::clock::Steps;

/// A limit beyond all: what is longer counts as this, so that the sum with a moment is one, too.
pub(crate) const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What code says of an app; the file and the environment are asked where code is silent.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) concurrent_startup: Option<bool>,
    pub(crate) stay_up: Option<bool>,
    pub(crate) startup_timeout: Option<Duration>,
    pub(crate) grace: Option<Duration>,
    pub(crate) teardown_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
    /// What the wall clock shows at the launch; else the system's is asked.
    pub(crate) wall_clock: Option<SystemTime>,
    /// How a test sets that clock while the app runs.
    #[cfg(feature = "testing")]
    pub(crate) wall_clock_steps: Option<Steps>,
    pub(crate) blocked_after: Option<Duration>,
    pub(crate) stable_after: Option<Duration>,
    pub(crate) signals: bool,
    pub(crate) may_exit: bool,
    /// Warnings go to standard error where the program has no subscriber.
    pub(crate) prints_warnings: bool,
}

/// What holds for one run.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) startup: Duration,
    pub(crate) grace: Duration,
    pub(crate) teardown: Duration,
    /// The whole stop.
    pub(crate) shutdown: Duration,
    /// One poll; none for no limit.
    pub(crate) blocked_after: Option<Duration>,
    /// Up for so long after a failure, a unit has recovered.
    pub(crate) stable_after: Duration,
    pub(crate) concurrent_startup: bool,
    pub(crate) stay_up: bool,
    pub(crate) signals: bool,
    pub(crate) may_exit: bool,
}

/// The limits in effect, which a reload changes. Known to whoever may outlive the run.
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
    /// The operator's word counts more than code's, and code's more than the defaults.
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
