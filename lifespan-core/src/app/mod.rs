//! `App`: the one handle to an app.

pub(crate) mod launch;
mod readiness;
mod reload;
mod restart;
mod stage;
pub(crate) mod target;
mod termination;
pub(crate) mod trigger;

use std::any::{TypeId, type_name};
use std::fmt;
use std::panic::Location as Caller;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use crate::base::{Location, Problem, TypeInfo, line, short_type};
use crate::config::Sources;
use crate::declare::Need;
use crate::facts::{Events, Reason, State};
use crate::hub::Hub;
use crate::inject::Res;
use crate::plan::Plan;
use crate::plan::{Draft, Given, Options, PlanError, Prepared, Provided, Registered, Registrations};
use crate::shared::{AppShared, Inbox};
use crate::signal::{Resource, StopSignal};
use crate::unit::{Config, Descriptor, Inject, Start, registry};
use crate::watch::Watched;
use stage::Stage;

/// A handle to an app: its registrations and settings and, once launched, its run. Cloning is cheap, and all clones
/// share one app.
///
/// ```
/// use lifespan::{App, Shutdown, lifespan_task};
///
/// /// Counts until it is asked to stop.
/// #[lifespan_task]
/// async fn count(from: u32, shutdown: Shutdown) {
///     shutdown.requested().await;
///     println!("counted from {from}");
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::empty();
/// app.register(CountConfig { from: 5 })?;
/// let running = app.start().await?;
/// let report = running.stop().await;
/// assert_eq!(report.exit_code(), 0);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

/// What only the app's handles know; the rest is shared with the run.
pub(super) struct Inner {
    shared: Arc<AppShared>,
    stage: Stage,
    /// The watch thread's view of the run.
    watched: OnceLock<Arc<Watched>>,
}

