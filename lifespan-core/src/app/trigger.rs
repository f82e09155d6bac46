//! `App::trigger`: runs a scheduled task now.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::App;
use super::target::Target;
use crate::failure::Failure;
use crate::schedule::mailbox::{Answer, NotRun};
use crate::schedule::runs::Desk;
use crate::schedule::waits::Wait;
use crate::state::State;
use crate::text::line;

/// How a run that was asked for went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunOutcome {
    /// It returned.
    Returned,
    /// It failed, panicked or took too long; the schedule goes on.
    Failed(Arc<Failure>),
}

impl RunOutcome {
    /// Whether it returned.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Returned)
    }

    /// What went wrong, if something did.
    #[must_use]
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        match self {
            Self::Returned => None,
            Self::Failed(failure) => Some(failure),
        }
    }
}

/// Why a task can't be run now.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TriggerError {
    /// No registration of this app is meant.
    NotRegistered {
        /// As it was named.
        name: String,
    },
    /// The unit has several instances, and one is to be named.
    SeveralInstances {
        /// As the unit was named.
        name: String,
        /// What the instances are called.
        instances: Vec<String>,
    },
    /// The task has no schedule.
    NotScheduled {
        /// Which.
        name: String,
    },
    /// The task has not been started yet, or has ended.
    NotRunning {
        /// Which.
        name: String,
    },
    /// The task was stopped before the run had ended.
    Stopping {
        /// Which.
        name: String,
    },
    /// The task has ended before the run could start, or a reload has taken it out.
    Ended {
        /// Which.
        name: String,
    },
    /// Shutdown was requested, so no run starts.
    ShuttingDown {
        /// Which.
        name: String,
    },
    /// The run that waits for this one keeps it from starting, by itself or through others that wait.
    WouldDeadlock {
        /// Which.
        name: String,
    },
}

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotRegistered { name }
        | Self::SeveralInstances { name, .. }
        | Self::NotScheduled { name }
        | Self::NotRunning { name }
        | Self::Stopping { name }
        | Self::Ended { name }
        | Self::ShuttingDown { name }
        | Self::WouldDeadlock { name }) = self;
        let name = line(name);
        match self {
            Self::NotRegistered { .. } => write!(
                f,
                "cannot trigger `{name}`: this app runs no such task; name the function of one that is registered, or an \
                 instance as the plan lists it"
            ),
            Self::SeveralInstances { instances, .. } => write!(
                f,
                "cannot trigger `{name}`: it has several instances; name one of them: `{}`",
                line(&instances.join("`, `"))
            ),
            Self::NotScheduled { .. } => write!(
                f,
                "cannot trigger `{name}`: it has no schedule, so it runs once and already; give it `every`, `delay` or `cron`"
            ),
            Self::NotRunning { .. } => write!(
                f,
                "cannot trigger `{name}`: it is not up; wait for `app.when_up()`, and look in the report why it ended if it did"
            ),
            Self::Stopping { .. } => {
                write!(f, "`{name}` was stopped before the run that was asked for had ended; the report says why")
            }
            Self::Ended { .. } => {
                write!(
                    f,
                    "the run of `{name}` that was asked for never started: the task has ended; the report says why"
                )
            }
            Self::ShuttingDown { .. } => write!(f, "cannot trigger `{name}`: shutdown was requested, so no run starts"),
            Self::WouldDeadlock { .. } => write!(
                f,
                "cannot wait for a run of `{name}`: it could start only after the run that waits for it has ended; drop the \
                 future of `app.trigger(…)` without awaiting it, or let runs overlap with `overlap = \"parallel(2)\"`"
            ),
        }
    }
}

