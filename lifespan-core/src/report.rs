//! The report of a run: its exit code, its errors and the outcome of each unit.

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, iter};

use crate::base::verdict::Severity;
use crate::base::{Cause, ExitCode, Outcome, Problem, ProblemKind, Problems, cut, error_box, line, short};
use crate::children::ChildrenReport;
use crate::facts::{End, Failure, Progress, Reason};
use crate::hub::Facts;
use crate::machine::{Seen, UnitIndex};
use crate::plan::Registered;
use crate::schedule::Runs;

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

/// The outcome of one unit.
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
/// let unit = report.unit("fetch").unwrap();
/// assert_eq!(unit.restarts, 0);
/// assert_eq!(unit.last_failure.as_ref().unwrap().chain(), ["timed out"]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnitReport {
    /// The unit.
    pub unit: Registered,
    /// The outcome.
    pub outcome: Outcome,
    /// The number of restarts, for any reason.
    pub restarts: u32,
    /// The time of its start, since the launch.
    pub started: Option<Duration>,
    /// The time at which it was up, since the launch.
    pub up: Option<Duration>,
    /// The time at which it had ended, since the launch.
    pub ended: Option<Duration>,
    /// The time at which it was asked to stop, since the launch.
    pub stopping: Option<Duration>,
    /// Its children, if it takes `Children` and was started.
    pub children: Option<Box<ChildrenReport>>,
    /// The counts of its runs, if it has a schedule that has begun.
    pub runs: Option<Runs>,
    /// Its last failure, also if it was ignored or followed by a restart. Failures of its runs are in
    /// [`runs`](Self::runs).
    pub last_failure: Option<Arc<Failure>>,
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

    /// Converts the report for `?`: `Ok` if the exit code is 0.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let report = app.start().await?.stop().await;
    /// report.into_result()?;
    /// # Ok(()) }
    /// ```
    #[expect(clippy::result_large_err, reason = "it is returned once per app")]
    pub fn into_result(self) -> Result<(), RunError> {
        if self.is_success() { Ok(()) } else { Err(self.into_error()) }
    }

    pub(crate) fn into_error(self) -> RunError {
        let source = self.failures.iter().find(|failure| failure.counts()).and_then(|first| first.take_any_error());
        RunError { report: self, source }
    }

    fn headline(&self) -> String {
        let Self { exit_code, problems, requests, failures, progress, took, .. } = self;
        if !problems.is_empty() && !progress.started {
            let (count, code) = (problems.len(), exit_code.number());
            let problems = if count == 1 { "problem" } else { "problems" };
            return format!("nothing was started: {count} {problems}, exit code {code}");
        }
        End { exit_code: *exit_code, requests, failures, progress: *progress }.headline(*took)
    }

    fn write(&self, f: &mut impl fmt::Write, paint: Paint) -> fmt::Result {
        let style = if self.is_success() { Style::Good } else { Style::Bad };
        write!(f, "{} {}", paint.bold("lifespan:"), paint.with(style, &self.headline()))?;
        let names: Vec<String> = self.units.iter().map(|unit| unit.unit.to_string()).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (unit, name) in self.units.iter().zip(names) {
            let style = match unit.outcome {
                outcome if outcome.is_bad() => Style::Bad,
                _ => Style::Plain,
            };
            write!(f, "\n  {:<7}  {name:<width$}  {}", unit.unit.kind(), paint.with(style, &unit.what()))?;
            if let Some(children) = unit.children.as_deref().filter(|children| children.spawned > 0) {
                children.write(f, 2 + 7 + 2)?;
            }
        }
        if !self.problems.is_empty() {
            let before = paint.with(Style::Bad, "error:") + " ";
            write!(f, "\n\n{}", Problems { all: &self.problems, before: &before, between: "\n\n" })?;
        }
        for failure in self.units.iter().filter_map(|unit| unit.runs.as_ref()?.last_failure.as_ref()) {
            for failure in iter::once(failure).chain(failure.beside()) {
                write_failure(f, &paint.with(Style::Bad, "last failed run:"), failure)?;
            }
        }
        for failure in &self.failures {
            let (style, word) = match failure.severity() {
                Severity::Full => (Style::Bad, "error:"),
                Severity::Ignored => (Style::Bad, "ignored:"),
                Severity::Recovered => (Style::Plain, "recovered:"),
                Severity::Absorbed => (Style::Plain, "while stopping:"),
                Severity::Unrecovered => (Style::Plain, "not restarted:"),
            };
            write_failure(f, &paint.with(style, word), failure)?;
        }
        Ok(())
    }

    /// Prints the report on standard error, in colour on a terminal.
    pub(crate) fn print(&self) {
        let mut stderr = std::io::stderr().lock();
        let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut text = String::new();
        if self.write(&mut text, Paint { colour }).is_ok() {
            // If standard error is closed, the report can't be printed.
            let _ = writeln!(stderr, "{text}");
        }
    }
}

