//! The one stream of facts: what happens is one [`Event`], sent once, from which state, log and report are read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::exit_code::ExitCode;
use crate::base::text::line;
use crate::base::thread::PollingThread;
use crate::base::verdict::Outcome;
use crate::facts::config_change::ConfigChange;
use crate::facts::failure::Failure;
use crate::facts::reason::Reason;
use crate::facts::reload_error::ReloadError;
use crate::facts::tick::Tick;
use crate::plan::registered::Registered;

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
        /// How many registrations there are.
        units: usize,
        /// Which file was read, or where none was found; `None` when the app reads no sources.
        sources: Option<Arc<str>>,
    },
    /// A unit is being started.
    Starting {
        /// Which.
        unit: Registered,
    },
    /// A unit is up: a context has provided, a task has run to its first await or used its `Ready`, a `once` task has
    /// returned, the thread of a `blocking` task is there.
    Up {
        /// Which.
        unit: Registered,
        /// Since it was started.
        took: Duration,
    },
    /// Every unit is up.
    AppUp {
        /// Since the launch.
        took: Duration,
    },
    /// A task has returned.
    Returned {
        /// Which.
        unit: Registered,
        /// Since it was started.
        ran: Duration,
    },
    /// A task that takes `Shutdown` has returned before it was told to: a warning.
    EndedByItself {
        /// Which.
        unit: Registered,
        /// Since it was started.
        ran: Duration,
    },
    /// A unit has ended and starts again after a delay, as its restart policy says, unless shutdown comes first.
    Restarting {
        /// Which.
        unit: Registered,
        /// What went wrong; none when it had returned.
        failure: Option<Arc<Failure>>,
        /// Counts from 1 since its last healthy run.
        attempt: u32,
        /// How long it waits before.
        delay: Duration,
    },
    /// A unit and what can't do without it are about to be stopped and started again.
    RestartingPart {
        /// The unit: the one that failed, or was named.
        unit: Registered,
        /// The others, in registration order.
        others: Vec<Registered>,
        /// Why.
        reason: RestartReason,
    },
    /// The configuration was read again and is being applied.
    Reloading {
        /// Which file was read, or where none was found.
        sources: Arc<str>,
        /// What has changed; where that is nothing, `Reloaded` follows at once.
        changes: Vec<ConfigChange>,
    },
    /// The new configuration is in effect: every unit started for it is up or has ended.
    Reloaded {
        /// Since the sources were asked for.
        took: Duration,
    },
    /// The reload was refused: the app keeps its configuration.
    ReloadRefused {
        /// Why.
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
        /// The unit that has spawned it.
        unit: Registered,
        /// Its name.
        child: Arc<str>,
        /// How: it returned, it failed, or it was dropped, as it was cancelled.
        outcome: Outcome,
    },
    /// A child has failed, at this moment, whoever the failure belongs to. Of isolated children, one a second is told.
    ChildFailed {
        /// The unit that has spawned it.
        unit: Registered,
        /// Its name.
        child: Arc<str>,
        /// What went wrong, as text.
        error: Arc<str>,
        /// Whether it panicked.
        panicked: bool,
        /// How many isolated children have failed since the last such event, and had none of their own.
        more: u64,
    },
    /// The schedule of a task has begun.
    Scheduled {
        /// Which.
        unit: Registered,
        /// Its next times, as people read them.
        times: Arc<str>,
    },
    /// A run of a task with a schedule has been started.
    RunStarted {
        /// Which task.
        unit: Registered,
        /// Which run, and for which time.
        tick: Tick,
    },
    /// A run of a task with a schedule has returned.
    RunReturned {
        /// Which task.
        unit: Registered,
        /// The run's number.
        number: u64,
        /// Since it was started.
        ran: Duration,
    },
    /// A run of a task with a schedule has failed; the schedule goes on.
    RunFailed {
        /// Which task.
        unit: Registered,
        /// The run's number.
        number: u64,
        /// Since it was started.
        ran: Duration,
        /// What went wrong.
        failure: Arc<Failure>,
    },
    /// Scheduled times passed without a run of their own.
    RunsMissed {
        /// Which task.
        unit: Registered,
        /// How many times.
        count: u64,
        /// Whether the next run makes up for them.
        folded: bool,
        /// Whether a run was still under way. If not, nothing could run: the thread was blocked, the task was being
        /// restarted, the machine slept, or the clock was set ahead.
        busy: bool,
    },
    /// A unit has failed.
    Failed {
        /// What went wrong.
        failure: Arc<Failure>,
    },
    /// A unit holds the thread that polls it for longer than [`App::blocked_after`](crate::App::blocked_after), and
    /// still does: a warning, which comes again each time that the time has doubled.
    Blocked {
        /// Which.
        unit: Registered,
        /// The time so far; the true time may be longer by up to half of `blocked_after`.
        lasted: Duration,
        /// The thread.
        thread: PollingThread,
    },
    /// A unit that was reported as blocked yields again.
    Unblocked {
        /// Which.
        unit: Registered,
        /// In the end, counted as in [`Blocked`](Self::Blocked).
        lasted: Duration,
    },
    /// A check of a unit says that it is not healthy, or says another reason: a warning, and the app is not ready.
    Unhealthy {
        /// The unit.
        unit: Registered,
        /// The check's name; none for the unit's own.
        check: Option<Arc<str>>,
        /// Why.
        reason: Arc<str>,
        /// For how long it has not been healthy before: zero where it was.
        lasted: Duration,
    },
    /// A check that was not healthy is again.
    Healthy {
        /// The unit.
        unit: Registered,
        /// The check's name; none for the unit's own.
        check: Option<Arc<str>>,
        /// For how long it was not.
        lasted: Duration,
    },
    /// Shutdown was requested; the first request begins the stop.
    ShutdownRequested {
        /// Why.
        reason: Reason,
    },
    /// A unit is being stopped.
    Stopping {
        /// Which.
        unit: Registered,
    },
    /// A unit has stopped.
    Stopped {
        /// Which.
        unit: Registered,
        /// How.
        outcome: Outcome,
        /// Since it was being stopped.
        took: Duration,
    },
    /// A second signal: everything is dropped at once.
    Forced {
        /// The signal's number.
        signal: i32,
    },
    /// The run is over.
    Ended {
        /// The exit code.
        exit_code: ExitCode,
        /// Since the launch.
        took: Duration,
        /// How it ended and why, as the report's first line has it: `stopped in order after 3 s (SIGTERM)`.
        summary: Arc<str>,
    },
    /// This reader was too slow: that many events were lost to it.
    Lagged {
        /// How many.
        missed: u64,
    },
}

impl Event {
    /// What went wrong, where that is what it tells.
    pub(crate) fn failure(&self) -> Option<&Arc<Failure>> {
        match self {
            Event::Failed { failure } | Event::RunFailed { failure, .. } => Some(failure),
            Event::Restarting { failure, .. } => failure.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    /// In few words, without times: `up poll`, `stopped poll`.
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

/// Why a part of an app is restarted.
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
    /// `app.restart(…)`.
    Asked,
    /// A context has failed, or has lost its resource.
    Failed,
    /// A member of this group has ended.
    Group(&'static str),
    /// Its arguments have changed.
    Reload,
}
