//! `Health`: reports whether a unit can do its work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::base::text;
use crate::declare::Need;
use crate::shared::AppShared;
use crate::unit::{Inject, Start};

/// A handle to report whether a unit is healthy. The unit sets the check itself; it is not polled.
///
/// While a check is unhealthy, the app is not [ready](crate::App::is_ready), and the server's `/readyz` reports it. The
/// app keeps running; a unit that can't continue returns an error. Cloning is cheap.
///
/// A check starts healthy, since the unit has just come up. A unit that is not healthy reports it before it is up. The
/// checks of a unit are removed when it ends, and start healthy after a restart; reports through a handle from before
/// the restart are ignored. All runs of a scheduled task share one check, which holds the latest report.
///
/// ```
/// use std::time::Duration;
/// use lifespan::{Health, Shutdown};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// # fn lag() -> Duration { Duration::from_secs(40) }
/// async fn follow(health: Health, shutdown: Shutdown) {
///     let replica = health.named("replica");
///     while shutdown.sleep(Duration::from_secs(1)).await.is_elapsed() {
///         let lag = lag();
///         if lag > Duration::from_secs(30) {
///             replica.set_unhealthy(format_args!("lags {} s behind", lag.as_secs()));
///         } else {
///             replica.set_healthy();
///         }
///     }
/// }
///
/// let ((mut handle, health), (trigger, shutdown)) = (Health::pair(), Shutdown::pair());
/// let following = tokio::spawn(follow(health, shutdown));
/// assert!(handle.changed().await);
/// assert_eq!(handle.reason_of("replica").as_deref(), Some("lags 40 s behind"));
/// assert!(handle.reason().is_none() && !handle.is_healthy());
/// trigger.shutdown();
/// following.await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Health {
    listener: Listener,
    /// `None` for the unit's own check.
    name: Option<Arc<str>>,
}

#[derive(Clone)]
enum Listener {
    Run { app: Arc<AppShared>, index: u32, generation: u64 },
    Hand(watch::Sender<Reasons>),
}

/// The reason of each unhealthy check, by the check's name.
type Reasons = BTreeMap<Option<Arc<str>>, Option<Arc<str>>>;

impl Health {
    /// Returns another check of the same unit, with its own name. The check lasts as long as the unit, even if this
    /// handle is dropped. The same name returns the same check.
    ///
    /// ```
    /// use lifespan::Health;
    ///
    /// let (handle, health) = Health::pair();
    /// health.named("replica").set_unhealthy("no connection");
    /// assert_eq!(handle.reason_of("replica").as_deref(), Some("no connection"));
    /// assert!(handle.reason().is_none(), "the unit's own check is healthy");
    /// ```
    #[must_use]
    pub fn named(&self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        if let Listener::Run { app, index, generation } = &self.listener {
            app.hub().name_check(*index, *generation, &name);
        }
        Self { listener: self.listener.clone(), name: Some(name) }
    }

    /// Reports that the unit is healthy. Repeating it has no effect.
    ///
    /// ```
    /// # use lifespan::Health;
    /// let (handle, health) = Health::pair();
    /// health.set_unhealthy("the queue is full");
    /// health.set_healthy();
    /// assert!(handle.is_healthy());
    /// ```
    pub fn set_healthy(&self) {
        self.set(None);
    }

    /// Reports that the unit is unhealthy, and why. The reason is shown in the log, in
    /// [`App::health`](crate::App::health) and at `/readyz?verbose`, so keep it short and free of secrets. It is cut at
    /// 4 KiB.
    ///
    /// The first report is logged as a warning; a new reason while the unit is unhealthy is logged at DEBUG.
    ///
    /// ```
    /// # use lifespan::Health;
    /// let (handle, health) = Health::pair();
    /// health.set_unhealthy(std::io::Error::from(std::io::ErrorKind::TimedOut));
    /// assert_eq!(handle.reason().as_deref(), Some("timed out"));
    /// ```
    pub fn set_unhealthy(&self, reason: impl fmt::Display) {
        // Formatted here, outside all locks: `Display` is user code.
        self.set(Some(text::taken(reason).into()));
    }

