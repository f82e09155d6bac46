//! `Shutdown`: how a task learns that it is to stop.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::Inject;
use crate::event::Reason;
use crate::run::cells::{Cells, Life};
use crate::run::start::Start;
use crate::unit::Need;

/// Tells a task that it is to stop, in its turn: when nothing that depends on it still runs.
///
/// A cheap clone; it can be handed to whatever the task spawns.
///
/// ```
/// use std::time::Duration;
/// use lifespan::Shutdown;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn count(shutdown: Shutdown) -> u32 {
///     let mut ticks = 0;
///     while shutdown.sleep(Duration::from_secs(1)).await.is_elapsed() {
///         ticks += 1;
///     }
///     ticks
/// }
///
/// let (trigger, shutdown) = Shutdown::pair();
/// let counting = tokio::spawn(count(shutdown));
/// tokio::time::sleep(Duration::from_millis(2500)).await;
/// trigger.shutdown();
/// assert_eq!(counting.await.unwrap(), 2);
/// # }
/// ```
#[derive(Clone)]
pub struct Shutdown {
    cells: Arc<Cells>,
    index: u32,
    life: Life,
}

/// How [`Shutdown::sleep`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "tells whether the time elapsed or shutdown was requested"]
pub enum Slept {
    /// The time has elapsed.
    Elapsed,
    /// Shutdown was requested before.
    Interrupted,
}

impl Slept {
    /// Whether the whole time has elapsed.
    #[must_use]
    pub fn is_elapsed(self) -> bool {
        self == Slept::Elapsed
    }

    /// Whether shutdown was requested before.
    #[must_use]
    pub fn is_interrupted(self) -> bool {
        self == Slept::Interrupted
    }
}

impl Shutdown {
    /// One made by hand, with what triggers it: for calling a task's function in a test.
    #[must_use]
    pub fn pair() -> (ShutdownTrigger, Self) {
        let shutdown = Self { cells: Arc::new(Cells::new(1, Arc::default())), index: 0, life: Life::FIRST };
        (ShutdownTrigger { shutdown: shutdown.clone() }, shutdown)
    }

    /// That of one registration, in its present life.
    pub(crate) fn of(cells: Arc<Cells>, index: u32) -> Self {
        let life = cells.of(index as usize).life();
        Self { cells, index, life }
    }

    /// Waits until this task is told to stop. Cancel safe.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + Sync + '_ {
        self.cells.of(self.index as usize).told(self.life)
    }

    /// Whether this task has been told to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.cells.is_to_stop(self.index as usize, self.life)
    }

    /// Sleeps, but no longer than until this task is told to stop. Cancel safe.
    pub async fn sleep(&self, duration: Duration) -> Slept {
        match self.or(tokio::time::sleep(duration)).await {
            Some(()) => Slept::Elapsed,
            None => Slept::Interrupted,
        }
    }

    /// What the future gives; `None`, and the future dropped, when this task is told to stop before.
    pub async fn or<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut requested = pin!(self.requested());
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            if requested.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            future.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Why the app stops, once it does.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.cells.reason.get().cloned()
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").field("requested", &self.is_requested()).finish()
    }
}

impl Inject for Shutdown {
    fn need() -> Need {
        Need::Shutdown
    }

    fn inject(start: &mut Start) -> Self {
        Self::of(start.cells(), start.index())
    }
}

/// Triggers a [`Shutdown`] made by hand.
#[derive(Debug)]
pub struct ShutdownTrigger {
    shutdown: Shutdown,
}

impl ShutdownTrigger {
    /// Requests shutdown.
    pub fn shutdown(&self) {
        // Only the first reason counts, as in a run.
        let _ = self.shutdown.cells.reason.set(Reason::Asked);
        self.shutdown.cells.of(0).tell();
    }
}
