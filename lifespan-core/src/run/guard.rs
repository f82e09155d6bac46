//! Runs a unit's code: marks its stop signal as polled, has its time watched, and turns a panic into a failure.

use crate::base::RawFailure;
use crate::signal::{StopSignal, panics};
use crate::watch::polling::Polling;

/// Runs a unit's code: marks its stop signal as polled, has its time watched, and turns a panic into a failure.
#[inline]
pub(crate) fn guard<T>(signal: &StopSignal, code: impl FnOnce() -> T) -> Result<T, RawFailure> {
    let outer = panics::set_unit(signal);
    signal.set_polled(true);
    // Not around a closure: the result would be copied out of it, which costs more than the rest of this function.
    let polling = Polling::of(signal);
    let result = panics::catch(code);
    polling.ended();
    signal.set_polled(false);
    panics::set_unit(outer);
    result
}
