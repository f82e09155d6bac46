//! Catches panics of units' code, with their message and the place that the panic hook saw.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::base::{Cause, RawFailure, unwind};
use crate::signal::stop_signal::StopSignal;

thread_local! {
    static NOW: Cell<Now> = const { Cell::new(Now::Elsewhere) };
    /// Where the last panic was, of those while a unit was being polled.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The cell of the unit whose code this thread runs.
    static UNIT: Cell<*const StopSignal> = const { Cell::new(std::ptr::null()) };
}

/// What this thread is doing.
#[derive(Clone, Copy, PartialEq)]
enum Now {
    Elsewhere,
    /// A unit is being polled.
    Polling,
    /// A unit is being polled, and has panicked.
    Panicked,
    /// Code is tried that may panic, and of which nothing is to be printed.
    Trying,
}

/// Stands for the message of a panic that has none.
const NO_TEXT: &str = "(a payload that is no text)";

static HOOK: Once = Once::new();

/// Chains a panic hook that takes the place of a panic while a unit is being polled, and then calls the one before.
/// [`panics`] has it call none.
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

/// Whether this code, which is no user's, panics. Nothing is printed where the hook is installed.
pub(crate) fn panics(code: impl FnOnce()) -> bool {
    quietly(code).is_err()
}

/// Runs code that is no user's. The error is the message of its panic. Nothing is printed where the hook is installed.
pub(crate) fn quietly<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    let outer = NOW.replace(Now::Trying);
    let result = unwind::catch(code);
    NOW.set(outer);
    result.map_err(|message| message.unwrap_or_else(|| NO_TEXT.to_owned()))
}

/// Notes whose own code this thread runs from here on. Returns whose it ran before.
pub(crate) fn set_unit(signal: *const StopSignal) -> *const StopSignal {
    UNIT.replace(signal)
}

/// The address of the cell of the unit whose own code this thread runs at this moment.
pub(crate) fn unit() -> Option<usize> {
    Some(UNIT.get().addr()).filter(|address| *address != 0)
}

/// Whether this thread runs that unit's code at this moment.
pub(crate) fn runs(cell: &StopSignal) -> bool {
    std::ptr::eq(UNIT.get(), cell)
}

/// Runs user code that belongs to no unit.
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
