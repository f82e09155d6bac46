//! How a thread waits for its `Shutdown`: it parks, and is unparked when it is told to stop.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::shutdown::{Shutdown, Slept};

/// Unparks a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Shutdown {
    /// Blocks this thread until the task is told to stop: for a `blocking` task, and for threads of one's own. In an
    /// async task, await [`requested`](Self::requested).
    pub fn wait(&self) {
        let _ = self.park(None);
    }

    /// Blocks this thread for so long, but no longer than until the task is told to stop: for a `blocking` task, and for
    /// threads of one's own. In an async task, await [`sleep`](Self::sleep).
    ///
    /// The time is the system's, also where tokio's is paused.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Shutdown;
    ///
    /// fn count(shutdown: Shutdown) -> u32 {
    ///     let mut rounds = 0;
    ///     while shutdown.wait_timeout(Duration::from_millis(1)).is_elapsed() {
    ///         rounds += 1;
    ///     }
    ///     rounds
    /// }
    ///
    /// let (trigger, shutdown) = Shutdown::pair();
    /// let counting = std::thread::spawn(move || count(shutdown));
    /// trigger.shutdown();
    /// counting.join().unwrap();
    /// ```
    pub fn wait_timeout(&self, duration: Duration) -> Slept {
        // What can't be counted is for ever.
        self.park(Instant::now().checked_add(duration))
    }

    fn park(&self, until: Option<Instant>) -> Slept {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut requested = pin!(self.requested());
        // A thread may be unparked by others, and for no reason at all.
        while requested.as_mut().poll(&mut context).is_pending() {
            let Some(until) = until else {
                thread::park();
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Slept::Elapsed;
            }
            thread::park_timeout(left);
        }
        Slept::Interrupted
    }
}
