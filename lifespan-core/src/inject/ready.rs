//! `Ready`: reports that a task is up, where its first await is too early.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::FAR;
use crate::declare::Need;
use crate::signal::{Listener, UnitRef};
use crate::unit::{Inject, Start};

/// A handle to report that a task is up, like `READY=1` under systemd: units `after` the task start then, not at its
/// first await.
///
/// If the task returns or drops it unused, the startup fails. The unit's `startup_timeout` limits the wait, and
/// [`extend`](Self::extend) moves that limit while work goes on. A restarted task gets a new one at each start; once
/// the task has been up, later ones have no effect. If a `blocking` task drops it and keeps running, that is noticed at
/// the timeout.
///
/// ```
/// use std::time::Duration;
/// use lifespan::Ready;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn serve(ready: Ready) {
///     ready.extend(Duration::from_secs(90)); // the index is large today
///     tokio::time::sleep(Duration::from_secs(80)).await;
///     ready.notify();
/// }
///
/// let (mut handle, ready) = Ready::pair();
/// let serving = tokio::spawn(serve(ready));
/// assert!(handle.notified().await);
/// assert_eq!(handle.extended(), Some(Duration::from_secs(90)));
/// serving.await.unwrap();
/// # }
/// ```
#[must_use = "a task that drops its `Ready` unused has failed: call `notify`"]
pub struct Ready {
    listener: Arc<dyn Listener>,
    who: UnitRef,
    notified: bool,
}

impl Ready {
    /// Reports that the task is up.
    ///
    /// ```
    /// use lifespan::{Ready, Shutdown, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn serve(ready: Ready, shutdown: Shutdown) {
    ///     println!("listening");
    ///     ready.notify();
    ///     shutdown.requested().await;
    /// }
    /// ```
    pub fn notify(mut self) {
        self.notified = true;
        self.listener.provided(self.who);
    }

    /// Moves the startup timeout: the task has `duration` from now to come up. Each call replaces the one before; once
    /// the task is up, it has no effect.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Ready;
    ///
    /// async fn load(ready: Ready) {
    ///     for shard in 0..100 {
    ///         ready.extend(Duration::from_secs(10));
    ///         println!("loading shard {shard}");
    ///     }
    ///     ready.notify();
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (mut handle, ready) = Ready::pair();
    /// # load(ready).await;
    /// # assert!(handle.notified().await);
    /// # }
    /// ```
    pub fn extend(&self, duration: Duration) {
        self.listener.extended(self.who, Instant::now() + duration.min(FAR));
    }

    /// Creates a `Ready` with a handle that observes it, to call a task's function in a test.
    ///
    /// ```
    /// # use lifespan::Ready;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (mut handle, ready) = Ready::pair();
    /// ready.notify();
    /// assert!(handle.notified().await);
    /// # }
    /// ```
    pub fn pair() -> (ReadyHandle, Self) {
        let (sender, reported) = watch::channel(Reported::default());
        (ReadyHandle { reported }, Self { listener: Arc::new(sender), who: UnitRef::BY_HAND, notified: false })
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if !self.notified {
            self.listener.holder_dropped(self.who);
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

impl Inject for Ready {
    fn need() -> Need {
        Need::Ready
    }

    fn inject(start: &mut Start) -> Self {
        Self { listener: start.listener(), who: start.who(), notified: false }
    }
}

/// The reports of a [`Ready`] created in a test.
#[derive(Clone, Copy, Debug, Default)]
struct Reported {
    /// `false` when it was dropped unused.
    ready: Option<bool>,
    extended: Option<Duration>,
}

impl Listener for watch::Sender<Reported> {
    fn provided(&self, _: UnitRef) {
        self.send_modify(|reported| reported.ready = Some(true));
    }

    fn holder_dropped(&self, _: UnitRef) {
        self.send_modify(|reported| reported.ready = Some(false));
    }

    fn extended(&self, _: UnitRef, until: Instant) {
        self.send_modify(|reported| reported.extended = Some(until - Instant::now()));
    }
}

/// The test side of a [`Ready`] pair.
///
/// ```
/// use std::time::Duration;
/// use lifespan::Ready;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (mut handle, ready) = Ready::pair();
/// ready.extend(Duration::from_secs(30));
/// drop(ready);
/// assert_eq!(handle.extended(), Some(Duration::from_secs(30)));
/// assert!(!handle.notified().await, "it was dropped unused");
/// # }
/// ```
#[derive(Debug)]
pub struct ReadyHandle {
    reported: watch::Receiver<Reported>,
}

impl ReadyHandle {
    /// Waits until the task is ready; returns `false` if it drops its [`Ready`] unused. Cancel safe.
    ///
    /// ```
    /// # use lifespan::Ready;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (mut handle, ready) = Ready::pair();
    /// tokio::spawn(async { ready.notify() });
    /// assert!(handle.notified().await);
    /// # }
    /// ```
    pub async fn notified(&mut self) -> bool {
        match self.reported.wait_for(|reported| reported.ready.is_some()).await {
            Ok(reported) => reported.ready == Some(true),
            Err(_) => false,
        }
    }

    /// Returns the duration that the task asked for last with [`Ready::extend`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use lifespan::Ready;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, ready) = Ready::pair();
    /// assert!(handle.extended().is_none());
    /// ready.extend(Duration::from_secs(30));
    /// assert_eq!(handle.extended(), Some(Duration::from_secs(30)));
    /// # }
    /// ```
    #[must_use]
    pub fn extended(&self) -> Option<Duration> {
        self.reported.borrow().extended
    }
}
