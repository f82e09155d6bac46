//! Wakes the watch thread.

use std::sync::{Arc, OnceLock};

use super::system::ThreadWaker;

/// The bell of the watch thread, once there is one.
static BELL: OnceLock<Arc<ThreadWaker>> = OnceLock::new();

/// Sets the bell of the watch thread. A process has one.
pub(super) fn set(bell: &Arc<ThreadWaker>) {
    let _ = BELL.set(Arc::clone(bell));
}

/// Wakes the watch thread, if there is one.
pub(super) fn ring() {
    if let Some(bell) = BELL.get() {
        bell.ring();
    }
}
