//! The values of settings that are one of a few words.

use std::fmt;

use crate::names;
use crate::{FromText, Names};

names! {
    /// `on_failure = "…"`: the effect of a task's failure.
    pub enum OnFailure {
        /// The app shuts down.
        Shutdown = "shutdown",
        /// The app continues.
        Ignore = "ignore",
    }
}

names! {
    /// `on_return = "…"`: the effect of a task's return before shutdown.
    pub enum OnReturn {
        /// The app shuts down.
        Shutdown = "shutdown",
        /// The app continues.
        Ignore = "ignore",
    }
}

names! {
    /// `on_shutdown = "…"`: how a task is stopped.
    pub enum OnShutdown {
        /// Notified, and given its grace period to return.
        Notify = "notify",
        /// Left running until it returns or its grace period ends.
        Finish = "finish",
        /// Dropped at its next await point.
        Drop = "drop",
    }
}

names! {
    /// `readiness = "…"`: the effect on the app's readiness.
    pub enum Readiness {
        /// The app is not ready while the unit is not up.
        Required = "required",
    }
}

names! {
    /// The restart policy, in OTP's terms.
    pub enum When {
        /// Restarted after every end.
        Permanent = "permanent",
        /// Restarted after a failure or a panic.
        Transient = "transient",
        /// Never restarted.
        Temporary = "temporary",
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

names! {
    /// The members of a group that a failure restarts beside the failed one, in OTP's terms.
    pub enum Strategy {
        /// None.
        OneForOne = "one_for_one",
        /// Those that start after it.
        RestForOne = "rest_for_one",
        /// All.
        OneForAll = "one_for_all",
    }
}

names! {
    /// `start = "…"`: the time of the first run.
    pub enum Begin {
        /// Immediately.
        Now = "now",
        /// At the first scheduled time.
        AfterFirstPeriod = "after_first_period",
    }
}

names! {
    /// `missed = "…"`: how to handle times that passed while no run could start.
    pub enum Missed {
        /// One run stands for all of them.
        Fold = "fold",
        /// They are dropped.
        Skip = "skip",
        /// Each gets its run.
        All = "all",
    }
}

/// `overlap = "…"`: how to handle a time that comes during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// The time is missed.
    Skip,
    /// Its run waits until the present run has ended.
    Queue,
    /// Up to this many runs may overlap; one more is missed.
    Parallel(u32),
}

impl FromText for Overlap {
    fn from_text(text: &str) -> Result<Self, String> {
        let limit = || text.strip_prefix("parallel(")?.strip_suffix(')')?.parse().ok().filter(|limit| *limit > 0);
        match text {
            "skip" => Ok(Self::Skip),
            "queue" => Ok(Self::Queue),
            _ => limit().map(Self::Parallel).ok_or_else(|| {
                "write \"skip\", \"queue\" or \"parallel(n)\", where `n` is the number of runs, at least 1".to_owned()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_a_word_or_a_number_of_runs() {
        assert_eq!(Overlap::from_text("queue"), Ok(Overlap::Queue));
        assert_eq!(Overlap::from_text("parallel(4)"), Ok(Overlap::Parallel(4)));
        for text in ["", "parallel", "parallel(0)", "parallel(-1)", "Queue"] {
            assert!(Overlap::from_text(text).is_err_and(|why| why.contains("\"parallel(n)\"")), "{text:?}");
        }
    }

    #[test]
    fn a_word_that_is_unknown_is_answered_with_the_valid_ones() {
        assert_eq!(OnShutdown::from_text("notify"), Ok(OnShutdown::Notify));
        let why = OnShutdown::from_text("tell").expect_err("the word of an earlier version");
        assert_eq!(why, "write \"notify\", \"finish\" or \"drop\"");
        assert_eq!(Readiness::from_text("on"), Err("write \"required\"".to_owned()));
    }
}
