//! Tests of programs that use the framework: runs a part of a program, with fakes and in paused time.
//!
//! [`TestApp`] holds only the units that are named and what they need, reads no file and no environment, and installs
//! no signal handler. Time is paused: hours pass in milliseconds, and every run of the test is the same.
//!
//! ```
//! use std::time::Duration;
//! use lifespan::testing::TestApp;
//! use lifespan::{Res, Shutdown, lifespan_context, lifespan_task};
//!
//! struct Sensor { reading: u32 }
//!
//! /// The real one, which a test does not want.
//! #[lifespan_context]
//! async fn sensor() -> Result<Sensor, std::io::Error> {
//!     Err(std::io::Error::other("there is no sensor on this machine"))
//! }
//!
//! #[lifespan_task]
//! async fn watch(limit: u32, sensor: Res<Sensor>, shutdown: Shutdown) -> Result<(), String> {
//!     while shutdown.sleep(Duration::from_secs(60)).await.is_elapsed() {
//!         if sensor.reading > limit {
//!             return Err(format!("{} is more than {limit}", sensor.reading));
//!         }
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let app = TestApp::new().register(WatchConfig { limit: 5 }).provide(Sensor { reading: 6 }).start().await;
//! app.advance(Duration::from_secs(59)).await;
//! assert_eq!(app.events(), ["launched 1", "starting watch", "up watch", "app up"]);
//! app.advance(Duration::from_secs(1)).await;
//! let report = app.stop().await;
//! assert_eq!(report.take_error::<String>().as_deref(), Some("6 is more than 5"));
//! # }
//! ```
//!
//! [`TestRun::fail`], [`TestRun::panic`] and [`TestRun::hang`] make a unit fail, panic or hang at its next step. A
//! [`TestRun`] that is dropped without being stopped, or that leaves a task running, fails its test and names what
//! still runs.

mod wall_clock;

use std::any::TypeId;
use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

use crate::app::App;
use crate::app::launch::Running;
use crate::base::{Keep, Outcome, TypeInfo, Typed};
use crate::config::UnitNames;
use crate::facts::{Event, RunOutcome, Status};
use crate::inject::Res;
use crate::plan::subset::Follow;
use crate::plan::{Given, Registers, Target};
use crate::report::Report;
use crate::shared::Act;
use crate::unit::{Config, Descriptor, registry};
pub use wall_clock::WallClock;

/// A part of a program to run in a test: the units that are named, and what they need.
///
/// See the [module](self) for an example.
///
/// ```
/// # use lifespan::testing::TestApp;
/// # use lifespan::{Shutdown, lifespan_task};
/// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
/// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let app = TestApp::new().with(receive).start().await;
/// assert_eq!(app.events(), ["launched 1", "starting receive", "up receive", "app up"]);
/// assert!(app.stop().await.is_success());
/// # }
/// ```
#[must_use = "it does nothing until it is started"]
pub struct TestApp {
    app: App,
    named: Vec<&'static Descriptor>,
    /// Types for which the test provides a value.
    given: HashSet<TypeId>,
    may_leave_tasks: bool,
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<&str> = self.named.iter().map(|unit| unit.name).collect();
        f.debug_struct("TestApp").field("named", &named).finish_non_exhaustive()
    }
}

impl Default for TestApp {
    fn default() -> Self {
        Self::new()
    }
}

