//! The replacement for cron lines if the feature `cron` is disabled: every line is refused.

use std::collections::VecDeque;
use std::fmt;
use std::time::SystemTime;

use lifespan_text::NEEDS_CRON;

/// A type without values: no line can be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {}

impl Line {
    pub(crate) fn read(_: &str, _: &str) -> Result<Self, String> {
        Err(NEEDS_CRON.to_owned())
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