    fn set(&self, reason: Option<Arc<str>>) {
        match &self.listener {
            Listener::Run { app, index, generation } => {
                app.hub().set_health(*index, *generation, self.name.as_ref(), reason);
            }
            Listener::Hand(reasons) => {
                reasons.send_if_modified(|reasons| {
                    let reported = reasons.entry(self.name.clone()).or_default();
                    let is_news = *reported != reason;
                    *reported = reason;
                    is_news
                });
            }
        }
    }

    /// Creates a `Health` with a handle that observes it, to call a unit's function in a test.
    ///
    /// ```
    /// # use lifespan::Health;
    /// let (handle, health) = Health::pair();
    /// assert!(handle.is_healthy());
    /// health.set_unhealthy("the queue is full");
    /// assert!(!handle.is_healthy());
    /// ```
    #[must_use]
    pub fn pair() -> (HealthHandle, Self) {
        let (sender, reasons) = watch::channel(Reasons::default());
        (HealthHandle { reasons }, Self { listener: Listener::Hand(sender), name: None })
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Inject for Health {
    fn need() -> Need {
        Need::Health
    }

    fn inject(start: &mut Start) -> Self {
        Self {
            listener: Listener::Run { app: Arc::clone(start.app()), index: start.index(), generation: start.checks() },
            name: None,
        }
    }
}

/// The test side of a [`Health`] pair.
///
/// ```
/// use lifespan::Health;
///
/// async fn ask(health: Health) {
///     health.set_unhealthy("no answer");
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (mut handle, health) = Health::pair();
/// ask(health).await;
/// assert!(handle.changed().await);
/// assert_eq!(handle.reason().as_deref(), Some("no answer"));
/// # }
/// ```
#[derive(Debug)]
pub struct HealthHandle {
    reasons: watch::Receiver<Reasons>,
}

impl HealthHandle {
    /// Returns whether all checks are healthy.
    ///
    /// ```
    /// # use lifespan::Health;
    /// let (handle, health) = Health::pair();
    /// health.named("replica").set_unhealthy("no connection");
    /// assert!(!handle.is_healthy());
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.reasons.borrow().values().all(Option::is_none)
    }

    /// Returns why the unit's own check is not healthy; `None` while it is healthy.
    ///
    /// ```
    /// # use lifespan::Health;
    /// let (handle, health) = Health::pair();
    /// health.set_unhealthy("no answer");
    /// assert_eq!(handle.reason().as_deref(), Some("no answer"));
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<Arc<str>> {
        self.reasons.borrow().get(&None).cloned().flatten()
    }

    /// Returns why the check of this name is not healthy; `None` while it is healthy, or if there is no such check.
    ///
    /// ```
    /// # use lifespan::Health;
    /// let (handle, health) = Health::pair();
    /// health.named("replica").set_unhealthy("no connection");
    /// assert_eq!(handle.reason_of("replica").as_deref(), Some("no connection"));
    /// assert!(handle.reason_of("other").is_none());
    /// ```
    #[must_use]
    pub fn reason_of(&self, name: &str) -> Option<Arc<str>> {
        self.reasons.borrow().get(&Some(name.into())).cloned().flatten()
    }

    /// Waits until a check changes; returns `false` once the [`Health`] and its clones are dropped. Cancel safe.
    ///
    /// ```
    /// # use lifespan::Health;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (mut handle, health) = Health::pair();
    /// health.set_unhealthy("no answer");
    /// assert!(handle.changed().await);
    /// drop(health);
    /// assert!(!handle.changed().await);
    /// # }
    /// ```
    pub async fn changed(&mut self) -> bool {
        self.reasons.changed().await.is_ok()
    }
}
