//! Blocks a thread until its `Shutdown`: the thread parks, and is unparked when it is asked to stop.

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
    /// Blocks this thread until the task is asked to stop. For `blocking` tasks and for threads of the program. In an
    /// async task, await [`requested`](Self::requested).
    ///
    /// ```
    /// use lifespan::Shutdown;
    ///
    /// let (trigger, shutdown) = Shutdown::pair();
    /// let thread = std::thread::spawn(move || shutdown.wait());
    /// trigger.shutdown();
    /// thread.join().unwrap();
    /// ```
    pub fn wait(&self) {
        let _ = self.park(None);
    }

    /// Blocks this thread for the duration, or until the task is asked to stop. For `blocking` tasks and for threads of
    /// the program. In an async task, await [`sleep`](Self::sleep).
    ///
    /// The time is the system's, even where tokio's time is paused.
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
        // A duration too long to count means forever.
        self.park(Instant::now().checked_add(duration))
    }

    fn park(&self, until: Option<Instant>) -> Slept {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut requested = pin!(self.requested());
        // A thread may be unparked by other code, or spuriously.
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
