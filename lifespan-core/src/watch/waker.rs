//! Wakes the watch thread.

use std::sync::{Arc, OnceLock};

use super::system::ThreadWaker;

/// The waker of the watch thread, once the thread was started.
static WAKER: OnceLock<Arc<ThreadWaker>> = OnceLock::new();

/// Sets the waker of the watch thread. A process has one.
pub(super) fn set(waker: &Arc<ThreadWaker>) {
    let _ = WAKER.set(Arc::clone(waker));
}

/// Wakes the watch thread, if there is one.
pub(super) fn wake_watch() {
    if let Some(waker) = WAKER.get() {
        waker.wake();
    }
}
