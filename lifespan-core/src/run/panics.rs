//! Catches panics of units' code, with their message and the place that the panic hook saw.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::cells::Cell;
use crate::failure::{Broken, Cause};

thread_local! {
    static WATCHING: RefCell<Watching> = const { RefCell::new(Watching::No) };
}

/// Whether a unit is being polled on this thread, and where it has panicked.
enum Watching {
    No,
    Yes,
    Seen(String),
}

static HOOK: Once = Once::new();

/// Chains a panic hook that takes the place of a panic while a unit is being polled, and then calls the one before.
pub(crate) fn install_hook() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            WATCHING.with(|watching| {
                if let (Ok(mut watching), Some(place)) = (watching.try_borrow_mut(), info.location())
                    && !matches!(*watching, Watching::No)
                {
                    *watching = Watching::Seen(place.to_string());
                }
            });
            before(info);
        }));
    });
}

/// Runs a unit's code: marks its cell as polled, and turns a panic into what broke.
pub(crate) fn guard<T>(cell: &Cell, code: impl FnOnce() -> T) -> Result<T, Broken> {
    cell.set_polled(true);
    let result = catch(code);
    cell.set_polled(false);
    result
}

/// Runs user code that belongs to no unit.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, Broken> {
    let outer = WATCHING.replace(Watching::Yes);
    let result = catch_unwind(AssertUnwindSafe(code));
    let seen = WATCHING.replace(outer);
    result.map_err(|payload| {
        let message = message(&*payload);
        // The payload's own destructor may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
        let place = if let Watching::Seen(place) = seen { Some(place) } else { None };
        Broken::Other(Cause::Panic { message, place })
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a payload that is no text)".to_owned()
    }
}
