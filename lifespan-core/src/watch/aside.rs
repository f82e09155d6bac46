//! Work that may block and never return, on a thread of its own.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::STEP;
use crate::base::{drop_quietly, spawn};

/// Work that is over when this is dropped.
pub(crate) struct Work(Over);

/// Waits for the end of work.
#[derive(Clone, Default)]
pub(crate) struct Over(Arc<(Mutex<bool>, Condvar)>);

impl Work {
    pub(crate) fn begin() -> (Self, Over) {
        let over = Over::default();
        (Self(over.clone()), over)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let (is_over, changed) = &*self.0.0;
        *is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}

impl Over {
    /// Waits until the work is over, or for this long. Returns whether it is over. Waits in steps, each of which counts
    /// for no more than its length: time for which the process is suspended does not count.
    pub(crate) fn is_within(&self, mut limit: Duration) -> bool {
        let (is_over, changed) = &*self.0;
        let mut guard = is_over.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (began, step) = (Instant::now(), limit.min(STEP));
            let waited = changed.wait_timeout_while(guard, step, |is_over| !*is_over);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
            if *guard || limit == step {
                return *guard;
            }
            limit -= began.elapsed().min(step);
        }
    }
}

/// Runs work that may block on its own thread, without waiting for it.
pub(super) fn aside(work: impl FnOnce() + Send + 'static) {
    within(Duration::ZERO, work);
}

/// Releases a reference. If it is the last, drops the value on a separate thread: its destructors are user code, or call
/// the subscriber.
pub(super) fn release<T: Send + Sync + 'static>(share: Arc<T>) {
    if let Some(value) = Arc::into_inner(share) {
        aside(move || drop_quietly(value));
    }
}

/// Runs work that may block on its own thread, and waits for it for a limited time. Returns whether there is a thread:
/// without one the work can't be run, since it could block.
pub(super) fn within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (working, over) = Work::begin();
    let is_there = spawn("lifespan-exit", move || {
        work();
        drop(working);
    })
    .is_ok();
    if is_there {
        over.is_within(limit);
    }
    is_there
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct SendsItsThread(Sender<Option<String>>);

    impl Drop for SendsItsThread {
        fn drop(&mut self) {
            self.0.send(std::thread::current().name().map(str::to_owned)).expect("the test waits");
        }
    }

    #[test]
    fn the_last_share_is_dropped_on_a_thread_of_its_own() {
        let (sender, dropped) = channel();
        let first = Arc::new(SendsItsThread(sender));
        let second = Arc::clone(&first);
        release(first);
        assert!(dropped.try_recv().is_err());
        release(second);
        assert_eq!(dropped.recv().expect("it is dropped").as_deref(), Some("lifespan-exit"));
    }
}