impl TestApp {
    /// Creates an app without units.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    pub fn new() -> Self {
        // Blocked-thread events depend on the machine's load, so they must not appear in an exact list of events.
        let app = App::empty().blocked_after(Duration::ZERO);
        Self { app, named: Vec::new(), given: HashSet::new(), may_leave_tasks: false }
    }

    /// Adds a unit by its function or its name, `TestApp::new().with(poll_updates)`; its keyword arguments have their
    /// defaults.
    ///
    /// # Panics
    /// Panics if it is not a unit, or if several units have the name.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert!(app.app().registered()[0].is(receive));
    /// # app.stop().await;
    /// # }
    /// ```
    #[track_caller]
    pub fn with<F: 'static>(mut self, unit: F) -> Self {
        let target = Target::of(unit);
        let linked = registry::linked();
        match target.resolve(&linked, &UnitNames::new(linked.units.iter().map(|unit| &unit.info))) {
            Ok(unit) => self.named.push(unit),
            Err(unknown) => panic!("`{}` is not a unit: {}", target.name(), unknown.help()),
        }
        self
    }

    /// Adds an instance of a unit with these keyword arguments. The first instance of a unit that is named or needed
    /// takes the unit's place in the order.
    ///
    /// ```
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_task(manual)]
    /// async fn watch(limit: u32) {
    ///     assert_eq!(limit, 5);
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().register(WatchConfig { limit: 5 }).start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    #[track_caller]
    pub fn register<C: Config>(self, config: C) -> Self {
        self.give(config, None)
    }

    /// Adds an instance with a name, otherwise as [`register`](Self::register) does.
    ///
    /// ```
    /// # use lifespan::lifespan_task;
    /// # use lifespan::testing::TestApp;
    /// # #[lifespan_task(manual)] async fn watch(limit: u32) { std::future::pending().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().register_named("low", WatchConfig { limit: 5 }).start().await;
    /// assert!(app.stop().await.unit("low").is_some());
    /// # }
    /// ```
    #[track_caller]
    pub fn register_named<C: Config>(self, name: &str, config: C) -> Self {
        self.give(config, Some(name.into()))
    }

    #[track_caller]
    fn give<C: Config>(mut self, config: C, name: Option<Box<str>>) -> Self {
        let (unit, place) = (C::descriptor(), std::panic::Location::caller());
        let extras = config.extras();
        let given = Given { unit, name, place, config: Some(Box::new(config)), extras };
        self.app.edit(|draft, _| draft.given.push(given));
        self.named.push(unit);
        self
    }

    /// Provides a resource instead of the context that would: a fake.
    ///
    /// ```
    /// use lifespan::testing::TestApp;
    /// use lifespan::{Res, lifespan_context, lifespan_task};
    ///
    /// struct Rate(f64);
    ///
    /// #[lifespan_context(manual)]
    /// async fn rate() -> Rate {
    ///     unreachable!("a test does not ask the bank")
    /// }
    ///
    /// #[lifespan_task(manual)]
    /// async fn convert(rate: Res<Rate>) {
    ///     assert_eq!(rate.0, 1.25);
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(convert).provide(Rate(1.25)).start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(self, fake: T) -> Self {
        self.provide_shared(Arc::new(fake))
    }

    /// Provides a shared value, such as a trait object, otherwise as [`provide`](Self::provide) does.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn greet(name: Res<str>) { std::future::pending().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(greet).provide_shared::<str>("world".into()).start().await;
    /// assert_eq!(&*app.resource::<str>().unwrap(), "world");
    /// # app.stop().await;
    /// # }
    /// ```
    #[track_caller]
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(mut self, fake: Arc<T>) -> Self {
        self.given.insert(TypeInfo::of::<T>().id);
        // The app is launched only in `start`, which consumes this.
        drop(self.app.provide_shared(fake));
        self
    }

    /// Changes the app's settings: `.configure(|app| app.concurrent_startup())`.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).configure(|app| app.concurrent_startup()).start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    pub fn configure(mut self, change: impl FnOnce(App) -> App) -> Self {
        self.app = change(self.app);
        self
    }

    /// Uses this wall clock, which the test sets while the app runs.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::{TestApp, WallClock};
    ///
    /// #[lifespan_task(manual, cron = "30 2 * * *")]
    /// async fn nightly() {}
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let clock = WallClock::new(SystemTime::UNIX_EPOCH);
    /// let app = TestApp::new().with(nightly).wall_clock(&clock).start().await;
    /// app.advance(Duration::from_secs(3 * 3600)).await;
    /// assert_eq!(app.stop().await.unit("nightly").unwrap().runs.as_ref().unwrap().started, 1);
    /// # }
    /// ```
    pub fn wall_clock(self, clock: &WallClock) -> Self {
        self.app.edit(|_, options| clock.show_to(options));
        self
    }

    /// Allows tasks spawned while the app runs, by units or by the test, to keep running after the stop.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).may_leave_tasks().start().await;
    /// tokio::spawn(std::future::pending::<()>());
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    pub fn may_leave_tasks(mut self) -> Self {
        self.may_leave_tasks = true;
        self
    }

    /// Returns the app, before it is started.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let test = TestApp::new().with(receive);
    /// let mut events = test.app().events();
    /// let app = test.start().await;
    /// assert_eq!(events.next().await.unwrap().to_string(), "launched 1");
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Starts the app, and returns when it is up. Pauses time if it is not paused yet.
    ///
    /// # Panics
    /// Panics with the report if the plan is wrong or the startup fails; [`try_start`](Self::try_start) returns the
    /// report instead. Panics outside a current-thread runtime, since only there can time be paused.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert!(app.app().is_ready());
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    pub async fn start(self) -> TestRun {
        match self.try_start().await {
            Ok(run) => run,
            Err(report) => panic!("the app did not start:\n{report}"),
        }
    }

    /// Starts the app as [`start`](Self::start) does, and returns the report if the startup fails.
    ///
    /// # Errors
    /// Returns the report if the plan is wrong or the startup fails.
    ///
    /// # Panics
    /// Panics outside a current-thread runtime.
    ///
    /// ```
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn migrate() -> Result<(), String> {
    ///     Err("the database is locked".to_owned())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let report = TestApp::new().with(migrate).try_start().await.unwrap_err();
    /// assert_eq!(report.failures()[0].chain(), ["the database is locked"]);
    /// # }
    /// ```
    pub async fn try_start(self) -> Result<TestRun, Report> {
        pause().await;
        let linked = registry::linked();
        let follow = Follow {
            linked: &linked.units,
            given: &self.given,
            after: false,
            own_needs: &|_| Vec::new(),
            may_run: &|_| true,
            is_preferred: &|_| true,
        };
        let chosen = follow.with_needs(&self.named).into_keys().collect();
        // Units that the test registered itself count as named.
        self.app.edit(|draft, _| draft.registers = Registers::Chosen(chosen));
        self.app.shared().allow_faults();
        let events = self.app.hub().record();
        let tasks = alive_tasks();
        let running = self.app.start().await.map_err(crate::report::RunError::into_report)?;
        Ok(TestRun { app: self.app, running: Some(running), events, tasks, may_leave_tasks: self.may_leave_tasks })
    }
}