impl App {
    /// Creates an app that runs the discovered units: those of the crate that invokes `discover!` and of the crates
    /// that it links, or all linked units without a `discover!`. Reads keyword arguments from `lifespan.toml` and the
    /// environment, and handles signals while it runs.
    ///
    /// ```
    /// use lifespan::App;
    ///
    /// let app = App::new().concurrent_startup();
    /// for unit in app.registered() {
    ///     println!("{} {unit} at {}", unit.kind(), unit.location());
    /// }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let options = Options { signals: true, may_exit: true, prints_warnings: true, ..Options::default() };
        Self::with(Draft { automatic: true, ..Draft::default() }, options)
    }

    /// Creates an app that runs only what is registered: it reads no file and no environment, installs no signal
    /// handler and never ends the process. For tests, and for an app inside a program that handles these itself.
    ///
    /// ```
    /// use lifespan::{App, State};
    ///
    /// let app = App::empty();
    /// assert_eq!(app.state(), State::New);
    /// assert!(app.registered().is_empty());
    /// ```
    #[must_use]
    pub fn empty() -> Self {
        Self::with(Draft::default(), Options::default())
    }

    fn with(draft: Draft, options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                shared: Arc::default(),
                stage: Stage::new(draft, options),
                watched: OnceLock::new(),
            }),
        }
    }

    /// Registers one instance of a unit, with the config struct generated from its keyword arguments.
    ///
    /// The first registration of a discovered unit takes the unit's place in the order. Further registrations are
    /// further instances, after all discovered units, in call order. The config given here is complete: neither the
    /// file nor the environment overrides it.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch, from any thread; nothing changes then.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn probe(url: String) {
    ///     println!("asking {url}");
    /// }
    ///
    /// let app = App::empty();
    /// app.register(ProbeConfig { url: "https://example.org".to_owned() })?;
    /// app.register(ProbeConfig { url: "https://example.com".to_owned() })?;
    /// assert_eq!(app.registered()[1].name(), "probe#2");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn register<C: Config>(&self, config: C) -> Result<Registration, RegisterError> {
        let (unit, place) = (C::descriptor(), Caller::caller());
        self.edit(|draft, _| {
            let extras = config.extras();
            draft.given.push(Given { unit, name: None, place, config: Some(Box::new(config)), extras });
            Registration { app: self.clone(), unit, position: draft.given.len() - 1 }
        })
        .ok_or_else(|| {
            RegisterError::late(format!("register lifespan {} `{}`", unit.kind, unit.name), "register all tasks")
        })
    }

    /// Excludes a discovered unit, named by its function: `app.skip(poll_updates)`.
    ///
    /// Only the automatic registration is left out; `register` calls for the same unit remain.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. If the function is not a unit, the plan has an
    /// error.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(once)]
    /// async fn sweep() {}
    ///
    /// let app = App::new();
    /// app.skip(sweep)?;
    /// assert!(!app.registered().iter().any(|unit| unit.is(sweep)));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn skip<F: 'static>(&self, unit: F) -> Result<(), RegisterError> {
        drop(unit);
        let place = Location::caller();
        let name = type_name::<F>();
        self.edit(|draft, _| draft.skipped.push((TypeId::of::<F>(), name, place)))
            .ok_or_else(|| RegisterError::late(format!("skip `{name}`"), "skip units"))
    }

    /// Provides a resource created by code: units take it as `Res<T>`. It lasts as long as the app and has no teardown;
    /// a second provider of the same type is an error of the plan.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then.
    ///
    /// ```
    /// use lifespan::{App, Res, lifespan_task};
    ///
    /// struct Pool;
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn query(pool: Res<Pool>) {}
    ///
    /// let app = App::empty();
    /// app.register(QueryConfig {})?;
    /// app.provide(Pool)?;
    /// assert!(app.check().is_ok());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) -> Result<(), RegisterError> {
        self.provide_shared(Arc::new(value))
    }

    /// Provides a shared value, such as a trait object, otherwise as [`provide`](Self::provide) does.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lifespan::{App, Res, lifespan_task};
    ///
    /// trait Store: Send + Sync {}
    /// struct Memory;
    /// impl Store for Memory {}
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn save(store: Res<dyn Store>) {}
    ///
    /// let app = App::empty();
    /// app.register(SaveConfig {})?;
    /// app.provide_shared::<dyn Store>(Arc::new(Memory))?;
    /// assert!(app.check().is_ok());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) -> Result<(), RegisterError> {
        let provided = Provided { ty: TypeInfo::of::<T>(), place: Location::caller() };
        self.put("provide", provided, Resource::shared(value), |draft| &mut draft.provided)
    }

    /// Provides a resource instead of the context that would: the context is not started.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. If no context provides this type, the plan has
    /// an error.
    ///
    /// ```
    /// use lifespan::{App, Res, lifespan_context, lifespan_task};
    ///
    /// struct Rate(f64);
    ///
    /// #[lifespan_context(manual)]
    /// async fn rate() -> Rate {
    ///     Rate(1.25)
    /// }
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn convert(rate: Res<Rate>) {
    ///     println!("{}", rate.0);
    /// }
    ///
    /// let app = App::empty();
    /// app.register(RateConfig {})?;
    /// app.register(ConvertConfig {})?;
    /// app.replace(Rate(1.0))?;
    /// let plan = app.check().expect("the plan is valid");
    /// assert_eq!(plan.to_string().lines().count(), 1, "only `convert` runs");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn replace<T: Send + Sync + 'static>(&self, value: T) -> Result<(), RegisterError> {
        self.replace_shared(Arc::new(value))
    }

    /// Provides a shared value, such as a trait object, otherwise as [`replace`](Self::replace) does.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lifespan::{App, lifespan_context};
    ///
    /// #[lifespan_context(manual)]
    /// async fn rate() -> f64 {
    ///     1.25
    /// }
    ///
    /// let app = App::empty();
    /// app.register(RateConfig {})?;
    /// let fixed = Arc::new(1.0);
    /// app.replace_shared(Arc::clone(&fixed))?;
    /// assert_eq!(app.resource::<f64>().as_deref(), Some(&1.0));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn replace_shared<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) -> Result<(), RegisterError> {
        let provided = Provided { ty: TypeInfo::of::<T>(), place: Location::caller() };
        self.put("replace", provided, Resource::shared(value), |draft| &mut draft.replaced)
    }

    fn put(
        &self,
        verb: &str,
        provided: Provided,
        resource: Resource,
        list: impl FnOnce(&mut Draft) -> &mut Vec<Provided>,
    ) -> Result<(), RegisterError> {
        let name = short_type(provided.ty.name);
        self.edit(|draft, _| {
            list(draft).push(provided);
            self.shared().resources().put(resource);
        })
        .ok_or_else(|| RegisterError::late(format!("{verb} `{name}`"), &format!("{verb} all resources")))
    }

    /// Starts every unit as soon as its dependencies are up, instead of one after another: the startup takes as long as
    /// its longest chain.
    ///
    /// ```
    /// let app = lifespan::App::new().concurrent_startup();
    /// ```
    #[must_use]
    pub fn concurrent_startup(self) -> Self {
        self.set(|options| options.settings.concurrent_startup = Some(true))
    }

    /// Keeps the app up after all its tasks have finished, until shutdown is requested.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn migrate() {}
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty().stay_up();
    /// app.register(MigrateConfig {})?;
    /// let running = app.start().await?;
    /// assert!(app.is_ready(), "it waits for a request for shutdown");
    /// assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stay_up(self) -> Self {
        self.set(|options| options.settings.stay_up = Some(true))
    }

    /// Installs no signal handlers: the program calls [`shutdown`](Self::shutdown) itself. The app does not notify
    /// systemd either.
    ///
    /// ```
    /// let app = lifespan::App::new().without_signals();
    /// app.shutdown(); // instead of a signal
    /// ```
    #[must_use]
    pub fn without_signals(self) -> Self {
        self.set(|options| options.signals = false)
    }

    /// Never ends the process, not even if a body that can't be aborted is still running at the hard deadline.
    ///
    /// ```
    /// let app = lifespan::App::new().without_signals().never_exit(); // for a test of the whole program
    /// ```
    #[must_use]
    pub fn never_exit(self) -> Self {
        self.set(|options| options.may_exit = false)
    }

    /// Writes nothing to standard error while the app runs. Otherwise, if the program has installed no `tracing`
    /// subscriber, an app made by [`new`](Self::new) writes its warnings and errors there, at most one a second for
    /// each unit.
    ///
    /// ```
    /// let app = lifespan::App::new().without_warnings();
    /// assert!(!app.is_ready(), "it is not launched yet");
    /// ```
    #[must_use]
    pub fn without_warnings(self) -> Self {
        self.set(|options| options.prints_warnings = false)
    }

    /// Sets how long a unit may take to come up, if it declares nothing: 60 s by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let app = lifespan::App::new().startup_timeout(Duration::from_secs(10));
    /// ```
    #[must_use]
    pub fn startup_timeout(self, limit: Duration) -> Self {
        self.set(|options| options.settings.startup_timeout = Some(limit))
    }

    /// Sets how long a task may take to stop, if it declares nothing: 10 s by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let app = lifespan::App::new().grace(Duration::from_secs(3));
    /// ```
    #[must_use]
    pub fn grace(self, limit: Duration) -> Self {
        self.set(|options| options.settings.grace = Some(limit))
    }

    /// Sets how long a context may take to tear down, if it declares nothing: 5 s by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let app = lifespan::App::new().teardown_timeout(Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn teardown_timeout(self, limit: Duration) -> Self {
        self.set(|options| options.settings.teardown_timeout = Some(limit))
    }

    /// Sets how long the whole stop may take: 25 s by default, less than the 30 s after which Kubernetes kills.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// // `docker stop` kills after 10 s.
    /// let app = lifespan::App::new().shutdown_timeout(Duration::from_secs(8));
    /// ```
    #[must_use]
    pub fn shutdown_timeout(self, limit: Duration) -> Self {
        self.set(|options| options.settings.shutdown_timeout = Some(limit))
    }

    /// Sets the wall clock's time at the launch, for tests of `cron` and of [`Tick`](crate::Tick)s. From then on it
    /// follows tokio's time, paused or not; the system's clock is not used.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use lifespan::{App, Tick, lifespan_task};
    ///
    /// #[lifespan_task(manual, cron = "0 12 * * *")]
    /// async fn noon(tick: Tick) {
    ///     let twelve = SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600);
    ///     assert_eq!(tick.scheduled(), twelve);
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty().wall_clock(SystemTime::UNIX_EPOCH);
    /// app.register(NoonConfig {})?;
    /// let running = app.start().await?;
    /// tokio::time::sleep(Duration::from_secs(13 * 3600)).await;
    /// assert_eq!(running.stop().await.unit("noon").unwrap().runs.as_ref().unwrap().started, 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn wall_clock(self, at_launch: SystemTime) -> Self {
        self.set(|options| options.wall_clock = Some(at_launch))
    }

    /// Sets how long a unit may block the thread that polls it before the log reports it, while it is still blocked:
    /// 100 ms by default; zero turns the report off.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let app = lifespan::App::new().blocked_after(Duration::from_millis(20));
    /// ```
    #[must_use]
    pub fn blocked_after(self, limit: Duration) -> Self {
        self.set(|options| options.settings.blocked_after = Some(limit))
    }

    /// Sets how long a unit must stay up after a failure to have recovered from it: 10 s by default. Until then the app
    /// is not [ready](Self::is_ready), or is [degraded](Self::is_degraded). A task that takes a [`Ready`](crate::Ready)
    /// has recovered when it calls `notify`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let app = lifespan::App::new().stable_after(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn stable_after(self, time: Duration) -> Self {
        self.set(|options| options.settings.stable_after = Some(time))
    }

    fn set(self, change: impl FnOnce(&mut Options)) -> Self {
        self.edit(|_, options| change(options));
        self
    }

    /// Checks the plan without running any unit: returns it, or everything that is wrong with it.
    ///
    /// Default expressions and `Deserialize` implementations do run.
    ///
    /// # Errors
    /// Returns [`PlanError`] with every problem.
    ///
    /// ```
    /// use lifespan::{App, ProblemKind, Res, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn query(pool: Res<String>) {}
    ///
    /// let app = App::empty();
    /// app.register(QueryConfig {})?;
    /// let error = app.check().unwrap_err();
    /// assert_eq!(error.problems()[0].kind(), ProblemKind::MissingProvider);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    pub fn check(&self) -> Result<Plan, PlanError> {
        let Some(taken) = self.inner.stage.take() else {
            return Err(PlanError { problems: vec![self.not_new("check")] });
        };
        match Prepared::new(&taken.asked().draft) {
            Ok(Prepared { mut plan, .. }) => {
                plan.wall_clock = taken.asked().options.wall_clock;
                Ok(plan)
            }
            Err(problems) => Err(PlanError { problems }),
        }
    }

    /// Returns the registrations of this app, in registration order. Before the launch, those that it would run now.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn count(from: u32) {}
    ///
    /// let app = App::empty();
    /// app.register(CountConfig { from: 1 })?;
    /// app.register(CountConfig { from: 7 })?.named("high")?;
    /// let names: Vec<String> = app.registered().iter().map(|unit| unit.name()).collect();
    /// assert_eq!(names, ["count", "high"]);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn registered(&self) -> Vec<Registered> {
        let Some(taken) = self.inner.stage.take() else {
            return self.launched().map(|registrations| registrations.list()).unwrap_or_default();
        };
        let draft = &taken.asked().draft;
        // Problems are reported by `check` and `launch`.
        let mut problems = Vec::new();
        let sources = draft.automatic.then(|| Sources::read(&mut problems));
        draft.line_up(&registry::linked(), sources.as_ref(), &mut problems).registrations.list()
    }

    /// Requests shutdown. Before the launch: the run starts nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn stop_soon(app: App) {
    ///     tokio::time::sleep(Duration::from_secs(1)).await;
    ///     app.shutdown();
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(StopSoonConfig {})?;
    /// assert!(app.launch().await.is_success());
    /// # Ok(()) }
    /// ```
    pub fn shutdown(&self) {
        self.request(Reason::Asked);
    }

    /// Requests shutdown with a reason: tasks see it through `Shutdown::reason`, and it is in the log and the report.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.shutdown_because("the license has expired");
    /// let report = running.wait().await;
    /// assert_eq!(report.reason().unwrap().to_string(), "the license has expired");
    /// # Ok(()) }
    /// ```
    pub fn shutdown_because(&self, reason: impl Into<Arc<str>>) {
        self.request(Reason::Because(reason.into()));
    }

    /// Requests shutdown with an exit code for the report, which is used unless something else fails first.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.exit(42);
    /// assert_eq!(running.wait().await.exit_code(), 42);
    /// # Ok(()) }
    /// ```
    pub fn exit(&self, code: u8) {
        self.request(Reason::Exit(code));
    }

    pub(crate) fn request(&self, reason: Reason) {
        self.shared().request(reason);
    }

    /// Returns a resource that is provided right now, for code outside units.
    ///
    /// ```
    /// let app = lifespan::App::empty();
    /// app.provide("a setting".to_owned())?;
    /// assert_eq!(app.resource::<String>().unwrap().as_str(), "a setting");
    /// assert!(app.resource::<u32>().is_none());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn resource<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Res<T>> {
        self.shared().resources().get::<T>().map(Res::from_arc)
    }

    /// Returns the state of the app.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// # use lifespan::State;
    /// assert_eq!(app.state(), State::New);
    /// let running = app.start().await?;
    /// assert_eq!(app.state(), State::Up);
    /// running.stop().await;
    /// assert_eq!(app.state(), State::Stopped);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        self.shared().state()
    }

    /// Waits until every unit is up, for code outside the run; may be called before the launch. Returns `false` if that
    /// will never happen: the launch was refused, the startup failed, or shutdown was requested first. Cancel safe.
    ///
    /// # Panics
    /// Panics in a unit for which the app waits before it is up: in a context before it has provided, in a `once` task,
    /// in a task before it has used its `Ready`, and in their children. The unit then fails with an error that explains
    /// this.
    ///
    /// ```
    /// use lifespan::{App, Shutdown, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn serve(shutdown: Shutdown) {
    ///     shutdown.requested().await;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
    /// let app = App::empty();
    /// app.register(ServeConfig {})?;
    /// let up = tokio::spawn({
    ///     let app = app.clone();
    ///     async move {
    ///         let up = app.when_up().await;
    ///         app.shutdown();
    ///         up
    ///     }
    /// });
    /// assert!(app.launch().await.is_success());
    /// assert!(up.await.unwrap());
    /// # Ok(()) }
    /// ```
    pub async fn when_up(&self) -> bool {
        if let Some(why) = self.waits_in_vain().await {
            // The panic hook would only report this place.
            std::panic::resume_unwind(Box::new(why));
        }
        self.hub().comes_up().await
    }

    /// Returns why the unit that this thread is running can't wait for the app to be up, if it can't.
    async fn waits_in_vain(&self) -> Option<String> {
        let (index, here) = self.shared().unit_here()?;
        loop {
            let unit = self
                .hub()
                .read(|facts| facts.is_awaited(index as usize).then(|| facts.registrations.get(index as usize)))?;
            // Before its next await, the unit may come up while another thread runs its child.
            let may_come_up =
                self.shared().stop_signal(index).is_some_and(StopSignal::is_polled) && !here.is_own_body();
            if !may_come_up {
                if self.shared().stop_signal(index).is_some_and(StopSignal::has_said_up) {
                    return None;
                }
                return Some(format!(
                    "deadlock: `app.when_up()` waits for {} `{unit}`, which is not up yet; call it after the unit is \
                     up, or in another unit",
                    unit.kind()
                ));
            }
            tokio::task::yield_now().await;
        }
    }

    /// Returns the present state, then every event.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let mut events = app.events();
    /// let running = app.start().await?;
    /// assert!(running.stop().await.is_success());
    /// let mut texts = Vec::new();
    /// while let Some(event) = events.next().await {
    ///     texts.push(event.to_string());
    /// }
    /// assert_eq!(texts[..4], ["launched 1", "starting serve", "up serve", "app up"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn events(&self) -> Events {
        let mut events = self.hub().events();
        let so_far = &mut events.so_far;
        so_far.state = self.state();
        so_far.ready &= so_far.state == State::Up;
        so_far.degraded &= so_far.state == State::Up;
        events
    }

    /// Returns the watch thread's view of the run, once there is one.
    fn watched(&self) -> Option<&Watched> {
        self.inner.watched.get().map(|watched| &**watched)
    }

    pub(crate) fn shared(&self) -> &Arc<AppShared> {
        &self.inner.shared
    }

    pub(crate) fn hub(&self) -> &Hub {
        self.shared().hub()
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        self.shared().inbox()
    }

    /// Changes the draft; returns `None` after the launch.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut Draft, &mut Options) -> T) -> Option<T> {
        self.inner.stage.edit(change)
    }

    /// Returns the registrations that were launched; `None` before the launch.
    fn launched(&self) -> Option<Arc<Registrations>> {
        self.inner.stage.is_launched().then(|| self.hub().read(|facts| Arc::clone(&facts.registrations)))
    }

    fn not_new(&self, verb: &str) -> Problem {
        let how = match self.state() {
            State::New if self.launched().is_none() => "is reading its configuration",
            State::New => "failed to launch, see its report",
            State::Starting => "is starting",
            State::Up => "is up",
            State::Draining | State::Stopping => "is stopping",
            State::Stopped => "has stopped",
        };
        Problem::new(crate::base::ProblemKind::State, format!("cannot {verb} the app: it {how}"))
            .help("an app runs once: create another `App` for another run")
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Inject for App {
    fn need() -> Need {
        Need::App
    }

    fn inject(start: &mut Start) -> Self {
        Self { inner: start.handle().downcast().expect("the run was launched by an `App`") }
    }
}

/// A registration that was just made.
///
/// ```
/// use lifespan::{App, lifespan_task};
///
/// #[lifespan_task(manual, once)]
/// async fn count(from: u32) {}
///
/// let app = App::empty();
/// let registration = app.register(CountConfig { from: 7 })?;
/// registration.named("count_high")?;
/// assert_eq!(app.registered()[0].name(), "count_high");
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
pub struct Registration {
    app: App,
    unit: &'static Descriptor,
    position: usize,
}

impl Registration {
    /// Names the instance instead of numbering it: in the plan, the log and the report.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. Two instances with one name are an error of
    /// the plan.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual, once)] async fn count(from: u32) {}
    /// let app = App::empty();
    /// app.register(CountConfig { from: 1 })?.named("count_low")?;
    /// app.register(CountConfig { from: 7 })?.named("count_high")?;
    /// assert_eq!(app.registered()[1].name(), "count_high");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    pub fn named(self, name: impl Into<String>) -> Result<Self, RegisterError> {
        let name = name.into();
        let position = self.position;
        match self.app.edit(|draft, _| draft.given[position].name = Some(name.as_str().into())) {
            Some(()) => Ok(self),
            None => Err(RegisterError::late(
                format!("name lifespan {} `{}` `{}`", self.unit.kind, self.unit.name, line(&name)),
                "name all tasks",
            )),
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registration").field(&self.unit.name).finish()
    }
}

/// A registration or setting came too late: the app has been launched already.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let running = app.start().await?;
/// let error = app.register(ServeConfig {}).unwrap_err();
/// assert!(error.to_string().starts_with("cannot register lifespan task `serve` after the lifespan has started"));
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RegisterError {
    message: String,
}

impl RegisterError {
    fn late(what: impl fmt::Display, advice: &str) -> Self {
        Self { message: format!("cannot {what} after the lifespan has started; {advice} before the app starts") }
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for RegisterError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegisterError {}
