//! A failure of a unit: its stage, its cause, and the user's own error, which can be taken out again. The examples of its
//! methods are most of this file.

use std::borrow::Cow;
use std::error::Error;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::error_box::{self};
use crate::base::verdict::Severity;
use crate::base::{BoxError, Cause, RawFailure, Refused, Stage, texts_of};
use crate::plan::Registered;

/// A failure of a unit: its stage, its cause, and the unit's own error.
///
/// ```
/// # use lifespan::{App, lifespan_task};
/// # #[lifespan_task(manual)]
/// # async fn fetch() -> Result<(), std::io::Error> {
/// #     tokio::task::yield_now().await;
/// #     Err(std::io::ErrorKind::TimedOut.into())
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(FetchConfig {})?;
/// let report = app.launch().await;
/// let failure = &report.failures()[0];
/// assert_eq!(failure.to_string(), "task `fetch` failed: timed out");
/// assert!(failure.take_error::<std::io::Error>().is_some());
/// # Ok(()) }
/// ```
pub struct Failure {
    unit: Registered,
    /// The name of the unit's child that has failed.
    child: Option<Cow<'static, str>>,
    /// Set if the unit's policy would have restarted it, but could not.
    refused: Option<Refused>,
    stage: Stage,
    cause: Cause,
    /// The texts of the error and its sources, outermost first; kept when the error is taken.
    chain: Vec<String>,
    error: Mutex<Option<Arc<BoxError>>>,
    severity: AtomicU8,
    /// The other failures in the unit until it had ended: those of its children.
    beside: Box<[Arc<Self>]>,
    /// Set if this is kept beside another failure of its unit.
    is_beside: bool,
    /// Set if this replaces an earlier failure, which it explains.
    explains: bool,
    /// The index of the unit that the machine has judged. `unit` differs if another unit blocked its thread.
    judged: u32,
    /// Set if it timed out while a test had paused time.
    in_paused_time: bool,
}

impl Failure {
    pub(crate) fn new(unit: Registered, stage: Stage, broken: RawFailure, severity: Severity) -> Self {
        let (broken, refused) = match broken {
            RawFailure::Refused { broken, by } => (*broken, Some(by)),
            broken => (broken, None),
        };
        let (broken, beside) = broken.first();
        let beside = beside
            .into_iter()
            .map(|broken| Arc::new(Self::new(unit.clone(), stage, broken, severity).into_beside()))
            .collect();
        let stage = if broken.happened_while_up() { Stage::Running } else { stage };
        let (child, cause, error) = broken.apart();
        let chain = error.as_deref().map(|error| texts_of(error)).unwrap_or_default();
        let judged = unit.index;
        Self {
            unit,
            child,
            refused,
            stage,
            cause,
            chain,
            error: Mutex::new(error.map(Arc::new)),
            severity: AtomicU8::new(severity as u8),
            beside,
            is_beside: false,
            explains: false,
            judged,
            in_paused_time: false,
        }
    }

    /// Notes whether a test has paused time, if that may be why a setup or a run took too long.
    pub(crate) fn while_paused(self, is_time_paused: bool) -> Self {
        let waited = match self.cause {
            Cause::TimedOut { .. } => self.stage == Stage::Startup,
            Cause::RunTimedOut { .. } => true,
            _ => false,
        };
        Self { in_paused_time: is_time_paused && waited, ..self }
    }

    /// Returns whether it timed out while a test had paused time.
    pub(super) fn is_in_paused_time(&self) -> bool {
        self.in_paused_time
    }

    /// Returns this failure as the replacement of an earlier one, which it explains.
    pub(crate) fn explaining(mut self, earlier: &Self) -> Self {
        if let (Cause::NotYielding { limit }, Cause::TimedOut { limit: passed }) = (&mut self.cause, &earlier.cause) {
            *limit = Some(*passed);
        }
        Self { explains: true, refused: self.refused.or(earlier.refused), ..self }
    }

