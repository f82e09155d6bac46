//! A failure as it happened in a unit, before it is assigned to a unit and a stage.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error_box;
use super::text::{self, line};
use super::time::short;
use super::unwind;

/// The cause of a failure.
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
/// # use lifespan::Cause;
/// let report = app.launch().await;
/// match report.failures()[0].cause() {
///     Cause::Error => println!("it returned an error"),
///     Cause::TimedOut { limit } => println!("it took longer than {limit:?}"),
///     other => println!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The unit returned an error; [`Failure::take_error`](crate::Failure::take_error) returns it.
    Error,
    /// The unit panicked.
    Panic {
        /// The panic message, if it was text.
        message: String,
        /// The place of the panic, `file:line:column`, if the panic hook recorded it.
        place: Option<String>,
    },
    /// The unit exceeded its limit for coming up or for stopping.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// A run of the schedule exceeded its `timeout`.
    RunTimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The unit returned more often than its restart policy allows.
    RestartedTooOften {
        /// The number of restarts that are allowed.
        intensity: u32,
        /// The period within which they are counted.
        period: Duration,
    },
    /// A task returned, or dropped its `Ready`, without calling `notify`.
    NeverReady,
    /// A context returned without providing its resource.
    NothingProvided,
    /// A context returned, or dropped the future that holds its resource, while other units still needed it.
    GaveUp,
    /// A context lost its resource while it was up: the future passed to `provide_until_shutdown_or` completed, and the
    /// function returned no error.
    ResourceLost,
    /// The unit never yielded: its body blocks the thread that polls it, so it could be neither stopped nor dropped.
    /// For a `blocking` task: its function has not returned.
    NotYielding {
        /// The limit for coming up or stopping; `None` if it was dropped before.
        limit: Option<Duration>,
    },
    /// The unit was not up or not stopped in time, because another unit blocked its thread.
    Starved,
    /// The unit blocked its thread, so that another unit was not up or not stopped in time.
    Blocked {
        /// The other unit.
        starved: Arc<str>,
    },
    /// The unit was dropped because its tokio runtime was shut down.
    Lost,
}

/// The cause of a failure as text, to follow the name of the unit or child.
pub(crate) struct Wording<'a> {
    pub(crate) cause: &'a Cause,
    pub(crate) during: &'static str,
    pub(crate) chain: &'a [String],
    pub(crate) on_its_own_thread: bool,
}

impl fmt::Display for Wording<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let during = self.during;
        match self.cause {
            Cause::Error => write!(f, "failed{during}: {}", line(self.chain.first().map_or("", String::as_str))),
            Cause::Panic { message, place: Some(place) } => write!(f, "panicked{during} at {place}: {}", line(message)),
            Cause::Panic { message, place: None } => write!(f, "panicked{during}: {}", line(message)),
            Cause::TimedOut { limit } => write!(f, "took longer than its limit of {}{during}", short(*limit)),
            Cause::RunTimedOut { limit } => {
                write!(f, "was dropped: its run took longer than its `timeout` of {}", short(*limit))
            }
            Cause::RestartedTooOften { intensity, period } => {
                write!(f, "restart limit reached: it returned again after {intensity} restarts in {}", short(*period))
            }
            Cause::NeverReady => f.write_str(
                "dropped its `Ready` without calling `notify()`; call it once the task is up, or remove the parameter",
            ),
            Cause::NothingProvided => f.write_str("returned without providing its resource"),
            Cause::GaveUp => f.write_str("returned or dropped its resource while other units still needed it"),
            Cause::ResourceLost => f.write_str("lost its resource while other units still needed it"),
            Cause::NotYielding { limit } => {
                if self.on_its_own_thread {
                    write!(f, "does not return{during}: a thread cannot be stopped from outside, so it keeps running")?;
                } else {
                    write!(f, "does not yield{during}: its body blocks the thread that runs it")?;
                }
                limit.map_or(Ok(()), |limit| write!(f, " (its limit was {})", short(limit)))
            }
            Cause::Starved => write!(f, "timed out{during} because another unit blocked its thread"),
            Cause::Blocked { starved } => {
                write!(f, "blocked its thread{during}, so `{}` timed out", line(starved))
            }
            Cause::Lost => f.write_str("was dropped because its tokio runtime was shut down"),
        }
    }
}

