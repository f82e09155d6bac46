//! A failure that waits for the unit's own error.

use super::command::Judged;
use super::time::Nanos;
#[cfg(test)]
use crate::base::verdict::Severity;
use crate::machine::fault::Fault;

/// A failure whose reason may be the error that the unit returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Withheld {
    pub(super) failure: Judged,
    /// The teardown did not run, or not to its end.
    pub(super) is_unfinished: bool,
    /// The time for the unit's own error is over: the failure was reported without it.
    pub(super) is_reported: bool,
    /// The unit's own deadline, which applies after the failure was reported.
    pub(super) deadline: Option<Nanos>,
}

impl Withheld {
    /// Returns whether the unit is dropped once the time for its own error is over.
    pub(super) fn drops_when_late(&self) -> bool {
        self.failure.fault == Fault::NeverReady
    }
}

#[cfg(test)]
impl Withheld {
    /// Returns the fields that affect later commands. The fault matters only if the task is dropped after the report.
    pub(super) fn essence(&self) -> (bool, Severity, bool, bool, bool) {
        let Self { failure: Judged { severity, .. }, is_unfinished, is_reported, deadline } = *self;
        (self.drops_when_late(), severity, is_unfinished, is_reported, deadline.is_some())
    }
}