fn write_failure(f: &mut impl fmt::Write, word: &str, failure: &Failure) -> fmt::Result {
    write!(f, "\n\n{word} {failure}")?;
    for cause in failure.chain().iter().skip(1) {
        write!(f, "\n    caused by: {}", line(cause))?;
    }
    write!(f, "\n  at {}", place(failure.unit()))
}

/// Returns the location of a unit and, if code registered it, of that call: the unit may belong to another crate.
fn place(unit: &Registered) -> String {
    match unit.registered_at() {
        Some(call) => format!("{}, registered at {call}", unit.location()),
        None => unit.location().to_string(),
    }
}

impl UnitReport {
    fn new(unit: Registered, last_failure: Option<Arc<Failure>>, facts: &Facts) -> Self {
        let of = UnitIndex(unit.index);
        let outcome = match facts.machine.seen(of) {
            Seen::Ended(outcome) => outcome,
            Seen::Waiting => Outcome::NotStarted,
            Seen::BackingOff | Seen::Starting | Seen::Up | Seen::Stopping => {
                let blocks = |failure: &Arc<Failure>| {
                    *failure.unit() == unit && matches!(failure.cause(), Cause::NotYielding { .. })
                };
                let is_lost =
                    |failure: &Arc<Failure>| *failure.unit() == unit && matches!(failure.cause(), Cause::Lost);
                if facts.failures.iter().any(blocks) {
                    Outcome::NotYielding
                } else if facts.failures.iter().any(is_lost) {
                    Outcome::Failed
                } else {
                    Outcome::Starved
                }
            }
        };
        let (record, end) = (facts.machine.record(of), facts.machine.end_of(of));
        Self {
            children: facts.children(unit.index).map(Box::new),
            runs: facts.runs(unit.index),
            unit,
            outcome,
            restarts: facts.restarts(of.at()),
            started: record.started.since_launch(),
            up: record.up.since_launch(),
            ended: end.ended.since_launch(),
            stopping: end.stopping.since_launch(),
            last_failure,
        }
    }

    fn what(&self) -> String {
        let span = |from: Option<Duration>, to: Option<Duration>| match (from, to) {
            (Some(from), Some(to)) => Some(short(to.saturating_sub(from))),
            _ => None,
        };
        let mut text = self.outcome.to_string();
        match span(self.stopping, self.ended).as_deref() {
            Some("0 s") if self.outcome == Outcome::Failed => text += " while stopping",
            Some(took) if self.outcome == Outcome::Failed => text = format!("{text} {took} after it was asked to stop"),
            Some(took) => text = format!("{text} in {took}"),
            None => {}
        }
        let until = self.stopping.or(self.ended);
        match (span(self.up, until), span(self.started, until)) {
            (Some(up), _) if self.outcome != Outcome::Returned => text = format!("{text}, was up {up}"),
            (_, Some(ran)) => text = format!("{text}, ran {ran}"),
            _ => {}
        }
        if let Some(runs) = &self.runs {
            text = format!("{text}, {}", runs.counted());
        }
        if self.restarts > 0 {
            text = format!("{text}, restarted {} time{}", self.restarts, if self.restarts == 1 { "" } else { "s" });
        }
        match &self.last_failure {
            Some(last) if self.restarts > 0 => format!("{text}, last: {}", line(&cut(&last.error_words()))),
            Some(last) if self.outcome == Outcome::Failed || last.has_error() => {
                format!("{text}: {}", line(&cut(&last.error_words())))
            }
            _ => text,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Paint { colour: false })
    }
}

impl fmt::Debug for Report {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An unsuccessful run as an error, with its report. Its source is the error of the first failure.
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
/// let error = app.launch().await.into_result().unwrap_err();
/// assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "timed out");
/// assert_eq!(error.report().exit_code(), 1);
/// # Ok(()) }
/// ```
pub struct RunError {
    report: Report,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl RunError {
    /// Returns the report.
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
    /// let error = app.launch().await.into_result().unwrap_err();
    /// assert_eq!(error.report().exit_code(), 1);
    /// # Ok(()) }
    /// ```
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the report by value, for `main` to return: it sets the exit code.
    ///
    /// ```no_run
    /// # use lifespan::App;
    /// # #[tokio::main]
    /// async fn main() -> lifespan::Report {
    ///     let app = App::new();
    ///     match app.start().await {
    ///         Ok(running) => running.wait().await,
    ///         Err(error) => error.into_report(),
    ///     }
    /// }
    /// ```
    pub fn into_report(self) -> Report {
        self.report
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| error_box::shown(&**source))
    }
}

#[derive(Clone, Copy)]
enum Style {
    Good,
    Bad,
    Plain,
}

/// Colour, where it is wanted.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        match (self.colour, style) {
            (true, Style::Good) => format!("\u{1b}[32m{text}\u{1b}[0m"),
            (true, Style::Bad) => format!("\u{1b}[1;31m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    fn bold(self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
