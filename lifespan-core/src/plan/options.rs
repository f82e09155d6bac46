//! The settings of an app as a whole, and its limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lifespan_text::Examples;

#[cfg(feature = "testing")]
use crate::base::clock::Steps;
use crate::base::{FAR, Location};
use crate::config::Settings;

/// The settings of an app by code: those that the file and the environment override, and those that they can't change.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) settings: Settings,
    /// The place where code has set the profiles.
    pub(crate) profiles_at: Option<Location>,
    /// The time of the wall clock at the launch; `None` to read the system's clock.
    pub(crate) wall_clock: Option<SystemTime>,
    /// The handle through which a test sets that clock while the app runs.
    #[cfg(feature = "testing")]
    pub(crate) wall_clock_steps: Option<Steps>,
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
    pub(crate) fn new(options: &Options, operator: &Settings) -> Self {
        let settings = operator.clone().or(options.settings.clone()).or(Settings::read(&mut Examples));
        let Settings {
            startup_timeout,
            shutdown_timeout,
            grace,
            teardown_timeout,
            blocked_after,
            stable_after,
            concurrent_startup,
            stay_up,
            // For the check of the sources, and for the plan.
            shared: _,
            secrets: _,
            profiles: _,
        } = settings;
        let limit = |limit: Option<Duration>| limit.expect(DEFAULT).min(FAR);
        Self {
            startup: limit(startup_timeout),
            grace: limit(grace),
            teardown: limit(teardown_timeout),
            shutdown: limit(shutdown_timeout),
            blocked_after: blocked_after.filter(|limit| !limit.is_zero()).map(|limit| limit.min(FAR)),
            stable_after: limit(stable_after),
            concurrent_startup: concurrent_startup.expect(DEFAULT),
            stay_up: stay_up.expect(DEFAULT),
            signals: options.signals,
            may_exit: options.may_exit,
        }
    }
}

const DEFAULT: &str = "each setting has a default";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_overrides_code_and_code_overrides_the_defaults() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let code = Settings { grace: seconds(3), startup_timeout: seconds(4), ..Settings::default() };
        let operator = Settings { grace: seconds(5), ..Settings::default() };
        let limits = Limits::new(&Options { settings: code, ..Options::default() }, &operator);
        assert_eq!((Some(limits.grace), Some(limits.startup)), (seconds(5), seconds(4)));
        assert_eq!((Some(limits.teardown), Some(limits.shutdown)), (seconds(5), seconds(25)));
        assert_eq!(limits.blocked_after, Some(Duration::from_millis(100)));
        let off = Settings { blocked_after: Some(Duration::ZERO), ..Settings::default() };
        assert_eq!(Limits::new(&Options::default(), &off).blocked_after, None);
    }
}
