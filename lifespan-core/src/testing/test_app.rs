//! `TestApp`: the part of a program that a test runs. The examples of its methods are most of this file.

use std::any::TypeId;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::runtime::{alive_tasks, pause, resume};
use super::test_run::TestRun;
use super::wall_clock::WallClock;
use crate::app::App;
use crate::base::TypeInfo;
#[cfg(feature = "config")]
use crate::plan::Reads;
use crate::plan::subset::Follow;
use crate::plan::{Given, Profiles, Registers, Target};
use crate::report::{Report, RunError};
use crate::unit::{Config, Descriptor, registry};

/// A part of a program to run in a test: the units that are named, and what they need.
///
/// See the [module](crate::testing) for an example.
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
    profiles: Vec<String>,
    may_leave_tasks: bool,
    /// Time is not paused.
    real_time: bool,
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
        Self {
            app,
            named: Vec::new(),
            given: HashSet::new(),
            profiles: Vec::new(),
            may_leave_tasks: false,
            real_time: false,
        }
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
        match target.resolve(&linked, &linked.names()) {
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

    /// Reads the keyword arguments, policies and settings from this text, as an app does from its file. The file and
    /// the environment of the process are not read; places in messages read `toml:3:1`. A second text replaces the
    /// first.
    ///
    /// ```standalone_crate
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
    /// let app = TestApp::new().with(watch).toml("[tasks.watch]\nlimit = 5").start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    #[cfg(feature = "config")]
    pub fn toml(self, text: &str) -> Self {
        self.app.edit(|draft, _| draft.reads = Reads::Text(text.into()));
        self
    }

    /// Sets an argument or a setting by its name, above the text of [`toml`](Self::toml), as
    /// [`App::set`](crate::App::set) does.
    ///
    /// ```standalone_crate
    /// # use lifespan::lifespan_task;
    /// # use lifespan::testing::TestApp;
    /// # #[lifespan_task(manual)] async fn watch(limit: u32) { assert_eq!(limit, 5); std::future::pending().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(watch).set("tasks.watch.limit", 5).start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    #[cfg(feature = "config")]
    #[track_caller]
    pub fn set(self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        // The app is launched only in `start`, which consumes this.
        drop(self.app.set(key, value));
        self
    }

    /// Activates a profile: of several contexts that provide what a unit takes, the one of an active profile runs. Call
    /// it again for another profile.
    ///
    /// ```standalone_crate
    /// use lifespan::testing::TestApp;
    /// use lifespan::{Res, lifespan_context, lifespan_task};
    ///
    /// struct Rate(f64);
    ///
    /// #[lifespan_context(profile("live"))]
    /// async fn bank() -> Rate {
    ///     unreachable!("a test does not ask the bank")
    /// }
    ///
    /// #[lifespan_context(profile("offline"))]
    /// async fn fixed() -> Rate {
    ///     Rate(1.25)
    /// }
    ///
    /// #[lifespan_task(manual)]
    /// async fn convert(rate: Res<Rate>) {
    ///     assert_eq!(rate.0, 1.25);
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(convert).profile("offline").start().await;
    /// assert!(app.stop().await.is_success());
    /// # }
    /// ```
    #[track_caller]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profiles.push(name.into());
        self.app = self.app.profiles(self.profiles.clone());
        self
    }

    /// Leaves time as it is, so that units may talk to a real local server or wait for a thread. In paused time a limit
    /// passes as soon as every task waits. The runtime may have several threads; time that the test has paused is
    /// resumed.
    ///
    /// ```
    /// use std::net::{TcpListener, TcpStream};
    /// use lifespan::lifespan_context;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_context(manual)]
    /// async fn connection(port: u16) -> Result<TcpStream, std::io::Error> {
    ///     tokio::task::spawn_blocking(move || TcpStream::connect(("127.0.0.1", port))).await?
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// let server = TcpListener::bind("127.0.0.1:0")?;
    /// let port = server.local_addr()?.port();
    /// let app = TestApp::new().register(ConnectionConfig { port }).real_time().start().await;
    /// assert!(app.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    pub fn real_time(mut self) -> Self {
        self.real_time = true;
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

    /// Starts the app, and returns when it is up. Pauses time if it is not paused yet, except with
    /// [`real_time`](Self::real_time).
    ///
    /// # Panics
    /// Panics with the report if the plan is wrong or the startup fails; [`try_start`](Self::try_start) returns the
    /// report instead. Panics outside a current-thread runtime, since only there can time be paused; with
    /// [`real_time`](Self::real_time) it runs on any.
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
    /// Panics outside a current-thread runtime, except with [`real_time`](Self::real_time).
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
        if self.real_time {
            resume();
        } else {
            pause().await;
            self.app.shared().note_paused_time();
        }
        let linked = registry::linked();
        let profiles = self.app.edit(|draft, options| {
            // The launch reports the problems.
            let mut problems = Vec::new();
            let sources = draft.read_sources(&linked, &mut problems);
            let settings = sources.map(|sources| sources.settings(&mut problems)).unwrap_or_default();
            Profiles::new(options, &settings)
        });
        let profiles = profiles.unwrap_or_default();
        let follow = Follow {
            linked: &linked.units,
            given: &self.given,
            after: false,
            own_needs: &|_| Vec::new(),
            may_run: &|_| true,
            is_preferred: &|unit| {
                let wanted = unit.options.profiles;
                wanted.is_empty() || profiles.active_of(wanted).is_some()
            },
        };
        let chosen = follow.with_needs(&self.named).into_keys().collect();
        // Units that the test registered itself count as named.
        self.app.edit(|draft, _| draft.registers = Registers::Chosen(chosen));
        self.app.shared().allow_faults();
        let events = self.app.hub().record();
        let tasks = alive_tasks();
        let running = self.app.start().await.map_err(RunError::into_report)?;
        let Self { app, may_leave_tasks, real_time, .. } = self;
        Ok(TestRun { app, running: Some(running), events, tasks, may_leave_tasks, real_time })
    }
}
