//! `App::trigger`: runs a scheduled task now.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::handle::App;
use crate::base::line;
use crate::facts::{RunOutcome, State};
use crate::plan::Target;
use crate::schedule::{Answer, NotRun, ScheduleState, Wait};

/// The reason why a task can't be run now.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::TriggerError;
/// let running = app.start().await?;
/// let error = app.trigger(serve).await.unwrap_err();
/// assert_eq!(error, TriggerError::NotScheduled { name: "serve".to_owned() });
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TriggerError {
    /// No registration of this app matches.
    NotRegistered {
        /// The name as given.
        name: String,
        /// The name of the registration that was probably meant.
        nearest: Option<String>,
    },
    /// The unit has several instances, and the call names none of them.
    SeveralInstances {
        /// The unit's name as given.
        name: String,
        /// The names of the instances.
        instances: Vec<String>,
    },
    /// The task has no schedule.
    NotScheduled {
        /// The task.
        name: String,
    },
    /// The task has not been started yet, or has ended.
    NotRunning {
        /// The task.
        name: String,
    },
    /// The task was stopped before the run had ended.
    Stopping {
        /// The task.
        name: String,
    },
    /// The task ended before the run could start, or a reload removed it.
    Ended {
        /// The task.
        name: String,
    },
    /// Shutdown was requested, so no run starts.
    ShuttingDown {
        /// The task.
        name: String,
    },
    /// The run that waits for this one prevents it from starting, directly or through other waiting runs.
    WouldDeadlock {
        /// The task.
        name: String,
    },
}

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotRegistered { name, .. }
        | Self::SeveralInstances { name, .. }
        | Self::NotScheduled { name }
        | Self::NotRunning { name }
        | Self::Stopping { name }
        | Self::Ended { name }
        | Self::ShuttingDown { name }
        | Self::WouldDeadlock { name }) = self;
        let name = line(name);
        match self {
            Self::NotRegistered { nearest: Some(nearest), .. } => {
                write!(f, "cannot trigger `{name}`: no such task in this app; did you mean `{}`?", line(nearest))
            }
            Self::NotRegistered { .. } => write!(
                f,
                "cannot trigger `{name}`: no such task in this app; name the function of a registered task, or an \
                 instance as the plan lists it"
            ),
            Self::SeveralInstances { instances, .. } => write!(
                f,
                "cannot trigger `{name}`: it has several instances; name one of them: `{}`",
                line(&instances.join("`, `"))
            ),
            Self::NotScheduled { .. } => {
                write!(f, "cannot trigger `{name}`: it has no schedule; give it `every`, `delay` or `cron`")
            }
            Self::NotRunning { .. } => write!(
                f,
                "cannot trigger `{name}`: it is not up; wait for `app.when_up()`, or see the report if the task has ended"
            ),
            Self::Stopping { .. } => {
                write!(f, "`{name}` was stopped before the triggered run had ended; the report says why")
            }
            Self::Ended { .. } => {
                write!(f, "the triggered run of `{name}` never started: the task has ended; the report says why")
            }
            Self::ShuttingDown { .. } => write!(f, "cannot trigger `{name}`: shutdown was requested, so no run starts"),
            Self::WouldDeadlock { .. } => write!(
                f,
                "deadlock: the run of `{name}` could start only after the run that waits for it has ended; drop the \
                 future of `app.trigger(…)` without awaiting it, or let runs overlap with `overlap = \"parallel(2)\"`"
            ),
        }
    }
}

impl fmt::Debug for TriggerError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for TriggerError {}

impl App {
    /// Runs a scheduled task now and returns the run's outcome. The task is named by its function,
    /// `app.trigger(report)`; if it has several instances, one is named as the plan lists it:
    /// `app.trigger("report[home]")`.
    ///
    /// The call makes the request, and the returned future waits for the end of the run; dropping the future does not
    /// cancel the run. A run that may not overlap another waits for its turn, before the scheduled runs that wait; a
    /// restart of the task does not cancel it. The schedule's times do not change.
    ///
    /// # Errors
    /// Returns [`TriggerError`] if no task or several tasks match, if the task has no schedule or is not up, if it ends
    /// before the run has started, if it is stopped before the run has ended, as when the run's failure shuts the app
    /// down, and once shutdown was requested. If a run awaits a run that could start only after it has ended itself,
    /// for example one of its own task, the request is cancelled with [`TriggerError::WouldDeadlock`].
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
            let Asked { name, index, schedule_state, number, outcome } = asked?;
            let Ok(_waiting) = Waiting::begin(&app, index) else {
                schedule_state.triggers.withdraw(number);
                return Err(TriggerError::WouldDeadlock { name });
            };
            // A request that is not in the queue any more was taken by its run.
            let unanswered =
                || if schedule_state.triggers.withdraw(number) { NotRun::NeverBegan } else { NotRun::CutOff };
            match app.answer(outcome).await.unwrap_or_else(|| Err(unanswered())) {
                Ok(outcome) => Ok(outcome),
                Err(NotRun::CutOff) => Err(TriggerError::Stopping { name }),
                Err(NotRun::NeverBegan) if app.is_going() => Err(TriggerError::ShuttingDown { name }),
                Err(NotRun::NeverBegan) => Err(TriggerError::Ended { name }),
            }
        }
    }

    /// Returns whether shutdown was requested, or the run has ended.
    fn is_going(&self) -> bool {
        self.inbox().is_requested() || matches!(self.state(), State::Draining | State::Stopping | State::Stopped)
    }

    fn ask_for_a_run(&self, target: &Target) -> Result<Asked, TriggerError> {
        let registrations =
            self.launched().ok_or_else(|| TriggerError::NotRunning { name: target.name().to_owned() })?;
        let index = match target.find(&registrations)[..] {
            [] => {
                let nearest = target.nearest(&registrations);
                return Err(TriggerError::NotRegistered { name: target.name().to_owned(), nearest });
            }
            [index] => index,
            ref several => {
                let instances = several.iter().map(|&index| registrations.name(index).plain().into_owned()).collect();
                return Err(TriggerError::SeveralInstances { name: target.name().to_owned(), instances });
            }
        };
        let name = registrations.name(index).plain().into_owned();
        if registrations.entries[index].unit.options.schedule.is_none() {
            return Err(TriggerError::NotScheduled { name });
        }
        match self.state() {
            State::Stopped => return Err(TriggerError::NotRunning { name }),
            _ if self.is_going() => return Err(TriggerError::ShuttingDown { name }),
            _ => {}
        }
        let asked = u32::try_from(index).ok().and_then(|index| {
            let schedule_state = self.hub().schedule_state(index)?;
            let (number, outcome) = schedule_state.triggers.ask()?;
            Some((index, schedule_state, number, outcome))
        });
        match asked {
            Some((index, schedule_state, number, outcome)) => {
                Ok(Asked { name, index, schedule_state, number, outcome })
            }
            None => Err(TriggerError::NotRunning { name }),
        }
    }
}

/// A request for a run.
struct Asked {
    name: String,
    index: u32,
    schedule_state: Arc<ScheduleState>,
    /// The number of the request.
    number: u64,
    outcome: oneshot::Receiver<Answer>,
}

/// A registered wait of one run for another; dropping it removes the wait.
struct Waiting(Option<(App, Wait)>);

impl Waiting {
    /// Registers the wait if the caller is a run. Returns an error if the wait would be a deadlock.
    fn begin(app: &App, wanted: u32) -> Result<Self, ()> {
        let Some((task, here)) = app.shared().unit_here() else { return Ok(Self(None)) };
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
