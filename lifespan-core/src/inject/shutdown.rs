//! `Shutdown`: notifies a task that it is asked to stop.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::FAR;
use crate::config::Settings;
use crate::declare::Need;
use crate::facts::Reason;
use crate::plan::{Limits, Options};
use crate::shared::{StopLimit, StopSignals};
use crate::signal::Incarnation;
use crate::unit::{Inject, Start};

/// A handle that notifies a task when it is asked to stop: once no unit that depends on it is running.
///
/// Cloning is cheap; hand clones to whatever the task spawns.
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
    stop_signals: Arc<StopSignals>,
    index: u32,
    incarnation: Incarnation,
}

/// The way in which [`Shutdown::sleep`] ended.
///
/// ```
/// use std::time::Duration;
/// use lifespan::{Shutdown, Slept};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (_trigger, shutdown) = Shutdown::pair();
/// assert_eq!(shutdown.sleep(Duration::from_secs(1)).await, Slept::Elapsed);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it says whether the time elapsed or shutdown was requested"]
pub enum Slept {
    /// The time has elapsed.
    Elapsed,
    /// Shutdown was requested before.
    Interrupted,
}

impl Slept {
    /// Returns whether the whole time has elapsed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Shutdown;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_trigger, shutdown) = Shutdown::pair();
    /// assert!(shutdown.sleep(Duration::from_secs(1)).await.is_elapsed());
    /// # }
    /// ```
    #[must_use]
    pub fn is_elapsed(self) -> bool {
        self == Slept::Elapsed
    }

    /// Returns whether shutdown was requested before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Shutdown;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (trigger, shutdown) = Shutdown::pair();
    /// trigger.shutdown();
    /// assert!(shutdown.sleep(Duration::from_secs(1)).await.is_interrupted());
    /// # }
    /// ```
    #[must_use]
    pub fn is_interrupted(self) -> bool {
        self == Slept::Interrupted
    }
}

impl Shutdown {
    /// Creates a `Shutdown` with its trigger, to call a task's function in a test.
    ///
    /// ```
    /// # use lifespan::Shutdown;
    /// let (trigger, shutdown) = Shutdown::pair();
    /// trigger.shutdown();
    /// assert!(shutdown.is_requested());
    /// ```
    #[must_use]
    pub fn pair() -> (ShutdownTrigger, Self) {
        let shutdown = Self {
            stop_signals: Arc::new(StopSignals::new(1, Arc::default())),
            index: 0,
            incarnation: Incarnation::FIRST,
        };
        (ShutdownTrigger { shutdown: shutdown.clone() }, shutdown)
    }

    /// Returns the `Shutdown` of one registration, in its present incarnation.
    pub(crate) fn of(stop_signals: Arc<StopSignals>, index: u32) -> Self {
        let incarnation = stop_signals.of(index as usize).incarnation();
        Self { stop_signals, index, incarnation }
    }

