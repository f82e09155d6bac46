//! `restart(…)` and `group!`.

use std::time::Duration;

pub use lifespan_text::{Strategy, When};

/// `restart(…)`.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    pub when: When,
    /// The number of restarts allowed within the period.
    pub intensity: u32,
    pub period: Duration,
    /// The first delay and the longest.
    pub backoff: (Duration, Duration),
    /// The random share of a delay.
    pub jitter: f64,
    /// After a run of this length, delays start again with the first.
    pub reset_after: Duration,
}

impl Restart {
    pub const DEFAULT: Self = Self {
        when: When::Temporary,
        intensity: 3,
        period: Duration::from_secs(30),
        backoff: (Duration::from_millis(100), Duration::from_secs(30)),
        jitter: 0.2,
        reset_after: Duration::from_secs(60),
    };
}

/// Units that are restarted together, declared with `group!`, which generates a function that returns the group.
///
/// ```
/// use lifespan::{Shutdown, lifespan_task};
///
/// lifespan::group! {
///     /// Reads and stores.
///     pub ingest: one_for_all, intensity = 5, period = "1m"
/// }
///
/// #[lifespan_task(manual, group = ingest)]
/// async fn read(shutdown: Shutdown) {
///     shutdown.requested().await;
/// }
/// ```
#[derive(Debug)]
pub struct Group {
    #[doc(hidden)]
    pub name: &'static str,
    #[doc(hidden)]
    pub strategy: Strategy,
    #[doc(hidden)]
    pub intensity: u32,
    #[doc(hidden)]
    pub period: Duration,
}

impl Group {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, strategy: Strategy) -> Self {
        let Restart { intensity, period, .. } = Restart::DEFAULT;
        Self { name, strategy, intensity, period }
    }

    /// Returns the name with which it was declared.
    ///
    /// ```
    /// lifespan::group! { ingest: one_for_all }
    ///
    /// assert_eq!(ingest().name(), "ingest");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}