impl fmt::Debug for TriggerError {
    /// As people read it: `main` and `expect` print errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for TriggerError {}

impl App {
    /// Runs a task that has a schedule now, and gives the run's outcome. The task's function is its name,
    /// `app.trigger(report)`, or, of one of several instances, what the plan calls it: `app.trigger("report[home]")`.
    ///
    /// The call makes the request, and the future waits for the end of the run: dropping it takes nothing back. A run that
    /// may not overlap another waits for its turn, ahead of those that the schedule has waiting; a restart of the task
    /// does not take it back. The schedule's times stay what they are.
    ///
    /// # Errors
    /// [`TriggerError`] where no such task, several, or one without a schedule is registered, where it is not up, where it
    /// ends before the run has started, where it is stopped before the run has ended, as it is when the run's own failure
    /// takes the app down, and once shutdown was requested. A run that awaits a run which could start only after its own end, such as one of its own task, gets
    /// [`TriggerError::WouldDeadlock`], and the request is taken back.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(every = "1h", start = "after_first_period")]
    /// async fn sweep() {}
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::empty();
    /// app.register(SweepConfig {})?;
    /// let running = app.start().await?;
    /// assert!(app.trigger(sweep).await?.is_success());
    /// assert_eq!(running.stop().await.unit("sweep").unwrap().runs.as_ref().unwrap().started, 1);
    /// # Ok(()) }
    /// ```
    pub fn trigger<U: 'static>(
        &self,
        task: U,
    ) -> impl Future<Output = Result<RunOutcome, TriggerError>> + Send + use<U> {
        let (app, asked) = (self.clone(), self.ask_for_a_run(&Target::of(task)));
        async move {
            let Asked { name, index, desk, number, outcome } = asked?;
            let Ok(_waiting) = Waiting::begin(&app, index) else {
                desk.mailbox.withdraw(number);
                return Err(TriggerError::WouldDeadlock { name });
            };
            match outcome.await.unwrap_or(Err(NotRun::NeverBegan)) {
                Ok(outcome) => Ok(outcome),
                Err(NotRun::CutOff) => Err(TriggerError::Stopping { name }),
                Err(NotRun::NeverBegan) if app.is_going() => Err(TriggerError::ShuttingDown { name }),
                Err(NotRun::NeverBegan) => Err(TriggerError::Ended { name }),
            }
        }
    }

    /// Returns whether shutdown was requested, or the run is over.
    fn is_going(&self) -> bool {
        self.inbox().is_requested() || matches!(self.state(), State::Draining | State::Stopping | State::Stopped)
    }

    fn ask_for_a_run(&self, target: &Target) -> Result<Asked, TriggerError> {
        let roster = self.launched().ok_or_else(|| TriggerError::NotRunning { name: target.name().to_owned() })?;
        let index = match target.find(&roster)[..] {
            [] => return Err(TriggerError::NotRegistered { name: target.name().to_owned() }),
            [index] => index,
            ref several => {
                let instances = several.iter().map(|&index| roster.name(index).plain().into_owned()).collect();
                return Err(TriggerError::SeveralInstances { name: target.name().to_owned(), instances });
            }
        };
        let name = roster.name(index).plain().into_owned();
        if roster.entries[index].unit.options.schedule.is_none() {
            return Err(TriggerError::NotScheduled { name });
        }
        if self.state() != State::Stopped && self.is_going() {
            return Err(TriggerError::ShuttingDown { name });
        }
        let asked = u32::try_from(index).ok().and_then(|index| {
            let desk = self.hub().desk(index)?;
            let (number, outcome) = desk.mailbox.ask()?;
            Some((index, desk, number, outcome))
        });
        match asked {
            Some((index, desk, number, outcome)) => Ok(Asked { name, index, desk, number, outcome }),
            None => Err(TriggerError::NotRunning { name }),
        }
    }
}

/// A request for a run.
struct Asked {
    name: String,
    index: u32,
    desk: Arc<Desk>,
    /// Of the request.
    number: u64,
    outcome: oneshot::Receiver<Answer>,
}

/// A run that waits for another, for as long as it does.
struct Waiting(Option<(App, Wait)>);

impl Waiting {
    /// Takes note of the run whose code is at hand, if any; an error where its wait could never end.
    fn begin(app: &App, wanted: u32) -> Result<Self, ()> {
        let Some((task, here)) = app.unit_here() else { return Ok(Self(None)) };
        let wait = Wait { task, run: here.run, limit: here.limit, wanted };
        if app.hub().begin_run_wait(wait) { Ok(Self(Some((app.clone(), wait)))) } else { Err(()) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((app, wait)) = self.0.take() {
            app.hub().end_run_wait(wait);
        }
    }
}
