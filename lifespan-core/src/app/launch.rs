//! Launches an app: checks the plan, spawns the driver, waits for the report.

use std::any::Any;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::handle::App;
use super::stage::Asked;
use crate::base::{Clock, Problem, ProblemKind, spawn_with};
use crate::config::Sources;
use crate::facts::{Reason, State};
use crate::plan::{Limits, Options, Prepared, Reading, Reads};
use crate::report::{Report, RunError};
use crate::run::Run;
use crate::run::driver::{Driver, Reloads};
use crate::shared::RunShared;
use crate::signal::panics;
use crate::watch::{RuntimeThreads, Watched, Work};

impl App {
    /// Checks the plan, starts every unit, runs until shutdown is requested or all tasks (except for
    /// `background` tasks) have finished, and stops the units in reverse order. Always returns a report, even if the
    /// plan is wrong and nothing ran.
    ///
    /// Shutdown is requested by SIGINT, SIGTERM or SIGHUP (Ctrl-C, Break and Close on Windows), by
    /// [`shutdown`](Self::shutdown), by a unit that fails, and by dropping this future: the run belongs to a spawned
    /// task, which completes the shutdown.
    ///
    /// The future does not borrow the app, so it can be spawned: `tokio::spawn(app.launch())`. Nothing happens before
    /// it is polled.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn migrate() -> Result<(), std::io::Error> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(MigrateConfig {})?;
    /// let report = app.launch().await;
    /// assert_eq!(report.exit_code(), 0);
    /// # Ok(()) }
    /// ```
    pub fn launch(&self) -> impl Future<Output = Report> + Send + use<> {
        let app = self.clone();
        async move { app.launch_on(RuntimeOwner::Program).await }
    }

    async fn launch_on(&self, owner: RuntimeOwner) -> Report {
        match self.begin(owner) {
            Ok(running) => running.wait().await,
            Err(report) => report,
        }
    }

    /// Runs the app on its own runtime, for a `main` that is not async: creates a multi-thread runtime,
    /// [launches](Self::launch) the app on it, and shuts the runtime down. Returns the report, which `main` can return.
    ///
    /// If a thread of the runtime does not return, such as a `spawn_blocking` closure that never ends, this waits for
    /// it within the limit of the stop. After that the report names the thread, and the exit code is 4 instead of 0.
    ///
    /// If it is called within a runtime, or if no runtime can be created, nothing runs and the report says so.
    ///
    /// ```standalone_crate
    /// use lifespan::{App, Report, Shutdown, lifespan_task};
    ///
    /// #[lifespan_task]
    /// async fn greet() {
    ///     println!("hello");
    /// }
    ///
    /// fn main() -> Report {
    ///     App::new().run()
    /// }
    /// ```
    pub fn run(&self) -> Report {
        self.run_on(Builder::new_multi_thread().enable_all())
    }

    /// Runs the app on the runtime that this builder creates: of another kind, or with another number of threads.
    /// Otherwise as [`run`](Self::run).
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    /// use tokio::runtime::Builder;
    ///
    /// #[lifespan_task(manual)]
    /// async fn greet() {
    ///     println!("hello");
    /// }
    ///
    /// # fn main() -> Result<(), lifespan::RegisterError> {
    /// let app = App::empty();
    /// app.register(GreetConfig {})?;
    /// let report = app.run_on(Builder::new_current_thread().enable_all());
    /// assert!(report.is_success());
    /// # Ok(()) }
    /// ```
    pub fn run_on(&self, runtime: &mut Builder) -> Report {
        if Handle::try_current().is_ok() {
            let problem = Problem::new(ProblemKind::State, "`run` creates a tokio runtime, but was called inside one");
            return Report::refused(vec![problem.help("call `launch().await` here")]);
        }
        let runtime = match build(runtime) {
            Ok(runtime) => runtime,
            Err(problem) => return Report::not_started(problem),
        };
        let mut report = runtime.block_on(self.launch_on(RuntimeOwner::App));
        let threads = RuntimeThreads::of(runtime.handle());
        let limit = self.watched().map(Watched::time_left).unwrap_or_default();
        if !shut_down(runtime, limit) && !limit.is_zero() {
            report.add_incomplete(threads.still_running(limit));
        }
        report
    }

