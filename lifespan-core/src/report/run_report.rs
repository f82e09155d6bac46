//! `Report`: the outcome of a run. The examples of its methods are most of this file.

use std::sync::Arc;
use std::time::Duration;

use super::unit_report::UnitReport;
use crate::base::{ExitCode, Problem, ProblemKind};
use crate::facts::{End, Failure, Progress, Reason};
use crate::hub::Facts;
use crate::plan::Registered;

/// The outcome of a run: its exit code and the outcome of every unit.
///
/// `main` can return it: it prints itself on standard error and sets the exit code.
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
/// println!("{report}");
/// assert_eq!(report.exit_code(), 1);
/// assert_eq!(report.unit("fetch").unwrap().outcome.to_string(), "failed");
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a report holds the errors and the exit code: return it from `main`, or use `into_result`"]
pub struct Report {
    exit_code: ExitCode,
    problems: Vec<Problem>,
    units: Vec<UnitReport>,
    failures: Vec<Arc<Failure>>,
    requests: Vec<Reason>,
    took: Duration,
    progress: Progress,
}

impl Report {
    /// Creates the report of a launch that was refused: nothing ran.
    pub(crate) fn refused(problems: Vec<Problem>) -> Self {
        Self {
            exit_code: ExitCode::Refused,
            problems,
            units: Vec::new(),
            failures: Vec::new(),
            requests: Vec::new(),
            took: Duration::ZERO,
            progress: Progress::default(),
        }
    }

    /// Creates the report of a launch that failed although the plan has no problems: nothing ran.
    pub(crate) fn not_started(problem: Problem) -> Self {
        Self { exit_code: ExitCode::NeverUp, ..Self::refused(vec![problem]) }
    }

    /// Creates the report of a run whose runtime was shut down before it had ended.
    pub(crate) fn cut_off(facts: &Facts) -> Self {
        let problem = Problem::new(ProblemKind::State, "the run was cut off: its tokio runtime was shut down")
            .help("keep the runtime until `launch` has returned");
        let mut run = Self::of(facts);
        run.add_incomplete(problem);
        run
    }

    /// Adds the reason why the shutdown is incomplete.
    pub(crate) fn add_incomplete(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.progress.started = true;
        self.exit_code = self.exit_code.or_incomplete();
    }

    pub(crate) fn of(facts: &Facts) -> Self {
        let mains = || facts.failures.iter().filter(|failure| !failure.is_beside());
        let count = mains().map(|failure| failure.unit().index as usize + 1).max().unwrap_or_default();
        // Of each unit, the last.
        let mut failures: Vec<Option<&Arc<Failure>>> = vec![None; count];
        for failure in mains() {
            failures[failure.unit().index as usize] = Some(failure);
        }
        let report = |unit: Registered| {
            let last_failure = failures.get(unit.index as usize).copied().flatten().cloned();
            UnitReport::new(unit, last_failure, facts)
        };
        let units = facts.registrations.list_all().map(report).collect();
        Self {
            exit_code: facts.exit_code(),
            problems: Vec::new(),
            progress: facts.progress(),
            units,
            failures: facts.failures.clone(),
            requests: facts.requests.clone(),
            took: facts.took,
        }
    }

    /// Returns the exit code: 0 stopped in order, 1 a task failed, 2 the plan or a config is wrong and nothing ran, 3
    /// startup failed and was rolled back, or could not begin because the system refused a thread or a signal handler,
    /// 4 shutdown was incomplete, 128 + n forced by signal n, or the code passed to `app.exit(code)`. The first cause
    /// decides.
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
    /// assert_eq!(report.exit_code(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit_code.number()
    }

    /// Returns `true` if the exit code is 0.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let report = app.start().await?.stop().await;
    /// assert!(report.is_success());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_code.number() == 0
    }

    /// Returns the problems of the plan or of the launch. If there are any, nothing ran.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let report = lifespan::App::empty().launch().await;
    /// assert_eq!(report.exit_code(), 2);
    /// assert_eq!(report.problems()[0].kind(), lifespan::ProblemKind::NothingRegistered);
    /// # }
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the outcome of every registration, in registration order, followed by those that a reload has removed.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let report = app.start().await?.stop().await;
    /// for unit in report.units() {
    ///     println!("{}: {}", unit.unit, unit.outcome);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn units(&self) -> &[UnitReport] {
        &self.units
    }

    /// Returns the outcome of the registration of this name.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// # use lifespan::Outcome;
    /// let report = app.start().await?.stop().await;
    /// assert_eq!(report.unit("serve").unwrap().outcome, Outcome::Stopped);
    /// assert!(report.unit("other").is_none());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&UnitReport> {
        self.units.iter().find(|unit| unit.unit.name() == name)
    }

    /// Returns every failure, the first cause first.
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
    /// for failure in report.failures() {
    ///     println!("{failure}");
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn failures(&self) -> &[Arc<Failure>] {
        &self.failures
    }

    /// Returns the first request for shutdown: the reason of the stop.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// # use lifespan::Reason;
    /// let report = app.start().await?.stop().await;
    /// assert_eq!(report.reason(), Some(&Reason::Asked));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.requests.first()
    }

    /// Returns all requests for shutdown, in order.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let running = app.start().await?;
    /// app.shutdown_because("first");
    /// app.shutdown_because("second");
    /// assert_eq!(running.wait().await.requests().len(), 2);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn requests(&self) -> &[Reason] {
        &self.requests
    }

    /// Returns whether a signal asked the process to end.
    pub(crate) fn is_stopped_by_signal(&self) -> bool {
        self.requests.iter().any(|reason| matches!(reason, Reason::Signal(_)))
    }

    /// Returns how long the run took, from launch to its end.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// # use std::time::Duration;
    /// let running = app.start().await?;
    /// tokio::time::sleep(Duration::from_secs(3)).await;
    /// assert!(running.stop().await.took() >= Duration::from_secs(3));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Takes out the first error of this type, as the unit returned it: its own error type, `anyhow::Error`, `String`.
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
    /// let error: std::io::Error = report.take_error().unwrap();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn take_error<E: 'static>(&self) -> Option<E> {
        self.failures.iter().find_map(|failure| failure.take_error())
    }

    /// Returns the first line: what ended the run, and how long it took.
    pub(super) fn headline(&self) -> String {
        let Self { exit_code, problems, requests, failures, progress, took, .. } = self;
        if !problems.is_empty() && !progress.started {
            let (count, code) = (problems.len(), exit_code.number());
            let problems = if count == 1 { "problem" } else { "problems" };
            return format!("nothing was started: {count} {problems}, exit code {code}");
        }
        End { exit_code: *exit_code, requests, failures, progress: *progress }.headline(*took)
    }
}
