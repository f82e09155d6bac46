//! A failure that waits for the error that its unit will return.

use super::command::Judged;
use super::time::Nanos;
#[cfg(test)]
use crate::base::verdict::Severity;
#[cfg(test)]
use crate::machine::fault::Fault;

/// A failure whose reason the unit may still return.
#[derive(Clone, Copy, Debug)]
pub(super) struct Withheld {
    pub(super) failure: Judged,
    /// A teardown is missing, or may be.
    pub(super) is_unfinished: bool,
    /// The time is over: it was told without the unit's own error.
    pub(super) is_told: bool,
    /// The unit's own deadline, which counts from then on.
    pub(super) deadline: Option<Nanos>,
}

#[cfg(test)]
impl Withheld {
    /// Returns the part that decides: fault and stage are only told, but for a task that is dropped once it is told.
    pub(super) fn essence(&self) -> (bool, Severity, bool, bool, bool) {
        let Self { failure: Judged { fault, severity, .. }, is_unfinished, is_told, deadline } = *self;
        (fault == Fault::NeverReady, severity, is_unfinished, is_told, deadline.is_some())
    }
}