    /// Launches the app as [`launch`](Self::launch) does, but returns once the app is up, with a handle that stops it.
    ///
    /// # Errors
    /// Returns [`RunError`], with the report, if the plan is wrong, the startup failed, or the app shut down while it
    /// started.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// assert!(app.is_ready());
    /// assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    pub fn start(&self) -> impl Future<Output = Result<Running, RunError>> + Send + use<> {
        let app = self.clone();
        async move {
            let running = app.begin(RuntimeOwner::Program).map_err(Report::into_error)?;
            app.hub().wait_for_state(|state| !matches!(state, State::New | State::Starting)).await;
            if app.hub().read(|facts| facts.machine.was_up()) {
                Ok(running)
            } else {
                Err(running.wait().await.into_error())
            }
        }
    }

    fn begin(&self, owner: RuntimeOwner) -> Result<Running, Report> {
        panics::install_hook();
        let mut problems = Vec::new();
        check_runtime(&mut problems);
        if !problems.is_empty() {
            return Err(Report::refused(problems));
        }
        let Some(taken) = self.inner.stage.take() else {
            return Err(Report::refused(vec![self.not_new("launch")]));
        };
        let prepared = Prepared::new(&taken.asked().draft, &taken.asked().options);
        if let Ok(prepared) = &prepared {
            self.begin_facts(prepared, &taken.asked().options);
        }
        let Asked { mut draft, options } = taken.launch();
        let mut prepared = prepared.map_err(|problems| {
            self.hub().refuse();
            Report::refused(problems)
        })?;
        let configs = prepared.take_configs(&mut draft);
        let Prepared { plan, settings, sources, fingerprints, settings_fingerprints, warnings, .. } = prepared;
        let limits = Limits::new(&options, &settings);
        self.hub().set_prints(options.prints_warnings);
        let reads = draft.reads == Reads::Process;
        let had_file = reads && sources.as_ref().is_some_and(Sources::has_file);
        let reloads =
            reads.then(|| Reloads::new(Reading { draft, options, had_file }, fingerprints, settings_fingerprints));
        let handle = Arc::clone(&self.inner) as Arc<dyn Any + Send + Sync>;
        let (shared, report) = RunShared::new(Arc::clone(self.shared()), handle, limits, configs);
        let watched = Watched::enter(&shared, had_file, owner == RuntimeOwner::App).map_err(|error| {
            self.hub().refuse();
            // Their destructors are user code.
            shared.configs.forget_but(|_| false);
            Report::not_started(cannot_watch(&error))
        })?;
        let _ = self.inner.watched.set(Arc::clone(&watched));
        self.shared().set_watch(Arc::clone(&watched) as _);
        let run = Run::new(plan, shared);
        let span = run.span.clone();
        let sources = sources.map(|sources| sources.described().into());
        span.in_scope(|| {
            crate::log::warn_of(&warnings, self.hub().lines_without_event());
        });
        let driver = Driver::new(run, watched, reloads.unwrap_or_default());
        tokio::spawn(driver.carry_out(sources).instrument(span));
        Ok(Running { app: self.clone(), report, ended: false })
    }

    /// Makes room for the facts of the run.
    fn begin_facts(&self, prepared: &Prepared, options: &Options) {
        let clock = Clock::new(options.wall_clock);
        #[cfg(feature = "testing")]
        let clock = clock.with_steps(options.wall_clock_steps.clone());
        self.hub().begin(Arc::clone(&prepared.plan.registrations), clock);
    }
}

/// The creator of the runtime, which also shuts it down.
#[derive(Clone, Copy, PartialEq)]
enum RuntimeOwner {
    App,
    Program,
}

/// Creates a runtime. Tokio panics if the system refuses a thread or the pipe for its signals.
fn build(builder: &mut Builder) -> Result<Runtime, Problem> {
    panics::install_hook();
    let built = panics::quietly(|| {
        // While it unwinds, tokio would wait for the threads that it has created, which do not end; inside a runtime it
        // does not wait. This runtime needs no system resources.
        Builder::new_current_thread().build()?.block_on(async { builder.build() })
    });
    built.map_err(io::Error::other).and_then(|built| built).map_err(|error| {
        Problem::new(ProblemKind::System, format!("cannot create a tokio runtime: {error}"))
            .help("check the process's limits for threads and open files (`ulimit -u`, `ulimit -n`)")
    })
}

/// Shuts a runtime down, and returns whether that finished within the limit. Runs on its own thread: a current-thread
/// runtime drops its tasks on the thread that drops it, and their destructors may block.
fn shut_down(runtime: Runtime, limit: Duration) -> bool {
    let (working, over) = Work::begin();
    let thread = spawn_with("lifespan-runtime", runtime, move |runtime| {
        drop(runtime);
        drop(working);
    });
    match thread {
        Ok(()) => over.is_within(limit),
        Err(failed) => {
            let (_, runtime) = *failed;
            let began = Instant::now();
            runtime.shutdown_timeout(limit);
            began.elapsed() < limit
        }
    }
}

/// Checks that there is a tokio runtime with timers.
fn check_runtime(problems: &mut Vec<Problem>) {
    if Handle::try_current().is_err() {
        problems.push(
            Problem::new(ProblemKind::State, "no tokio runtime: the app was launched outside of one")
                .help("call it from `#[tokio::main]`, or inside `Runtime::block_on`"),
        );
    } else if panics::panics(|| drop(tokio::time::sleep(Duration::ZERO))) {
        // Tokio has no other query for this.
        problems.push(
            Problem::new(ProblemKind::State, "the tokio runtime has no timers enabled")
                .help("build it with `enable_time()` or `enable_all()`"),
        );
    }
}

fn cannot_watch(error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::System, format!("cannot watch for signals and deadlines: {error}"))
        .help("raise the limit of open files or of threads (`ulimit -n`, `ulimit -u`), and launch again")
}

/// An app that is up. Dropping this handle requests shutdown.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let running = app.start().await?;
/// assert!(running.app().is_ready());
/// let report = running.stop().await;
/// assert!(report.is_success());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "dropping it requests shutdown"]
pub struct Running {
    app: App,
    report: oneshot::Receiver<Report>,
    ended: bool,
}

impl Running {
    /// Returns the app.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// assert_eq!(running.app().registered().len(), 1);
    /// running.stop().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Requests shutdown, and waits until everything has stopped.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    pub async fn stop(self) -> Report {
        self.app.shutdown();
        self.wait().await
    }

    /// Waits until the run ends.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.shutdown(); // or a signal, or the failure of a unit
    /// assert!(running.wait().await.is_success());
    /// # Ok(()) }
    /// ```
    pub async fn wait(mut self) -> Report {
        let report = (&mut self.report).await;
        self.ended = true;
        report.unwrap_or_else(|_| self.app.hub().read(Report::cut_off))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.app.request(Reason::Dropped);
        }
    }
}
