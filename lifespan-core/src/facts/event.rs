//! The one stream of facts: each [`Event`] is sent once; state, log and report are derived from the events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{ExitCode, Outcome, PollingThread, line};
use crate::facts::config_change::ConfigChange;
use crate::facts::failure::Failure;
use crate::facts::reason::Reason;
use crate::facts::reload_error::ReloadError;
use crate::facts::tick::Tick;
use crate::plan::Registered;

/// Something that happened in a run.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::Event;
/// let mut events = app.events();
/// let running = app.start().await?;
/// while let Some(event) = events.next().await {
///     match event {
///         Event::Up { unit, took } => println!("{unit} is up after {took:?}"),
///         Event::AppUp { .. } => break,
///         _ => {}
///     }
/// }
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The plan is made; the first unit is about to start.
    Launched {
        /// The number of registrations.
        units: usize,
        /// The file that was read, or the place where none was found; `None` if the app reads no sources.
        sources: Option<Arc<str>>,
    },
    /// A unit is being started.
    Starting {
        /// The unit.
        unit: Registered,
    },
    /// A unit is up: a context has provided, a task has run to its first await or used its `Ready`, a `once` task has
    /// returned, or the thread of a `blocking` task has started.
    Up {
        /// The unit.
        unit: Registered,
        /// The time since its start.
        took: Duration,
    },
    /// Every unit is up.
    AppUp {
        /// The time since the launch.
        took: Duration,
    },
    /// A task has returned.
    Returned {
        /// The unit.
        unit: Registered,
        /// The time since its start.
        ran: Duration,
    },
    /// A task that takes `Shutdown` has returned before shutdown was requested: a warning.
    EndedByItself {
        /// The unit.
        unit: Registered,
        /// The time since its start.
        ran: Duration,
    },
    /// A unit has ended and is restarted after a delay, by its restart policy, unless shutdown is requested first.
    Restarting {
        /// The unit.
        unit: Registered,
        /// The failure; `None` if it returned.
        failure: Option<Arc<Failure>>,
        /// The number of the restart, counted from 1 since its last healthy run.
        attempt: u32,
        /// The delay before the restart.
        delay: Duration,
    },
    /// A unit and the units that depend on it are about to be stopped and restarted.
    RestartingPart {
        /// The unit that failed or was named.
        unit: Registered,
        /// The other units, in registration order.
        others: Vec<Registered>,
        /// The reason.
        reason: RestartReason,
    },
    /// The configuration was read again and is being applied.
    Reloading {
        /// The file that was read, or the place where none was found.
        sources: Arc<str>,
        /// The changes; if there are none, `Reloaded` follows at once.
        changes: Vec<ConfigChange>,
    },
    /// The new configuration is in effect: every unit started for it is up or has ended.
    Reloaded {
        /// The time since the request.
        took: Duration,
    },
    /// The reload was refused: the app keeps its configuration.
    ReloadRefused {
        /// The reason.
        error: ReloadError,
    },
    /// A unit has spawned a child.
    ChildStarted {
        /// The unit.
        unit: Registered,
        /// The child's name.
        child: Arc<str>,
    },
    /// A child has ended.
    ChildEnded {
        /// The unit that spawned it.
        unit: Registered,
        /// The child's name.
        child: Arc<str>,
        /// The outcome: it returned, failed, or was dropped because it was cancelled.
        outcome: Outcome,
    },
    /// A child has failed; the failure may become that of its unit or of a caller. For isolated children, at most one such event a
    /// second is sent.
    ChildFailed {
        /// The unit that spawned it.
        unit: Registered,
        /// The child's name.
        child: Arc<str>,
        /// The error as text.
        error: Arc<str>,
        /// Set if it panicked.
        panicked: bool,
        /// The number of isolated children that have failed since the last such event without an event of their own.
        more: u64,
    },
    /// The schedule of a task has begun.
    Scheduled {
        /// The unit.
        unit: Registered,
        /// Its next times, as readable text.
        times: Arc<str>,
    },
    /// A run of a task with a schedule has been started.
    RunStarted {
        /// The task.
        unit: Registered,
        /// The run and its scheduled time.
        tick: Tick,
    },
    /// A run of a task with a schedule has returned.
    RunReturned {
        /// The task.
        unit: Registered,
        /// The run's number.
        number: u64,
        /// The time since its start.
        ran: Duration,
    },
    /// A run of a task with a schedule has failed; the schedule goes on.
    RunFailed {
        /// The task.
        unit: Registered,
        /// The run's number.
        number: u64,
        /// The time since its start.
        ran: Duration,
        /// The failure.
        failure: Arc<Failure>,
    },
    /// Scheduled times passed without a run of their own.
    RunsMissed {
        /// The task.
        unit: Registered,
        /// The number of times.
        count: u64,
        /// Set if the next run makes up for them.
        folded: bool,
        /// Set if an earlier run was still in progress. Otherwise no run was possible: the thread was blocked, the task
        /// was being restarted, the machine slept, or the clock was set ahead.
        busy: bool,
    },
    /// A unit has failed.
    Failed {
        /// The failure.
        failure: Arc<Failure>,
    },
    /// A unit has blocked the thread that polls it for longer than [`App::blocked_after`](crate::App::blocked_after),
    /// and still does: a warning, repeated each time that this time has doubled.
    Blocked {
        /// The unit.
        unit: Registered,
        /// The time so far; the true time may be longer by up to half of `blocked_after`.
        lasted: Duration,
        /// The thread.
        thread: PollingThread,
    },
    /// A unit that was reported as blocked yields again.
    Unblocked {
        /// The unit.
        unit: Registered,
        /// The whole time, measured as in [`Blocked`](Self::Blocked).
        lasted: Duration,
    },
    /// A check of a unit has become unhealthy, or gives another reason: a warning, and the app is not ready.
    Unhealthy {
        /// The unit.
        unit: Registered,
        /// The check's name; `None` for the unit's own check.
        check: Option<Arc<str>>,
        /// The reason.
        reason: Arc<str>,
        /// The time for which it was already unhealthy; zero if it was healthy.
        lasted: Duration,
    },
    /// A check that was unhealthy is healthy again.
    Healthy {
        /// The unit.
        unit: Registered,
        /// The check's name; `None` for the unit's own check.
        check: Option<Arc<str>>,
        /// The time for which it was unhealthy.
        lasted: Duration,
    },
    /// Shutdown was requested; the first request begins the stop.
    ShutdownRequested {
        /// The reason.
        reason: Reason,
    },
    /// A unit is being stopped.
    Stopping {
        /// The unit.
        unit: Registered,
    },
    /// A unit has stopped.
    Stopped {
        /// The unit.
        unit: Registered,
        /// The outcome.
        outcome: Outcome,
        /// The time since it was asked to stop.
        took: Duration,
    },
    /// A second signal has arrived: all units are dropped at once.
    Forced {
        /// The signal's number.
        signal: i32,
    },
    /// The run is over.
    Ended {
        /// The exit code.
        exit_code: ExitCode,
        /// The time since the launch.
        took: Duration,
        /// The outcome and its cause, as in the first line of the report: `stopped in order after 3 s (SIGTERM)`.
        summary: Arc<str>,
    },
    /// This reader was too slow and has missed events.
    Lagged {
        /// The number of missed events.
        missed: u64,
    },
}