/// An app that is up, in a test.
///
/// ```
/// use std::time::Duration;
/// # use lifespan::testing::TestApp;
/// # use lifespan::{Shutdown, lifespan_task};
/// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
/// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let app = TestApp::new().with(receive).start().await;
/// app.fail(receive, std::io::Error::other("the connection broke"));
/// app.advance(Duration::from_secs(10)).await;
/// assert_eq!(app.stop().await.unit("receive").unwrap().restarts, 1);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an app that is not stopped fails its test"]
pub struct TestRun {
    app: App,
    /// `None` once it was stopped.
    running: Option<Running>,
    events: Arc<std::sync::Mutex<Vec<Event>>>,
    /// The number of tasks that were alive before it started.
    tasks: usize,
    may_leave_tasks: bool,
}

impl TestRun {
    /// Returns the app.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.app().restart(receive).await.unwrap();
    /// assert_eq!(app.stop().await.unit("receive").unwrap().restarts, 1);
    /// # }
    /// ```
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Advances time. All timers within the duration fire in order, including those due at its end.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_task(manual, every = "1h", start = "after_first_period")]
    /// async fn sweep() {}
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(sweep).start().await;
    /// app.advance(Duration::from_secs(24 * 3600)).await;
    /// assert_eq!(app.stop().await.unit("sweep").unwrap().runs.as_ref().unwrap().started, 24);
    /// # }
    /// ```
    pub async fn advance(&self, duration: Duration) {
        settle().await;
        tokio::time::sleep(duration).await;
        settle().await;
    }

    /// Returns all events so far as short texts, as [`Event`] displays itself.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert_eq!(app.events(), ["launched 1", "starting receive", "up receive", "app up"]);
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.recorded().iter().map(ToString::to_string).collect()
    }

    /// Returns all events so far.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # use lifespan::Event;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert!(app.recorded().iter().any(|event| matches!(event, Event::AppUp { .. })));
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn recorded(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Returns a resource that is provided right now.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn greet(name: Res<String>) { std::future::pending().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(greet).provide("world".to_owned()).start().await;
    /// assert_eq!(*app.resource::<String>().unwrap(), "world");
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn resource<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Res<T>> {
        self.app.resource::<T>()
    }

    /// Runs a scheduled task now and returns the run's outcome, as [`App::trigger`](crate::App::trigger) does. Time
    /// advances as far as the run needs; the schedule's times do not change.
    ///
    /// # Panics
    /// Panics with the reason if the task can't be run now, or is stopped before the run has ended.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_task(every = "1h", start = "after_first_period")]
    /// async fn sweep() -> Result<(), std::io::Error> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let app = TestApp::new().with(sweep).start().await;
    /// assert!(app.trigger(sweep).await.is_success());
    /// app.fail(sweep, std::io::Error::other("the disk is full"));
    /// assert_eq!(app.trigger(sweep).await.failure().unwrap().chain(), ["the disk is full"]);
    /// app.advance(Duration::from_secs(3600)).await;
    /// assert_eq!(app.stop().await.unit("sweep").unwrap().runs.as_ref().unwrap().started, 3);
    /// # }
    /// ```
    #[track_caller]
    pub fn trigger<U: 'static>(&self, task: U) -> impl Future<Output = RunOutcome> + Send + use<U> {
        let (place, run) = (std::panic::Location::caller(), self.app.trigger(task));
        async move { run.await.unwrap_or_else(|error| panic!("{error}\n  at {place}")) }
    }

    /// Makes a unit fail at its next step: its body is dropped, and this is its error. A unit is named by its function,
    /// an instance by its name.
    ///
    /// # Panics
    /// Panics if no registration matches, or if one is a `blocking` task.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.fail(receive, std::io::Error::other("the connection broke"));
    /// app.advance(std::time::Duration::from_secs(1)).await;
    /// assert_eq!(app.events().last().unwrap(), "restarting receive 1");
    /// # app.stop().await;
    /// # }
    /// ```
    #[track_caller]
    pub fn fail<U: 'static, E: Error + Send + Sync + 'static>(&self, unit: U, error: E) {
        let mut error = Some(<Typed as Keep<E>>::keep(error));
        self.inject_fault(unit, || error.take().map(Act::Fail));
    }

    /// Makes a unit panic at its next step.
    ///
    /// # Panics
    /// Panics if no registration matches, or if one is a `blocking` task.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.panic(receive, "index out of bounds");
    /// app.advance(std::time::Duration::from_secs(1)).await;
    /// assert_eq!(app.events().last().unwrap(), "restarting receive 1");
    /// # app.stop().await;
    /// # }
    /// ```
    #[track_caller]
    pub fn panic<U: 'static>(&self, unit: U, message: &str) {
        self.inject_fault(unit, || Some(Act::Panic(message.to_owned())));
    }

    /// Makes a unit hang from its next step on: it makes no progress and does not react when asked to stop.
    ///
    /// # Panics
    /// Panics if no registration matches, or if one is a `blocking` task.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.hang(receive);
    /// let report = app.stop().await;
    /// assert_eq!(report.exit_code(), 4, "it did not end within its grace period");
    /// # }
    /// ```
    #[track_caller]
    pub fn hang<U: 'static>(&self, unit: U) {
        self.inject_fault(unit, || Some(Act::Hang));
    }

    #[track_caller]
    fn inject_fault<U: 'static>(&self, unit: U, mut act: impl FnMut() -> Option<Act>) {
        let target = Target::of(unit);
        let (found, nearest) =
            self.app.hub().read(|facts| (target.find(&facts.registrations), target.nearest(&facts.registrations)));
        let help = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "name the function of a registered unit, or an instance".to_owned(),
        };
        assert!(!found.is_empty(), "`{}` is not registered in this app; {help}", target.name());
        let blocking = self
            .app
            .hub()
            .read(|facts| found.iter().any(|&index| facts.registrations.entries[index].unit.options.blocking));
        assert!(
            !blocking,
            "`{}` is a `blocking` task: it runs on its own thread and takes no steps; call its function directly, with `Shutdown::pair()`",
            target.name()
        );
        let has_ended =
            self.app.hub().read(|facts| found.iter().all(|&index| matches!(facts.status(index), Status::Ended(_))));
        assert!(!has_ended, "`{}` has ended, so it has no next step", target.name());
        let Some(faults) = self.app.shared().faults() else { return };
        for index in found {
            let Some(act) = act() else { return };
            faults.plan(u32::try_from(index).expect("fewer than 2^32 registrations"), act);
        }
    }

    /// Stops the app and returns the report.
    ///
    /// # Panics
    /// Panics if a unit could not be stopped, or if a task that was spawned while the app ran is still running.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// let report = app.stop().await;
    /// assert!(report.is_success());
    /// # }
    /// ```
    pub async fn stop(mut self) -> Report {
        let running = self.running.take().expect("it is taken here alone");
        let report = running.stop().await;
        settle().await;
        let stuck: Vec<String> = report
            .units()
            .iter()
            .filter(|unit| matches!(unit.outcome, Outcome::NotYielding | Outcome::Starved))
            .map(|unit| format!("`{}`", unit.unit))
            .collect();
        assert!(stuck.is_empty(), "the app could not be stopped: {} still runs", stuck.join(", "));
        let left = alive_tasks().saturating_sub(self.tasks);
        assert!(
            left == 0 || self.may_leave_tasks,
            "{left} task{} spawned while {} ran and keep{} running after the stop; have the unit end what it spawns, or call \
             `TestApp::may_leave_tasks`",
            if left == 1 { " was" } else { "s were" },
            list(report.units().iter().map(|unit| unit.unit.name())),
            if left == 1 { "s" } else { "" },
        );
        report
    }
}

