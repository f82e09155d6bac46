//! Waits and signals of the watch thread on Windows: a condition variable, and a thread that awaits console events.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};

/// The number of an interrupt in POSIX, from which exit codes are computed.
const INTERRUPT: i32 = 2;

/// Wakes the watch thread.
pub(super) struct ThreadWaker {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl ThreadWaker {
    #[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { woken: Mutex::new(false), changed: Condvar::new() })
    }

    pub(super) fn wake(&self) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    /// Waits until it is woken, or for this long.
    pub(super) fn wait(&self, timeout: Option<Duration>) {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut woken = match timeout {
            Some(timeout) => {
                let waited = self.changed.wait_timeout_while(woken, timeout, |woken| !*woken);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.changed.wait_while(woken, |woken| !*woken).unwrap_or_else(PoisonError::into_inner),
        };
        *woken = false;
    }
}

/// Returns whether a signal requests a reload: none does.
pub(super) fn asks_for_reload(_: i32) -> bool {
    false
}

/// Ends the process.
pub(super) fn exit_now(code: i32) -> ! {
    std::process::exit(code)
}

/// The console events that stop an app. Once they are awaited, the system's own handling stays off: tokio never removes
/// its handler.
pub(super) struct Signals {
    waker: Arc<ThreadWaker>,
    came: Arc<AtomicBool>,
    started: bool,
}

impl Signals {
    pub(super) fn new(waker: &Arc<ThreadWaker>) -> Self {
        Self { waker: Arc::clone(waker), came: Arc::default(), started: false }
    }

    pub(super) fn set(&mut self, wanted: bool) -> io::Result<()> {
        if !wanted || self.started {
            return Ok(());
        }
        let (waker, came) = (Arc::clone(&self.waker), Arc::clone(&self.came));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let (mut interrupt, mut stop, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
        drop(entered);
        std::thread::Builder::new().name("lifespan-signals".to_owned()).spawn(move || {
            runtime.block_on(async move {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = stop.recv() => {}
                        _ = close.recv() => {}
                    }
                    came.store(true, Ordering::Relaxed);
                    waker.wake();
                }
            });
        })?;
        self.started = true;
        Ok(())
    }

    /// Does nothing: the listeners never end.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "on Unix it is needed and can fail")]
    pub(super) fn renew(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Returns the signals that came since the last call.
    pub(super) fn take(&self) -> Vec<i32> {
        if self.came.swap(false, Ordering::Relaxed) { vec![INTERRUPT] } else { Vec::new() }
    }
}