    /// Waits until this unit is asked to stop. Cancel safe.
    ///
    /// ```
    /// use lifespan::Shutdown;
    /// use tokio::sync::mpsc;
    ///
    /// async fn receive(mut lines: mpsc::Receiver<String>, shutdown: Shutdown) {
    ///     loop {
    ///         tokio::select! {
    ///             () = shutdown.requested() => break,
    ///             Some(line) = lines.recv() => println!("{line}"),
    ///         }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (trigger, shutdown) = Shutdown::pair();
    /// # trigger.shutdown();
    /// # receive(mpsc::channel(1).1, shutdown).await;
    /// # }
    /// ```
    pub fn requested(&self) -> impl Future<Output = ()> + Send + Sync + '_ {
        self.stop_signals.of(self.index as usize).stop_requested(self.incarnation)
    }

    /// Returns `true` once this unit is asked to stop. A task that nothing depends on is asked with the request for
    /// shutdown itself, so it sees the request at once; every other unit when its turn comes, after all that uses it
    /// has stopped.
    ///
    /// ```
    /// use lifespan::Shutdown;
    ///
    /// fn sum(numbers: &[u64], shutdown: &Shutdown) -> Option<u64> {
    ///     let mut sum = 0;
    ///     for part in numbers.chunks(1000) {
    ///         if shutdown.is_requested() {
    ///             return None;
    ///         }
    ///         sum += part.iter().sum::<u64>();
    ///     }
    ///     Some(sum)
    /// }
    /// # let (trigger, shutdown) = Shutdown::pair();
    /// # assert_eq!(sum(&[1, 2], &shutdown), Some(3));
    /// # trigger.shutdown();
    /// # assert_eq!(sum(&[1, 2], &shutdown), None);
    /// ```
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.stop_signals.is_to_stop(self.index as usize, self.incarnation)
    }

    /// Sleeps for the duration, or until this unit is asked to stop. Cancel safe.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Shutdown;
    ///
    /// async fn sweep(shutdown: Shutdown) {
    ///     while shutdown.sleep(Duration::from_secs(60)).await.is_elapsed() {
    ///         println!("sweeping");
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (trigger, shutdown) = Shutdown::pair();
    /// # trigger.shutdown();
    /// # sweep(shutdown).await;
    /// # }
    /// ```
    pub async fn sleep(&self, duration: Duration) -> Slept {
        match self.or(tokio::time::sleep(duration)).await {
            Some(()) => Slept::Elapsed,
            None => Slept::Interrupted,
        }
    }

    /// Returns the output of the future. Returns `None`, and drops the future, if this unit is asked to stop before.
    ///
    /// ```
    /// use lifespan::Shutdown;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (trigger, shutdown) = Shutdown::pair();
    /// assert_eq!(shutdown.or(async { 5 }).await, Some(5));
    /// trigger.shutdown();
    /// assert_eq!(shutdown.or(std::future::pending::<u32>()).await, None);
    /// # }
    /// ```
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

    /// Returns the time by which this unit has to have ended, once it is asked to stop. After that it is dropped, and the
    /// report names it. The time is limited by the unit's `shutdown_timeout`, and by the limit of the app's whole stop.
    ///
    /// A handle that is kept after its unit has ended, or from before a restart, has no time left: it returns the
    /// present.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Shutdown;
    /// use tokio::time::timeout_at;
    ///
    /// # async fn send_the_rest() { tokio::time::sleep(Duration::from_secs(5)).await }
    /// async fn send(shutdown: Shutdown) -> bool {
    ///     shutdown.requested().await;
    ///     let deadline = shutdown.deadline().expect("it is asked to stop");
    ///     // Leaves a second for the code after it.
    ///     timeout_at(deadline - Duration::from_secs(1), send_the_rest()).await.is_ok()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// for (limit, is_sent) in [(10, true), (3, false)] {
    ///     let (trigger, shutdown) = Shutdown::pair();
    ///     assert!(shutdown.deadline().is_none());
    ///     trigger.shutdown_within(Duration::from_secs(limit));
    ///     assert_eq!(send(shutdown).await, is_sent);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.stop_signals.deadline(self.index as usize, self.incarnation)
    }

    /// Returns the reason for the shutdown, once the app is shutting down.
    ///
    /// ```
    /// use lifespan::{Reason, Shutdown};
    ///
    /// let (trigger, shutdown) = Shutdown::pair();
    /// assert!(shutdown.reason().is_none());
    /// trigger.shutdown();
    /// assert_eq!(shutdown.reason(), Some(Reason::Asked));
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.stop_signals.request.reason().cloned()
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
        Self::of(start.stop_signals(), start.index())
    }
}

/// The trigger of a [`Shutdown`] created in a test.
///
/// ```
/// # use lifespan::Shutdown;
/// let (trigger, shutdown) = Shutdown::pair();
/// assert!(!shutdown.is_requested());
/// trigger.shutdown();
/// assert!(shutdown.is_requested());
/// ```
#[derive(Debug)]
pub struct ShutdownTrigger {
    shutdown: Shutdown,
}

impl ShutdownTrigger {
    /// Requests shutdown. The [`deadline`](Shutdown::deadline) is that of an app with the default settings.
    ///
    /// ```
    /// # use lifespan::Shutdown;
    /// let (trigger, shutdown) = Shutdown::pair();
    /// trigger.shutdown();
    /// assert!(shutdown.is_requested());
    /// ```
    pub fn shutdown(&self) {
        self.shutdown_within(Limits::new(&Options::default(), &Settings::default()).grace);
    }

    /// Requests shutdown, with this much time until the [`deadline`](Shutdown::deadline).
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Shutdown;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (trigger, shutdown) = Shutdown::pair();
    /// trigger.shutdown_within(Duration::from_secs(3));
    /// assert_eq!(shutdown.deadline().unwrap().duration_since(tokio::time::Instant::now()), Duration::from_secs(3));
    /// # }
    /// ```
    pub fn shutdown_within(&self, limit: Duration) {
        // Only the first limit and the first reason count, as in a run.
        self.shutdown.stop_signals.set_limit(StopLimit::Until(Instant::now() + limit.min(FAR)));
        self.shutdown.stop_signals.request.set_reason(Reason::Asked);
        self.shutdown.stop_signals.of(0).request_stop();
    }
}