/// Returns the texts of an error and its sources. They are user code: if one panics, or the sources form a cycle, only
/// texts are lost.
pub(crate) fn texts_of(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut chain = Vec::new();
    if unwind::catch(|| chain.extend(error_box::sources(error).map(text::taken))).is_err() {
        chain.push("(an error that panics when it is displayed)".to_owned());
    }
    chain
}

/// Returns an error and its sources in one line.
pub(crate) fn words_of(error: &(dyn Error + 'static)) -> String {
    joined(&texts_of(error))
}

pub(crate) fn joined(chain: &[String]) -> String {
    chain.iter().map(|text| line(text)).collect::<Vec<_>>().join(": ")
}

/// The reason why a unit is not restarted, although its policy allows restarts.
#[derive(Clone, Copy)]
pub enum Refused {
    /// The restarts that were allowed are used up.
    Exhausted {
        intensity: u32,
        period: Duration,
        /// The group that counts them.
        group: Option<&'static str>,
    },
    /// The delay before this restart would exceed the startup limit.
    TooLate { number: u32, limit: Duration },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted { intensity, period, group } => {
                let times = if *intensity == 1 { "restart" } else { "restarts" };
                write!(f, "restart limit reached ({intensity} {times} within {}, set by ", short(*period))?;
                match group {
                    Some(group) => write!(f, "group `{group}`)"),
                    None => f.write_str("`restart(…)`)"),
                }
            }
            Self::TooLate { number, limit } => {
                write!(f, "`startup_timeout` ({}) leaves no time for restart {number}", short(*limit))
            }
        }
    }
}

/// A failure before it has a unit and a stage.
pub enum RawFailure {
    Error(Box<dyn Error + Send + Sync>),
    Other(Cause),
    /// A child of the unit has failed.
    Child {
        name: Cow<'static, str>,
        broken: Box<RawFailure>,
        /// Set if it happened while the unit was up, since it may be reported later.
        while_up: bool,
    },
    /// The unit's own failure, with those of its children.
    Several {
        first: Box<RawFailure>,
        beside: Vec<RawFailure>,
    },
    /// A failure after which the unit would restart, but may not.
    Refused {
        broken: Box<RawFailure>,
        by: Refused,
    },
}

impl RawFailure {
    /// Returns this failure with another one beside it.
    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        let (first, mut beside) = self.first();
        let (other, more) = other.first();
        beside.push(other);
        beside.extend(more);
        Self::Several { first: Box::new(first), beside }
    }

    /// Returns the unit's failure, and those beside it.
    pub(crate) fn first(self) -> (Self, Vec<Self>) {
        match self {
            Self::Several { first, beside } => (*first, beside),
            broken => (broken, Vec::new()),
        }
    }

    /// Splits this into the child's name, the cause and the error.
    pub(crate) fn apart(self) -> (Option<Cow<'static, str>>, Cause, Option<Box<dyn Error + Send + Sync>>) {
        match self {
            RawFailure::Error(error) => (None, Cause::Error, Some(error)),
            RawFailure::Other(cause) => (None, cause, None),
            RawFailure::Child { name, broken, .. } => {
                let (_, cause, error) = broken.apart();
                (Some(name), cause, error)
            }
            RawFailure::Refused { broken, .. } | RawFailure::Several { first: broken, .. } => broken.apart(),
        }
    }

    /// Returns whether it is known to have happened while the unit was up.
    pub(crate) fn happened_while_up(&self) -> bool {
        match self {
            RawFailure::Child { while_up, .. } => *while_up,
            RawFailure::Refused { broken, .. } | RawFailure::Several { first: broken, .. } => {
                broken.happened_while_up()
            }
            RawFailure::Error(_) | RawFailure::Other(_) => false,
        }
    }

    /// Returns the text of the failure, in one line.
    pub(crate) fn words(&self) -> String {
        match self {
            RawFailure::Error(error) => words_of(&**error),
            RawFailure::Other(cause) => Wording { cause, during: "", chain: &[], on_its_own_thread: false }.to_string(),
            RawFailure::Refused { broken, .. } | RawFailure::Several { first: broken, .. } => broken.words(),
            RawFailure::Child { name, broken, .. } => match &**broken {
                RawFailure::Error(_) => format!("child `{}` failed: {}", line(name), broken.words()),
                _ => format!("child `{}` {}", line(name), broken.words()),
            },
        }
    }
}
