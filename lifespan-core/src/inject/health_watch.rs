//! `HealthWatch`: asks again and again whether something answers, and reports it as a check.

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::future::Future;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::health::Health;
use crate::base::{FAR, short};

/// A check that asks again and again, from [`Health::watch`].
///
/// ```
/// use std::time::Duration;
/// use lifespan::Health;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn ping() -> Result<(), &'static str> {
///     Err("no route to host")
/// }
///
/// let (mut handle, health) = Health::pair();
/// let watch = tokio::spawn(health.watch(Duration::from_secs(10), ping).after(3).run());
/// assert!(handle.changed().await, "after 20 s");
/// assert_eq!(handle.reason().as_deref(), Some("no route to host"));
/// # watch.abort();
/// # }
/// ```
#[must_use = "it asks nothing until it is run"]
pub struct HealthWatch<P> {
    health: Health,
    every: Duration,
    limit: Duration,
    after: u32,
    ping: P,
}

impl Health {
    /// Asks at once and then `every` period whether something answers, and reports the result as this check: unhealthy
    /// after a failure, with its error as the reason, and healthy after the next success.
    ///
    /// The returned watch does nothing until it is [run](HealthWatch::run). An answer that takes longer than a period is
    /// a failure; [`timeout`](HealthWatch::timeout) sets another limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::{Health, Shutdown, lifespan_task};
    ///
    /// # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
    /// #[lifespan_task]
    /// async fn watch_the_replica(health: Health, shutdown: Shutdown) {
    ///     let watch = health.named("replica").watch(Duration::from_secs(10), ping).after(3);
    ///     shutdown.or(watch.run()).await;
    /// }
    /// # fn main() {}
    /// ```
    pub fn watch<P, F, E>(&self, every: Duration, ping: P) -> HealthWatch<P>
    where
        P: FnMut() -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let every = every.clamp(Duration::from_millis(1), FAR);
        HealthWatch { health: self.clone(), every, limit: every, after: 1, ping }
    }
}

impl<P> HealthWatch<P> {
    /// Sets how many failures in a row make the check unhealthy; at least one, and one by default.
    ///
    /// ```
    /// # use lifespan::Health;
    /// # async fn ping() -> Result<(), &'static str> { Ok(()) }
    /// let (_handle, health) = Health::pair();
    /// let watch = health.watch(std::time::Duration::from_secs(10), ping).after(3);
    /// # drop(watch);
    /// ```
    pub fn after(self, failures: u32) -> Self {
        Self { after: failures.max(1), ..self }
    }

    /// Sets the limit of one answer; by default the period.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use lifespan::Health;
    /// # async fn ping() -> Result<(), &'static str> { Ok(()) }
    /// let (_handle, health) = Health::pair();
    /// let watch = health.watch(Duration::from_secs(10), ping).timeout(Duration::from_secs(2));
    /// # drop(watch);
    /// ```
    pub fn timeout(self, limit: Duration) -> Self {
        Self { limit: limit.min(FAR), ..self }
    }

    /// Asks until this future is dropped. A panic of `ping` is a panic of the unit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use lifespan::{Health, Shutdown};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # async fn ping() -> Result<(), &'static str> { Ok(()) }
    /// # let ((handle, health), (trigger, shutdown)) = (Health::pair(), Shutdown::pair());
    /// # trigger.shutdown();
    /// shutdown.or(health.watch(Duration::from_secs(10), ping).run()).await;
    /// # assert!(handle.is_healthy());
    /// # }
    /// ```
    pub async fn run<F, E>(mut self) -> Infallible
    where
        P: FnMut() -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let mut times = interval(self.every);
        // A late answer moves the next question, so that there is always a pause.
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failures: u32 = 0;
        loop {
            times.tick().await;
            let answer = timeout(self.limit, (self.ping)()).await;
            failures = if matches!(answer, Ok(Ok(()))) { 0 } else { failures.saturating_add(1) };
            match answer {
                Ok(Ok(())) => self.health.set_healthy(),
                _ if failures < self.after => {}
                Ok(Err(error)) => self.health.set_unhealthy(error),
                Err(_) => self.health.set_unhealthy(format_args!("no answer within {}", short(self.limit))),
            }
        }
    }
}

impl<P> fmt::Debug for HealthWatch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { health, every, limit, after, .. } = self;
        f.debug_struct("HealthWatch")
            .field("health", health)
            .field("every", every)
            .field("limit", limit)
            .field("after", after)
            .finish_non_exhaustive()
    }
}
