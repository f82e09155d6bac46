//! The settings of an app that code makes before the launch.

use std::time::{Duration, SystemTime};

use lifespan_text::Words;

use super::handle::App;
use crate::base::Location;
use crate::plan::Options;

impl App {
    /// Starts every unit as soon as its dependencies are up, instead of one after another: the startup takes as long as
    /// its longest chain.
    ///
    /// ```
    /// let app = lifespan::App::new().concurrent_startup();
    /// ```
    #[must_use]
    pub fn concurrent_startup(self) -> Self {
        self.change(|options| options.settings.concurrent_startup = Some(true))
    }

    /// Keeps the app up after all its tasks, except for `background` tasks, have finished, until shutdown is requested.
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
        self.change(|options| options.settings.stay_up = Some(true))
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
        self.change(|options| options.signals = false)
    }

    /// Never ends the process, not even if a body that can't be aborted is still running at the hard deadline.
    ///
    /// ```
    /// let app = lifespan::App::new().without_signals().never_exit(); // for a test of the whole program
    /// ```
    #[must_use]
    pub fn never_exit(self) -> Self {
        self.change(|options| options.may_exit = false)
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
        self.change(|options| options.prints_warnings = false)
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
        self.change(|options| options.settings.startup_timeout = Some(limit))
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
        self.change(|options| options.settings.grace = Some(limit))
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
        self.change(|options| options.settings.teardown_timeout = Some(limit))
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
        self.change(|options| options.settings.shutdown_timeout = Some(limit))
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
        self.change(|options| options.wall_clock = Some(at_launch))
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
        self.change(|options| options.settings.blocked_after = Some(limit))
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
        self.change(|options| options.settings.stable_after = Some(time))
    }

    /// Sets the active profiles. A unit with `profile("a", "b")` runs if one of its profiles is active, or if
    /// [`only`](Self::only) names it. `profiles` under `[lifespan]` in the file, or the variable
    /// `LIFESPAN_APP__PROFILES=a,b`, replaces this list.
    ///
    /// A profile that no unit has is an error of the plan, with the nearest name.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(once, profile("mail"))]
    /// async fn send_mail() {}
    ///
    /// let runs = |app: &App| app.registered().iter().any(|unit| unit.is(send_mail));
    /// assert!(!runs(&App::new()));
    /// assert!(runs(&App::new().profiles(["mail"])));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn profiles(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let (names, place) = (names.into_iter().map(Into::into).collect(), Location::caller());
        self.change(|options| {
            options.settings.profiles = Some(Words::of_code(names));
            options.profiles_at = Some(place);
        })
    }

    fn change(self, change: impl FnOnce(&mut Options)) -> Self {
        self.edit(|_, options| change(options));
        self
    }
}
