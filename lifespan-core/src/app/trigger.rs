//! `App::trigger`: runs a scheduled task now.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::App;
use super::target::Target;
use crate::failure::Failure;
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
    /// The task is being stopped: the run was not started, or did not come to its end.
    Stopping {
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
        | Self::Stopping { name }) = self;
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
    /// may not overlap another waits for its turn, ahead of those that the schedule has waiting. The schedule's times stay
    /// what they are.
    ///
    /// # Errors
    /// [`TriggerError`] where no such task, several, or one without a schedule is registered, where it is not up, and where
    /// it is stopped before the run has ended, as it is when the run's own failure takes the app down.
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
        let asked = self.ask_for_a_run(&Target::of(task));
        async move {
            let (name, outcome) = asked?;
            outcome.await.map_err(|_| TriggerError::Stopping { name })
        }
    }

    fn ask_for_a_run(
        &self,
        target: &Target,
    ) -> Result<(String, tokio::sync::oneshot::Receiver<RunOutcome>), TriggerError> {
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
        let desk = u32::try_from(index).ok().and_then(|index| self.hub().desk(index));
        match desk.and_then(|desk| desk.mailbox.ask()) {
            Some(outcome) => Ok((name, outcome)),
            None if matches!(self.state(), State::Draining | State::Stopping) => Err(TriggerError::Stopping { name }),
            None => Err(TriggerError::NotRunning { name }),
        }
    }
}
