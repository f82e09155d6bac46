//! `Ready`: how a task says that it is up, where its first await says too little.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Inject, Keeper, Who};
use crate::app::options::FAR;
use crate::run::start::Start;
use crate::unit::Need;

/// What a task says with that it is up, as a service does with `READY=1` under systemd: what is `after` it starts then,
/// and not at its first await.
///
/// Returning or dropping it unused is a failure of the startup. The unit's `startup_timeout` covers the wait, and
/// [`extend`](Self::extend) moves that limit while work goes on. In a task that restarts, each body gets one; once the
/// task is up, the later ones say nothing. A `blocking` task that drops it and goes on is found when its limit is over.
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
    keeper: Arc<dyn Keeper>,
    who: Who,
    notified: bool,
}

impl Ready {
    /// Says that the task is up.
    pub fn notify(mut self) {
        self.notified = true;
        self.keeper.provided(self.who);
    }

    /// Moves the limit of the startup: the task has until `duration` from now to come up, whatever it had before. Each
    /// call takes the place of the last; once the task is up, it says nothing.
    pub fn extend(&self, duration: Duration) {
        self.keeper.extended(self.who, Instant::now() + duration.min(FAR));
    }

    /// One made by hand, with a handle that hears what it says: for calling a task's function in a test.
    pub fn pair() -> (ReadyHandle, Self) {
        let (sender, heard) = watch::channel(Heard::default());
        (ReadyHandle { heard }, Self { keeper: Arc::new(sender), who: Who::BY_HAND, notified: false })
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if !self.notified {
            self.keeper.let_go(self.who);
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
        Self { keeper: start.keeper(), who: start.who(), notified: false }
    }
}

/// What a [`Ready`] made by hand has said.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// `false` when it was dropped unused.
    ready: Option<bool>,
    extended: Option<Duration>,
}

impl Keeper for watch::Sender<Heard> {
    fn provided(&self, _: Who) {
        self.send_modify(|heard| heard.ready = Some(true));
    }

    fn let_go(&self, _: Who) {
        self.send_modify(|heard| heard.ready = Some(false));
    }

    fn extended(&self, _: Who, until: Instant) {
        self.send_modify(|heard| heard.extended = Some(until - Instant::now()));
    }
}

/// The other end of a [`Ready`] made by hand.
#[derive(Debug)]
pub struct ReadyHandle {
    heard: watch::Receiver<Heard>,
}

impl ReadyHandle {
    /// Waits until the task is ready; `false` when it drops its [`Ready`] unused. Cancel safe.
    pub async fn notified(&mut self) -> bool {
        match self.heard.wait_for(|heard| heard.ready.is_some()).await {
            Ok(heard) => heard.ready == Some(true),
            Err(_) => false,
        }
    }

    /// What the task asked for last with [`Ready::extend`].
    #[must_use]
    pub fn extended(&self) -> Option<Duration> {
        self.heard.borrow().extended
    }
}
