//! Catches panics of units' code, with their message and the location that the panic hook received.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::base::{Cause, RawFailure, unwind};
use crate::signal::stop_signal::StopSignal;

thread_local! {
    static NOW: Cell<Now> = const { Cell::new(Now::Elsewhere) };
    /// The location of the last panic while a unit was being polled.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The stop signal of the unit whose code this thread runs.
    static UNIT: Cell<*const StopSignal> = const { Cell::new(std::ptr::null()) };
}

/// The present work of this thread.
#[derive(Clone, Copy, PartialEq)]
enum Now {
    Elsewhere,
    /// A unit is being polled.
    Polling,
    /// A unit is being polled, and has panicked.
    Panicked,
    /// Code runs that may panic; the panic is not to be printed.
    Trying,
}

/// The message of a panic whose payload is not text.
const NO_TEXT: &str = "(a payload that is no text)";

static HOOK: Once = Once::new();

/// Installs a panic hook that records the location of a panic while a unit is being polled, and then calls the hook
/// that was installed before. Under [`panics`] and [`quietly`] it does nothing.
pub(crate) fn install_hook() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            match NOW.get() {
                Now::Trying => return,
                Now::Elsewhere => {}
                Now::Polling | Now::Panicked => {
                    NOW.set(Now::Panicked);
                    PLACE.set(info.location().map(ToString::to_string));
                }
            }
            before(info);
        }));
    });
}

/// Returns whether code that is not user code panics. Nothing is printed if the hook is installed.
pub(crate) fn panics(code: impl FnOnce()) -> bool {
    quietly(code).is_err()
}

/// Runs code that is not user code. The error is the message of its panic. Nothing is printed if the hook is installed.
pub(crate) fn quietly<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    let outer = NOW.replace(Now::Trying);
    let result = unwind::catch(code);
    NOW.set(outer);
    result.map_err(|message| message.unwrap_or_else(|| NO_TEXT.to_owned()))
}

/// Sets the unit whose own code this thread runs from here on. Returns the one before.
pub(crate) fn set_unit(signal: *const StopSignal) -> *const StopSignal {
    UNIT.replace(signal)
}

/// Returns the address of the stop signal of the unit whose own code this thread runs now.
pub(crate) fn unit() -> Option<usize> {
    Some(UNIT.get().addr()).filter(|address| *address != 0)
}

/// Returns whether this thread runs the code of the unit of this stop signal now.
pub(crate) fn runs(signal: &StopSignal) -> bool {
    std::ptr::eq(UNIT.get(), signal)
}

/// Runs user code that belongs to no unit.
#[inline]
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, RawFailure> {
    let outer = NOW.replace(Now::Polling);
    let result = catch_unwind(AssertUnwindSafe(code));
    let panicked = NOW.replace(outer) == Now::Panicked;
    result.map_err(|payload| {
        let place = PLACE.take().filter(|_| panicked);
        let message = unwind::into_message(payload).unwrap_or_else(|| NO_TEXT.to_owned());
        RawFailure::Other(Cause::Panic { message, place })
    })
}
