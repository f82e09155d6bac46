//! `App`: the one handle.

pub(crate) mod launch;
pub(crate) mod options;
pub(crate) mod prepare;
pub(crate) mod reload;
pub(crate) mod restart;
mod stage;
mod standing;
pub(crate) mod target;
pub(crate) mod trigger;

use std::any::{TypeId, type_name};
use std::fmt;
use std::panic::Location as Caller;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use crate::config::Sources;
use crate::event::{Events, Reason};
use crate::inject::resources::{Resource, Resources};
use crate::inject::{Inject, Res};
use crate::plan::Plan;
use crate::plan::draft::{Draft, Given};
use crate::plan::edges::Provided;
use crate::plan::problem::{Problem, Problems};
use crate::plan::roster::{Registered, Roster, short_type};
use crate::registry;
use crate::run::here::Here;
use crate::run::inbox::Inbox;
use crate::run::start::Start;
use crate::run::stop_signal::StopSignal;
use crate::state::{Hub, State};
#[cfg(feature = "testing")]
use crate::testing::sabotage::Sabotage;
use crate::text::line;
use crate::unit::{Config, Descriptor, Location, Need, TypeInfo};
use crate::watch::Watched;
use options::Options;
use prepare::Prepared;
use stage::Stage;

/// One app: what it is to run, and, once launched, its run. A cheap clone of one instance.
///
/// ```
/// use lifespan::{App, Shutdown, lifespan_task};
///
/// /// Counts until it is told to stop.
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

struct Inner {
    stage: Stage,
    hub: Hub,
    inbox: Inbox,
    resources: Arc<Resources>,
    /// The watch thread's view of the run.
    watched: OnceLock<Arc<Watched>>,
    #[cfg(feature = "testing")]
    sabotage: OnceLock<Sabotage>,
}

impl App {
    /// An app that runs what was discovered: the units of the crate that invokes `discover!` and of the crates that it
    /// links; without a `discover!`, all. Reads keyword arguments from `lifespan.toml` and the environment, and
    /// handles signals while it runs.
    #[must_use]
    pub fn new() -> Self {
        let options = Options { signals: true, may_exit: true, prints_warnings: true, ..Options::default() };
        Self::with(Draft { automatic: true, ..Draft::default() }, options)
    }

    /// An app that runs only what is registered: reads no file and no environment, installs no signal handler and
    /// never ends the process. For tests, and for an app inside a program that has its own ways.
    #[must_use]
    pub fn empty() -> Self {
        Self::with(Draft::default(), Options::default())
    }

