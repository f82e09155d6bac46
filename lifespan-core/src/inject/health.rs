//! `Health`: how a unit says whether it can do its work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use super::Inject;
use crate::app::App;
use crate::run::start::Start;
use crate::text;
use crate::unit::Need;

/// What a unit says with whether it is healthy: a check that it sets itself, and that nobody polls.
///
/// While a check says that it is not, the app is not [ready](crate::App::is_ready), and `/readyz` of a server says so. The
/// app goes on all the same; a unit that can't go on returns an error. A cheap clone.
///
/// A check begins healthy, since that a unit has come up says as much. A unit that is not, says so before it is up. The
/// checks of a unit go with it, and a restart begins anew: what a clone says that an earlier start was given is not heard.
/// The runs of a schedule have one check between them, which says what the last of them has said.
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
    /// None for the unit's own check.
    name: Option<Arc<str>>,
}

#[derive(Clone)]
enum Listener {
    Run { app: App, index: u32, life: u64 },
    Hand(watch::Sender<Heard>),
}

/// By each check's name, why it is not healthy.
type Heard = BTreeMap<Option<Arc<str>>, Option<Arc<str>>>;

impl Health {
    /// A further check of the same unit, with a name of its own. It stays as long as the unit, also where this is dropped;
    /// what is asked for twice is one check.
    #[must_use]
    pub fn named(&self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        if let Listener::Run { app, index, life } = &self.listener {
            app.hub().name_check(*index, *life, &name);
        }
        Self { listener: self.listener.clone(), name: Some(name) }
    }

    /// Says that all is well. Said again, it is no news.
    pub fn set_healthy(&self) {
        self.set(None);
    }

    /// Says that it can't do its work at present, and why: for people, in the log, in [`App::health`](crate::App::health) and
    /// at `/readyz?verbose`, so in few words and without secrets. Of more than 4 KiB, the rest is cut.
    ///
    /// The first time it is a warning in the log; another reason, while it is not healthy, is logged as a single step.
    pub fn set_unhealthy(&self, reason: impl fmt::Display) {
        // Written here, outside all locks: it is user code.
        self.set(Some(text::taken(reason).into()));
    }

    fn set(&self, reason: Option<Arc<str>>) {
        match &self.listener {
            Listener::Run { app, index, life } => app.hub().check_says(*index, *life, self.name.as_ref(), reason),
            Listener::Hand(heard) => {
                heard.send_if_modified(|heard| {
                    let said = heard.entry(self.name.clone()).or_default();
                    let is_news = *said != reason;
                    *said = reason;
                    is_news
                });
            }
        }
    }

    /// One made by hand, with a handle that hears what it says: for calling a unit's function in a test.
    #[must_use]
    pub fn pair() -> (HealthHandle, Self) {
        let (sender, heard) = watch::channel(Heard::default());
        (HealthHandle { heard }, Self { listener: Listener::Hand(sender), name: None })
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
        Self { listener: Listener::Run { app: start.app(), index: start.index(), life: start.checks() }, name: None }
    }
}

/// The other end of a [`Health`] made by hand.
#[derive(Debug)]
pub struct HealthHandle {
    heard: watch::Receiver<Heard>,
}

impl HealthHandle {
    /// Whether all checks say that all is well.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.heard.borrow().values().all(Option::is_none)
    }

    /// Why the unit's own check is not healthy; none while it is.
    #[must_use]
    pub fn reason(&self) -> Option<Arc<str>> {
        self.heard.borrow().get(&None).cloned().flatten()
    }

    /// Why the check of this name is not healthy; none while it is, or where there is none.
    #[must_use]
    pub fn reason_of(&self, name: &str) -> Option<Arc<str>> {
        self.heard.borrow().get(&Some(name.into())).cloned().flatten()
    }

    /// Waits until a check says something new; `false` when none can any more, since the [`Health`] is gone. Cancel safe.
    pub async fn changed(&mut self) -> bool {
        self.heard.changed().await.is_ok()
    }
}