impl Drop for TestRun {
    fn drop(&mut self) {
        if self.running.is_none() || std::thread::panicking() {
            return;
        }
        let alive = self
            .app
            .events()
            .so_far()
            .units
            .iter()
            .filter(|(_, status)| matches!(status, Status::Starting | Status::Up | Status::Stopping))
            .map(|(unit, _)| unit.name())
            .collect::<Vec<_>>();
        if alive.is_empty() {
            return;
        }
        panic!("the test ends without `stop().await`, while {} still runs", list(alive));
    }
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Pauses tokio's time, if it is not paused.
async fn pause() {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    assert!(
        matches!(flavor, Ok(RuntimeFlavor::CurrentThread)),
        "time can be paused only in a runtime of one thread: write `#[tokio::test]`, or \
         `#[tokio::test(start_paused = true)]`"
    );
    // Tokio has no query for this; a clock that does not move is paused.
    let (real, tokio) = (std::time::Instant::now(), Instant::now());
    while real.elapsed() < Duration::from_micros(10) {}
    if tokio.elapsed() > Duration::ZERO {
        tokio::time::pause();
        // Timers fire at whole milliseconds of the runtime's clock; aligning the clock to one avoids rounding.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Lets everything run that can run without time passing.
async fn settle() {
    // Each yield lets every ready task run once. Chains of tasks that wake each other are far shorter.
    for _ in 0..256 {
        tokio::task::yield_now().await;
    }
}

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
