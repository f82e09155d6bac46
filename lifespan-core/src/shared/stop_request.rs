//! The request for shutdown, which any thread sees at once.

use std::sync::OnceLock;

use crate::base::sync::{AtomicBool, Ordering};
use crate::facts::Reason;

/// The request for shutdown: whether it was made, and the first reason to stop.
///
/// The reason is set before the request is made, so that a unit that sees the request sees its reason.
#[derive(Default)]
pub(crate) struct StopRequest {
    is_made: AtomicBool,
    reason: OnceLock<Reason>,
}

impl StopRequest {
    /// Requests shutdown.
    pub(crate) fn make(&self, reason: Reason) {
        self.set_reason(reason);
        self.is_made.store(true, Ordering::Release);
    }

    /// Sets the reason, unless there is one.
    pub(crate) fn set_reason(&self, reason: Reason) {
        // Units are given the first reason.
        let _ = self.reason.set(reason);
    }

    /// Returns whether shutdown was requested; the driver may not have received it yet.
    pub(crate) fn is_made(&self) -> bool {
        self.is_made.load(Ordering::Acquire)
    }

    /// Returns the first reason to stop.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        self.reason.get()
    }
}
