//! The replacement for cron lines if the feature `cron` is disabled: every line is refused.

use std::collections::VecDeque;
use std::fmt;
use std::time::SystemTime;

/// A type without values: no line can be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {}

const OFF: &str = "this program was built without support for cron lines; enable the feature `cron` of `lifespan`";

impl Line {
    pub(crate) fn read(_: &str, _: &str) -> Result<Self, String> {
        Err(OFF.to_owned())
    }

    #[cfg(feature = "config")]
    pub(crate) fn check(_: &str) -> Result<(), String> {
        Err(OFF.to_owned())
    }

    #[cfg(feature = "config")]
    pub(crate) fn check_zone(_: &str) -> Result<(), String> {
        Err(OFF.to_owned())
    }

    pub(crate) fn text(&self) -> &str {
        match *self {}
    }

    pub(crate) fn zone(&self) -> &str {
        match *self {}
    }

    pub(crate) fn after(&self, _: SystemTime) -> Option<SystemTime> {
        match *self {}
    }

    pub(crate) fn is_interval(&self) -> bool {
        match *self {}
    }

    pub(crate) fn last(&self, _: usize, _: SystemTime) -> VecDeque<SystemTime> {
        match *self {}
    }

    pub(crate) fn count(&self, _: SystemTime, _: SystemTime) -> u64 {
        match *self {}
    }

    pub(crate) fn show(&self, _: SystemTime) -> impl fmt::Display + use<> {
        match *self {}
        #[expect(unreachable_code, reason = "names the type")]
        ""
    }
}
