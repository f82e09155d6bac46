//! `App`: the one handle to an app.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::stage::Stage;
use crate::base::Problem;
use crate::declare::Need;
use crate::facts::State;
use crate::hub::Hub;
use crate::plan::{Draft, Options, Reads, Registers, Registrations};
use crate::shared::{AppShared, Inbox};
use crate::unit::{Inject, Start};
use crate::watch::Watched;

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
    pub(super) inner: Arc<Inner>,
}

/// State that only the app's handles use; the rest is shared with the run.
pub(super) struct Inner {
    pub(super) shared: Arc<AppShared>,
    pub(super) stage: Stage,
    /// The watch thread's view of the run.
    pub(super) watched: OnceLock<Arc<Watched>>,
}

impl App {
    /// Creates an app that runs the discovered units: those of the crate that invokes `discover!` and of the crates
    /// that it links. A program whose units are all of one package needs no `discover!`. Reads keyword arguments from
    /// `lifespan.toml` and the environment, and handles signals while it runs.
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
        let draft = Draft { registers: Registers::Discovered, reads: Reads::Process, ..Draft::default() };
        Self::with(draft, options)
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

    /// Returns the watch thread's view of the run, once there is one.
    pub(super) fn watched(&self) -> Option<&Watched> {
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

    /// Changes the registrations and options; returns `None` after the launch.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut Draft, &mut Options) -> T) -> Option<T> {
        self.inner.stage.edit(change)
    }

    /// Returns the registrations that were launched; `None` before the launch.
    pub(super) fn launched(&self) -> Option<Arc<Registrations>> {
        self.inner.stage.is_launched().then(|| self.hub().read(|facts| Arc::clone(&facts.registrations)))
    }

    pub(super) fn not_new(&self, verb: &str) -> Problem {
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