    fn with(draft: Draft, options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                stage: Stage::new(draft, options),
                hub: Hub::new(),
                inbox: Inbox::default(),
                resources: Arc::default(),
                watched: OnceLock::new(),
                #[cfg(feature = "testing")]
                sabotage: OnceLock::new(),
            }),
        }
    }

    /// Registers one instance of a unit, with the config that was generated from its keyword arguments.
    ///
    /// The first registration of a unit that was discovered takes its place in the order; further ones are further
    /// instances, behind all discovered units, in call order. What is given here is complete: neither the file nor
    /// the environment overrides it.
    ///
    /// # Errors
    /// [`RegisterError`] after launch, from anywhere; nothing changes then.
    #[track_caller]
    pub fn register<C: Config>(&self, config: C) -> Result<Registration, RegisterError> {
        let (unit, place) = (C::descriptor(), Caller::caller());
        self.edit(|draft, _| {
            let particulars = config.particulars();
            draft.given.push(Given { unit, name: None, place, config: Some(Box::new(config)), particulars });
            Registration { app: self.clone(), unit, position: draft.given.len() - 1 }
        })
        .ok_or_else(|| {
            RegisterError::late(format!("register lifespan {} `{}`", unit.kind, unit.name), "register all tasks")
        })
    }

    /// Leaves a discovered unit out. The function itself is its name: `app.skip(poll_updates)`.
    ///
    /// Only its automatic registration is left out; `register` calls of the same unit stay.
    ///
    /// # Errors
    /// [`RegisterError`] after launch; nothing changes then. That a function is no unit is an error of the plan.
    #[track_caller]
    pub fn skip<F: 'static>(&self, unit: F) -> Result<(), RegisterError> {
        drop(unit);
        let place = Location::caller();
        let name = type_name::<F>();
        self.edit(|draft, _| draft.skipped.push((TypeId::of::<F>(), name, place)))
            .ok_or_else(|| RegisterError::late(format!("skip `{name}`"), "skip units"))
    }

    /// Provides a resource that code has made: units take it as `Res<T>`. It lives as long as the app, and is torn
    /// down by nobody; a second provider of the same type is an error of the plan.
    ///
    /// # Errors
    /// [`RegisterError`] after launch; nothing changes then.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) -> Result<(), RegisterError> {
        self.provide_shared(Arc::new(value))
    }

    /// As [`provide`](Self::provide), for a value that is shared already, such as a trait object.
    ///
    /// # Errors
    /// [`RegisterError`] after launch; nothing changes then.
    #[track_caller]
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) -> Result<(), RegisterError> {
        let provided = Provided { ty: TypeInfo::of::<T>(), place: Location::caller() };
        self.put("provide", provided, Resource::shared(value), |draft| &mut draft.provided)
    }

    /// Provides a resource in place of the context that would: the context is not started.
    ///
    /// # Errors
    /// [`RegisterError`] after launch; nothing changes then. That no context provides this type is an error of the
    /// plan.
    #[track_caller]
    pub fn replace<T: Send + Sync + 'static>(&self, value: T) -> Result<(), RegisterError> {
        self.replace_shared(Arc::new(value))
    }

    /// As [`replace`](Self::replace), for a value that is shared already, such as a trait object.
    ///
    /// # Errors
    /// [`RegisterError`] after launch; nothing changes then.
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
            self.inner.resources.put(resource);
        })
        .ok_or_else(|| RegisterError::late(format!("{verb} `{name}`"), &format!("{verb} all resources")))
    }

    /// Starts every unit as soon as what it waits for is up, in place of one after another: the startup takes as long
    /// as its longest chain.
    #[must_use]
    pub fn concurrent_startup(self) -> Self {
        self.set(|options| options.concurrent_startup = Some(true))
    }

    /// Keeps the app up when all its tasks have finished, until shutdown is requested.
    #[must_use]
    pub fn stay_up(self) -> Self {
        self.set(|options| options.stay_up = Some(true))
    }

    /// Installs no signal handlers: whoever runs the app calls [`shutdown`](Self::shutdown). Nor does systemd hear of it.
    #[must_use]
    pub fn without_signals(self) -> Self {
        self.set(|options| options.signals = false)
    }

    /// Never ends the process, not even when a body that can't be aborted holds it up past the hard deadline.
    #[must_use]
    pub fn never_exit(self) -> Self {
        self.set(|options| options.may_exit = false)
    }

    /// Writes nothing to standard error while it runs. Where the program has installed no `tracing` subscriber, an app made
    /// by [`new`](Self::new) writes its warnings and errors there, of each unit one a second at most.
    ///
    /// ```
    /// let app = lifespan::App::new().without_warnings();
    /// assert!(!app.is_ready(), "it is not launched yet");
    /// ```
    #[must_use]
    pub fn without_warnings(self) -> Self {
        self.set(|options| options.prints_warnings = false)
    }

    /// How long a unit may take to come up, where it declares nothing: 60 s by default.
    #[must_use]
    pub fn startup_timeout(self, limit: Duration) -> Self {
        self.set(|options| options.startup_timeout = Some(limit))
    }

    /// How long a task may take to stop, where it declares nothing: 10 s by default.
    #[must_use]
    pub fn grace(self, limit: Duration) -> Self {
        self.set(|options| options.grace = Some(limit))
    }

    /// How long a context may take to tear down, where it declares nothing: 5 s by default.
    #[must_use]
    pub fn teardown_timeout(self, limit: Duration) -> Self {
        self.set(|options| options.teardown_timeout = Some(limit))
    }

    /// How long the whole stop may take: 25 s by default, which is under the 30 s after which Kubernetes kills.
    #[must_use]
    pub fn shutdown_timeout(self, limit: Duration) -> Self {
        self.set(|options| options.shutdown_timeout = Some(limit))
    }

    /// What the wall clock shows at the launch, for tests of `cron` and of [`Tick`](crate::Tick)s: it goes on with tokio's
    /// time, paused or not, and the system's clock is not asked.
    #[must_use]
    pub fn wall_clock(self, at_launch: SystemTime) -> Self {
        self.set(|options| options.wall_clock = Some(at_launch))
    }

    /// How long a unit may block the thread that polls it before the log says so, while it still does: 100 ms by default;
    /// zero says it never.
    #[must_use]
    pub fn blocked_after(self, limit: Duration) -> Self {
        self.set(|options| options.blocked_after = Some(limit))
    }

    /// Sets how long a unit must stay up after a failure to have recovered from it: 10 s by default. Until then the app is
    /// not [ready](Self::is_ready), or is [degraded](Self::is_degraded). A task that takes a [`Ready`](crate::Ready) has
    /// recovered when it says that it is ready.
    #[must_use]
    pub fn stable_after(self, time: Duration) -> Self {
        self.set(|options| options.stable_after = Some(time))
    }

    fn set(self, change: impl FnOnce(&mut Options)) -> Self {
        self.edit(|_, options| change(options));
        self
    }

    /// The plan, or everything that is wrong with it, without running any unit.
    ///
    /// Default expressions and `Deserialize` implementations do run.
    ///
    /// # Errors
    /// [`PlanError`] with every problem.
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

    /// What this app runs, in registration order. Before launch, what it would run as things stand.
    #[must_use]
    pub fn registered(&self) -> Vec<Registered> {
        let Some(taken) = self.inner.stage.take() else {
            return self.launched().map(|roster| roster.list()).unwrap_or_default();
        };
        let draft = &taken.asked().draft;
        // The problems are `check`'s to report, and `launch`'s.
        let mut problems = Vec::new();
        let sources = draft.automatic.then(|| Sources::read(&mut problems));
        draft.line_up(&registry::world(), sources.as_ref(), &mut problems).roster.list()
    }

    /// Requests shutdown. Before launch: the run starts nothing.
    pub fn shutdown(&self) {
        self.request(Reason::Asked);
    }

    /// Requests shutdown and says why: tasks see it through `Shutdown::reason`, and it is in the log and the report.
    pub fn shutdown_because(&self, reason: impl Into<Arc<str>>) {
        self.request(Reason::Because(reason.into()));
    }

    /// Requests shutdown, and this exit code for the report unless something else goes wrong first.
    pub fn exit(&self, code: u8) {
        self.request(Reason::Exit(code));
    }

    pub(crate) fn request(&self, reason: Reason) {
        if let Some(watched) = self.inner.watched.get() {
            watched.stop_began();
        }
        self.inner.inbox.request(reason);
    }

    /// A resource that is provided at this moment, for code that is no unit.
    #[must_use]
    pub fn resource<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Res<T>> {
        self.inner.resources.get::<T>().map(Res::from_arc)
    }

    /// Where the app is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        let state = self.inner.hub.read(|facts| facts.state);
        match state {
            // What was requested counts at once, also before the run has heard of it.
            State::Starting | State::Up if self.inner.inbox.is_requested() => State::Draining,
            state => state,
        }
    }

    /// Waits until every unit is up, for code beside the run; before launch too. Gives `false` when that never comes:
    /// the launch was refused, the startup failed, or shutdown was requested before. Cancel safe.
    ///
    /// # Panics
    /// In a unit that is up only later, since the app waits for it: in a context before it has provided, in a `once` task,
    /// in a task before it has used its `Ready`, and in their children. So the unit fails, and says why.
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
            // The panic hook would only name this place.
            std::panic::resume_unwind(Box::new(why));
        }
        self.hub().comes_up().await
    }

    /// Why the unit whose code is at hand can't wait for the app to be up, if it can't.
    async fn waits_in_vain(&self) -> Option<String> {
        let (index, here) = self.unit_here()?;
        loop {
            let unit =
                self.hub().read(|facts| facts.is_awaited(index as usize).then(|| facts.roster.get(index as usize)))?;
            // Before its next await, the unit may come up while another thread runs its child.
            let may_come_up = self.cell(index).is_some_and(StopSignal::is_polled) && !here.is_own_body();
            if !may_come_up {
                if self.cell(index).is_some_and(StopSignal::has_said_up) {
                    return None;
                }
                return Some(format!(
                    "`app.when_up()` would never end: the app is up only once {} `{unit}` is; wait for the app after it is \
                     up, or in another unit",
                    unit.kind()
                ));
            }
            tokio::task::yield_now().await;
        }
    }

    /// The unit whose code this thread runs, if it is one of this app.
    pub(crate) fn unit_here(&self) -> Option<(u32, Here)> {
        let here = Here::now()?;
        Some((self.watched()?.position(here.address)?, here))
    }

    /// How things stand, and then everything that happens.
    #[must_use]
    pub fn events(&self) -> Events {
        let mut events = self.inner.hub.events();
        let so_far = &mut events.so_far;
        so_far.state = self.state();
        so_far.ready &= so_far.state == State::Up;
        so_far.degraded &= so_far.state == State::Up;
        events
    }

    /// What is shared of a registration, once it is launched.
    pub(crate) fn cell(&self, index: u32) -> Option<&StopSignal> {
        self.inner.watched.get().map(|watched| watched.cell(index))
    }

    /// The watch thread's view of the run, once there is one.
    fn watched(&self) -> Option<&Watched> {
        self.inner.watched.get().map(|watched| &**watched)
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inner.inbox
    }

    pub(crate) fn resources(&self) -> &Arc<Resources> {
        &self.inner.resources
    }

    /// What a test has happen to units.
    #[cfg(feature = "testing")]
    pub(crate) fn sabotage(&self) -> Option<&Sabotage> {
        self.inner.sabotage.get()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn let_be_sabotaged(&self) {
        self.inner.sabotage.get_or_init(Sabotage::default);
    }

    /// Changes what is asked for; `None` after launch.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut Draft, &mut Options) -> T) -> Option<T> {
        self.inner.stage.edit(change)
    }

    /// What was launched; `None` before.
    fn launched(&self) -> Option<Arc<Roster>> {
        self.inner.stage.roster()
    }

    /// Another plan has come in the place of the one before.
    pub(crate) fn now_runs(&self, roster: Arc<Roster>) {
        self.inner.stage.launched(roster);
    }

    fn not_new(&self, verb: &str) -> Problem {
        let how = match self.state() {
            State::New if self.launched().is_none() => "is being read",
            State::New => "was refused, as the report of its launch says",
            State::Starting => "is starting",
            State::Up => "is up",
            State::Draining | State::Stopping => "is stopping",
            State::Stopped => "has stopped",
        };
        Problem::new(crate::plan::problem::ProblemKind::State, format!("cannot {verb} the app: it {how}"))
            .help("an app runs once: make another `App` for another run")
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
        start.app()
    }
}

/// A registration that was just made.
pub struct Registration {
    app: App,
    unit: &'static Descriptor,
    position: usize,
}

impl Registration {
    /// Names the instance, in place of its number: in the list, the log and the report.
    ///
    /// # Errors
    /// [`RegisterError`] after launch; nothing changes then. That two instances have one name is an error of the plan.
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

/// Something was registered after the lifespan had started.
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
    /// As people read it: `main` and `expect` print errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegisterError {}

/// Everything that is wrong with a plan.
pub struct PlanError {
    problems: Vec<Problem>,
}

impl PlanError {
    /// All problems. The error itself displays as the first 50 of them.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Problems { all: &self.problems, before: "", between: "\n\n" }.fmt(f)
    }
}

impl fmt::Debug for PlanError {
    /// As people read it: `main` and `expect` print errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PlanError {}