    /// Returns whether the cause is only a symptom, which another failure of the unit may explain.
    pub(crate) fn lacks_its_reason(&self) -> bool {
        match self.cause {
            Cause::TimedOut { .. }
            | Cause::NeverReady
            | Cause::GaveUp
            | Cause::ResourceLost
            | Cause::Starved
            | Cause::Blocked { .. } => true,
            Cause::Error
            | Cause::Panic { .. }
            | Cause::RunTimedOut { .. }
            | Cause::RestartedTooOften { .. }
            | Cause::NothingProvided
            | Cause::NotYielding { .. }
            | Cause::Lost => false,
        }
    }

    /// Returns whether the cause is an error or a panic of user code.
    pub(crate) fn has_error(&self) -> bool {
        matches!(self.cause, Cause::Error | Cause::Panic { .. })
    }

    /// Returns whether the unit blocked its thread, so that this one timed out.
    pub(crate) fn has_starved(&self, unit: &Registered) -> bool {
        matches!(&self.cause, Cause::Blocked { starved } if **starved == unit.name())
    }

    /// Sets the index of the unit that the machine has judged.
    pub(crate) fn judged_of(self, unit: u32) -> Self {
        Self { judged: unit, ..self }
    }

    /// Returns the index of the unit that the machine has judged.
    pub(crate) fn judged(&self) -> u32 {
        self.judged
    }

    pub(crate) fn explains(&self) -> bool {
        self.explains
    }

    /// Marks this failure as kept beside another one of its unit.
    pub(crate) fn into_beside(self) -> Self {
        Self { is_beside: true, ..self }
    }

    pub(super) fn refused(&self) -> Option<Refused> {
        self.refused
    }

    pub(crate) fn is_beside(&self) -> bool {
        self.is_beside
    }

