//! Runs a unit's code: fingerprints its stop signal as polled, has its time watched, and turns a panic into what broke.

use crate::base::RawFailure;
use crate::signal::{StopSignal, panics};
use crate::watch::polling::Polling;

/// Runs a unit's code: fingerprints its cell as polled, has its time watched, and turns a panic into what broke.
pub(crate) fn guard<T>(cell: &StopSignal, code: impl FnOnce() -> T) -> Result<T, RawFailure> {
    let outer = panics::set_unit(cell);
    cell.set_polled(true);
    // Not around a closure: the result would be copied out of it, which costs more than all else here.
    let polling = Polling::of(cell);
    let result = panics::catch(code);
    polling.ended();
    cell.set_polled(false);
    panics::set_unit(outer);
    result
}
