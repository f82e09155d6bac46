//! Work that may block and never return, on a thread of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::limits::STEP;
use crate::base::drop_quietly;

/// Waits until the sender is dropped, or for this long. Returns whether it was dropped. Waits in steps, each of which
/// counts for no more than its length: time for which the process is suspended does not count.
pub(crate) fn is_over_within(mut limit: Duration, ended: &Receiver<Infallible>) -> bool {
    loop {
        let (began, step) = (Instant::now(), limit.min(STEP));
        match ended.recv_timeout(step) {
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) if limit == step => return false,
            Err(RecvTimeoutError::Timeout) => limit -= began.elapsed().min(step),
            Ok(never) => match never {},
        }
    }
}

/// Runs work that may block on its own thread, without waiting for it.
pub(super) fn aside(work: impl FnOnce() + Send + 'static) {
    within(Duration::ZERO, work);
}

/// Releases a share. If it is the last, drops the value on a separate thread: its destructors are user code, or call
/// the subscriber.
pub(super) fn release<T: Send + Sync + 'static>(share: Arc<T>) {
    if let Some(value) = Arc::into_inner(share) {
        aside(move || drop_quietly(value));
    }
}

/// Runs work that may block on its own thread, and waits for it for a limited time. Returns whether there is a thread:
/// without one the work can't be run, since it could block.
pub(super) fn within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, ended) = channel();
    let thread = std::thread::Builder::new().name("lifespan-exit".to_owned()).spawn(move || {
        work();
        drop(done);
    });
    let is_there = thread.is_ok();
    if is_there {
        is_over_within(limit, &ended);
    }
    is_there
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    struct TellsWhoDrops(Sender<Option<String>>);

    impl Drop for TellsWhoDrops {
        fn drop(&mut self) {
            self.0.send(std::thread::current().name().map(str::to_owned)).expect("the test waits");
        }
    }

    #[test]
    fn the_last_share_is_dropped_on_a_thread_of_its_own() {
        let (sender, dropped) = channel();
        let first = Arc::new(TellsWhoDrops(sender));
        let second = Arc::clone(&first);
        release(first);
        assert!(dropped.try_recv().is_err());
        release(second);
        assert_eq!(dropped.recv().expect("it is dropped").as_deref(), Some("lifespan-exit"));
    }
}