impl Event {
    /// Returns the failure that the event reports, if any.
    pub(crate) fn failure(&self) -> Option<&Arc<Failure>> {
        match self {
            Event::Failed { failure } | Event::RunFailed { failure, .. } => Some(failure),
            Event::Restarting { failure, .. } => failure.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    /// Shows it in few words, without times: `up poll`, `stopped poll`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Launched { units, .. } => write!(f, "launched {units}"),
            Event::Starting { unit } => write!(f, "starting {unit}"),
            Event::Up { unit, .. } => write!(f, "up {unit}"),
            Event::AppUp { .. } => f.write_str("app up"),
            Event::Returned { unit, .. } => write!(f, "returned {unit}"),
            Event::EndedByItself { unit, .. } => write!(f, "ended by itself {unit}"),
            Event::Restarting { unit, attempt, .. } => write!(f, "restarting {unit} {attempt}"),
            Event::RestartingPart { unit, others, .. } => {
                write!(f, "restarting part {unit}")?;
                others.iter().try_for_each(|other| write!(f, " {other}"))
            }
            Event::Reloading { changes, .. } => {
                f.write_str("reloading")?;
                changes.iter().try_for_each(|change| write!(f, " [{}]", change.what()))
            }
            Event::Reloaded { .. } => f.write_str("reloaded"),
            Event::ReloadRefused { .. } => f.write_str("reload refused"),
            Event::ChildStarted { unit, child } => write!(f, "child {} of {unit} started", line(child)),
            Event::ChildEnded { unit, child, outcome } => write!(f, "child {} of {unit} {outcome}", line(child)),
            Event::ChildFailed { unit, child, error, .. } => {
                write!(f, "child {} of {unit} failed: {error}", line(child))
            }
            Event::Scheduled { unit, times } => write!(f, "scheduled {unit} {times}"),
            Event::RunStarted { unit, tick } => write!(f, "run {} of {unit}", tick.number),
            Event::RunReturned { unit, number, .. } => write!(f, "run {number} of {unit} returned"),
            Event::RunFailed { unit, number, .. } => write!(f, "run {number} of {unit} failed"),
            Event::RunsMissed { unit, count, folded, .. } => {
                write!(f, "{} {count} of {unit}", if *folded { "folded" } else { "skipped" })
            }
            Event::Failed { failure } => write!(f, "failed {}", failure.unit()),
            Event::Blocked { unit, .. } => write!(f, "blocked {unit}"),
            Event::Unblocked { unit, .. } => write!(f, "unblocked {unit}"),
            Event::Unhealthy { unit, check: Some(check), .. } => write!(f, "unhealthy {unit}/{}", line(check)),
            Event::Unhealthy { unit, check: None, .. } => write!(f, "unhealthy {unit}"),
            Event::Healthy { unit, check: Some(check), .. } => write!(f, "healthy {unit}/{}", line(check)),
            Event::Healthy { unit, check: None, .. } => write!(f, "healthy {unit}"),
            Event::ShutdownRequested { reason } => write!(f, "shutdown: {reason}"),
            Event::Stopping { unit } => write!(f, "stopping {unit}"),
            Event::Stopped { unit, outcome, .. } => write!(f, "{outcome} {unit}"),
            Event::Forced { signal } => write!(f, "forced {signal}"),
            Event::Ended { exit_code, .. } => write!(f, "ended {}", exit_code.number()),
            Event::Lagged { missed } => write!(f, "lagged {missed}"),
        }
    }
}

/// The reason why a part of an app is restarted.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::{Event, RestartReason};
/// let mut events = app.events();
/// let running = app.start().await?;
/// app.restart(serve).await?;
/// running.stop().await;
/// while let Some(event) = events.next().await {
///     if let Event::RestartingPart { reason, .. } = event {
///         assert_eq!(reason, RestartReason::Asked);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartReason {
    /// `app.restart(…)` was called.
    Asked,
    /// A context has failed, or has lost its resource.
    Failed,
    /// A member of this group has ended.
    Group(&'static str),
    /// A reload has changed the arguments of a unit.
    Reload,
}