    /// Returns the unit.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// let report = app.launch().await;
    /// assert!(report.failures()[0].unit().is(fetch));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unit(&self) -> &Registered {
        &self.unit
    }

    /// Returns the name of the child whose failure has failed the unit; `None` if the unit failed by itself.
    ///
    /// ```
    /// use lifespan::{App, Children, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn serve(children: Children) {
    ///     children.spawn("conn", async { Err::<(), _>("reset by peer") });
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let report = app.launch().await;
    /// assert_eq!(report.failures()[0].child(), Some("conn"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn child(&self) -> Option<&str> {
        self.child.as_deref()
    }

    /// Returns the other failures of the unit's children that no caller has taken. The report lists them after this
    /// one; those of a scheduled run are only here.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// let report = app.launch().await;
    /// for child in report.failures()[0].beside() {
    ///     println!("besides: {child}");
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn beside(&self) -> &[Arc<Self>] {
        &self.beside
    }

    /// Returns the stage at which the unit failed.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// # use lifespan::Stage;
    /// let report = app.launch().await;
    /// assert_eq!(report.failures()[0].stage(), Stage::Running);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Returns the cause.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// # use lifespan::Cause;
    /// let report = app.launch().await;
    /// assert_eq!(report.failures()[0].cause(), &Cause::Error);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Returns `true` if `on_failure = "ignore"` kept the app up.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, on_failure = "ignore")]
    /// async fn statistics() -> Result<(), String> {
    ///     Err("no answer".to_owned())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(StatisticsConfig {})?;
    /// let report = app.launch().await;
    /// assert!(report.failures()[0].is_ignored());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.severity() == Severity::Ignored
    }

    /// Returns `true` if the unit was restarted after this failure, or failed while it was stopped for a restart. The
    /// report has the last such failure of each unit.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use lifespan::{App, lifespan_task};
    ///
    /// static WAS_CALLED: AtomicBool = AtomicBool::new(false);
    ///
    /// /// Fails at its first call only.
    /// #[lifespan_task(manual, once, restart(transient))]
    /// async fn migrate() -> Result<(), String> {
    ///     if WAS_CALLED.swap(true, Ordering::Relaxed) { Ok(()) } else { Err("locked".to_owned()) }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(MigrateConfig {})?;
    /// let mut events = app.events();
    /// assert!(app.launch().await.is_success());
    /// while let Some(event) = events.next().await {
    ///     if let lifespan::Event::Restarting { failure: Some(failure), .. } = event {
    ///         assert!(failure.is_recovered());
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.severity() == Severity::Recovered
    }

    /// Returns `true` if the failure happened while the app stopped, in a unit that its policy would have restarted. It
    /// does not change the exit code.
    ///
    /// ```
    /// use lifespan::{App, Shutdown, lifespan_task};
    ///
    /// #[lifespan_task(manual, restart(transient))]
    /// async fn receive(shutdown: Shutdown) -> Result<(), String> {
    ///     shutdown.requested().await;
    ///     Err("the connection broke".to_owned())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ReceiveConfig {})?;
    /// let report = app.start().await?.stop().await;
    /// assert!(report.failures()[0].is_absorbed() && report.is_success());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_absorbed(&self) -> bool {
        self.severity() == Severity::Absorbed
    }

    /// Returns `true` if the unit should have been restarted after this failure but was not: the app stopped first, or
    /// a reload removed the unit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, restart(transient, backoff = "1m"))]
    /// async fn receive() -> Result<(), String> {
    ///     tokio::task::yield_now().await;
    ///     Err("the connection broke".to_owned())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ReceiveConfig {})?;
    /// let running = app.start().await?;
    /// tokio::time::sleep(Duration::from_secs(1)).await; // it waits for its restart
    /// assert!(running.stop().await.failures()[0].is_unrecovered());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_unrecovered(&self) -> bool {
        self.severity() == Severity::Unrecovered
    }

    /// Returns whether the failure stops the app.
    pub(crate) fn counts(&self) -> bool {
        self.severity() == Severity::Full
    }

    /// Returns the texts of the error and its sources, outermost first; empty if the cause is not an error. A text of
    /// more than 4 KiB is cut and says how much was left out. If the sources form a cycle, the first 100 are returned.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// let report = app.launch().await;
    /// assert_eq!(report.failures()[0].chain(), ["timed out"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn chain(&self) -> &[String] {
        &self.chain
    }

    /// Calls the closure with the error, or with the first of its sources, that has this type.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// let report = app.launch().await;
    /// let kind = report.failures()[0].inspect_error(|error: &std::io::Error| error.kind());
    /// assert_eq!(kind, Some(std::io::ErrorKind::TimedOut));
    /// # Ok(()) }
    /// ```
    pub fn inspect_error<E: Error + 'static, R>(&self, look: impl FnOnce(&E) -> R) -> Option<R> {
        // Outside the lock: the closure is user code, which may call this failure again.
        let error = self.error().clone()?;
        error_box::find_cause::<E>(&**error).map(look)
    }

    /// Takes the error out with the type that the unit returned: its own error type, `anyhow::Error`, `String`. Returns
    /// `None` if it has another type, was taken before, or is being [inspected](Self::inspect_error).
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual)]
    /// # async fn fetch() -> Result<(), std::io::Error> {
    /// #     tokio::task::yield_now().await;
    /// #     Err(std::io::ErrorKind::TimedOut.into())
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(FetchConfig {})?;
    /// let report = app.launch().await;
    /// let failure = &report.failures()[0];
    /// let error: std::io::Error = failure.take_error().unwrap();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// assert!(failure.take_error::<std::io::Error>().is_none(), "it was taken before");
    /// # Ok(()) }
    /// ```
    pub fn take_error<E: 'static>(&self) -> Option<E> {
        let mut error = self.error();
        let (taken, left) = match Arc::try_unwrap(error.take()?).map(error_box::take::<E>) {
            Ok(Ok(taken)) => (Some(taken), None),
            Ok(Err(other)) => (None, Some(Arc::new(other))),
            Err(inspected) => (None, Some(inspected)),
        };
        *error = left;
        taken
    }

    fn error(&self) -> MutexGuard<'_, Option<Arc<BoxError>>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn severity(&self) -> Severity {
        Severity::ALL[usize::from(self.severity.load(Ordering::Relaxed))]
    }

    /// Changes the severity, if the unit does not restart after all.
    pub(crate) fn set_severity(&self, severity: Severity) {
        self.severity.store(severity as u8, Ordering::Relaxed);
        self.beside.iter().for_each(|failure| failure.set_severity(severity));
    }

    pub(crate) fn take_any_error(&self) -> Option<BoxError> {
        let mut error = self.error();
        match Arc::try_unwrap(error.take()?) {
            Ok(taken) => Some(taken),
            Err(inspected) => {
                *error = Some(inspected);
                None
            }
        }
    }
}
