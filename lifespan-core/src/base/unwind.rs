//! Catches panics of user code, and drops values whose destructors are user code.
//!
//! The panic hook has printed each panic that is caught here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::text;

/// The number of panic payloads dropped in a chain in which each destructor panics; the next one is leaked.
const DEEPEST: usize = 100;

/// Runs user code. The error is the message of its panic, if that is text.
pub fn catch<T>(code: impl FnOnce() -> T) -> Result<T, Option<String>> {
    catch_unwind(AssertUnwindSafe(code)).map_err(into_message)
}

/// Drops a value, and catches a panic of its destructor.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        drop_payload(payload);
    }
}

/// A value whose destructor's panic is caught wherever it is dropped.
pub(crate) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Returns the value, unless it is taken.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}

/// Drops the payload of a panic, and returns its message. The payload's destructor may panic as well, with a payload
/// whose destructor panics.
pub(crate) fn into_message(payload: Box<dyn Any + Send>) -> Option<String> {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).map(text::cut);
    drop_payload(payload);
    text
}

/// Drops the payload of a panic, and the payloads with which the destructors of such payloads panic.
pub(crate) fn drop_payload(mut payload: Box<dyn Any + Send>) {
    for _ in 0..DEEPEST {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(next) => payload = next,
        }
    }
    std::mem::forget(payload);
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Panics when it is dropped, with another payload that does, this many times.
    struct Bomb(u32, Arc<AtomicU32>);

    impl Drop for Bomb {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
            if let Some(depth) = self.0.checked_sub(1) {
                panic_any(Self(depth, Arc::clone(&self.1)));
            }
        }
    }

    #[test]
    fn payloads_whose_destructors_panic_are_dropped_each_up_to_a_bound() {
        let dropped = Arc::default();
        for (depth, expected) in [(0, 1), (3, 4), (u32::MAX, 1 + 100)] {
            drop_quietly(Bomb(depth, Arc::clone(&dropped)));
            assert_eq!(dropped.swap(0, Ordering::Relaxed), expected);
            let caught = catch(|| panic_any(Bomb(depth, Arc::clone(&dropped))));
            assert_eq!(caught, Err::<(), _>(None));
            assert_eq!(dropped.swap(0, Ordering::Relaxed), expected.min(100));
        }
    }

    #[test]
    fn a_panic_with_a_text_gives_its_message() {
        assert_eq!(catch(|| 1), Ok(1));
        assert_eq!(catch(|| panic!("text")), Err::<(), _>(Some("text".to_owned())));
        assert_eq!(catch(|| panic_any(String::from("owned"))), Err::<(), _>(Some("owned".to_owned())));
        assert_eq!(catch(|| panic_any(7)), Err::<(), _>(None));
    }
}
