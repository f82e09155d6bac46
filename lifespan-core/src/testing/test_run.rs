//! `TestRun`: an app that runs in a test. The examples of its methods are most of this file.

use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::runtime::{alive_tasks, settle, wait_for_tasks};
use crate::app::App;
use crate::app::launch::Running;
use crate::base::{Keep, Outcome, Typed};
use crate::facts::{Event, RunOutcome, Status};
use crate::inject::Res;
use crate::plan::Target;
use crate::report::Report;
use crate::shared::Act;

/// An app that is up, in a test.
///
/// ```
/// use std::time::Duration;
/// # use lifespan::testing::TestApp;
/// # use lifespan::{Shutdown, lifespan_task};
/// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
/// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let app = TestApp::new().with(receive).start().await;
/// app.fail(receive, std::io::Error::other("the connection broke"));
/// app.advance(Duration::from_secs(10)).await;
/// assert_eq!(app.stop().await.unit("receive").unwrap().restarts, 1);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an app that is not stopped fails its test"]
pub struct TestRun {
    pub(super) app: App,
    /// `None` once it was stopped.
    pub(super) running: Option<Running>,
    pub(super) events: Arc<Mutex<Vec<Event>>>,
    /// The number of tasks that were alive before it started.
    pub(super) tasks: usize,
    pub(super) may_leave_tasks: bool,
    /// Time is not paused.
    pub(super) real_time: bool,
}

impl TestRun {
    /// Returns the app.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.app().restart(receive).await.unwrap();
    /// assert_eq!(app.stop().await.unit("receive").unwrap().restarts, 1);
    /// # }
    /// ```
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Advances time. All timers within the duration fire in order, including those due at its end.
    ///
    /// With [`TestApp::real_time`](super::TestApp::real_time) this takes as long as it says.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_task(manual, every = "1h", start = "after_first_period")]
    /// async fn sweep() {}
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(sweep).start().await;
    /// app.advance(Duration::from_secs(24 * 3600)).await;
    /// assert_eq!(app.stop().await.unit("sweep").unwrap().runs.as_ref().unwrap().started, 24);
    /// # }
    /// ```
    pub async fn advance(&self, duration: Duration) {
        settle().await;
        tokio::time::sleep(duration).await;
        settle().await;
    }

    /// Returns all events so far as short texts, as [`Event`] displays itself.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert_eq!(app.events(), ["launched 1", "starting receive", "up receive", "app up"]);
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.recorded().iter().map(ToString::to_string).collect()
    }

    /// Returns all events so far.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # use lifespan::Event;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// assert!(app.recorded().iter().any(|event| matches!(event, Event::AppUp { .. })));
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn recorded(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a resource that is provided right now.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn greet(name: Res<String>) { std::future::pending().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(greet).provide("world".to_owned()).start().await;
    /// assert_eq!(*app.resource::<String>().unwrap(), "world");
    /// # app.stop().await;
    /// # }
    /// ```
    #[must_use]
    pub fn resource<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Res<T>> {
        self.app.resource::<T>()
    }

    /// Runs a scheduled task now and returns the run's outcome, as [`App::trigger`](crate::App::trigger) does. Time
    /// advances as far as the run needs; the schedule's times do not change.
    ///
    /// # Panics
    /// Panics with the reason if the task can't be run now, or is stopped before the run has ended.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::lifespan_task;
    /// use lifespan::testing::TestApp;
    ///
    /// #[lifespan_task(every = "1h", start = "after_first_period")]
    /// async fn sweep() -> Result<(), std::io::Error> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let app = TestApp::new().with(sweep).start().await;
    /// assert!(app.trigger(sweep).await.is_success());
    /// app.fail(sweep, std::io::Error::other("the disk is full"));
    /// assert_eq!(app.trigger(sweep).await.failure().unwrap().chain(), ["the disk is full"]);
    /// app.advance(Duration::from_secs(3600)).await;
    /// assert_eq!(app.stop().await.unit("sweep").unwrap().runs.as_ref().unwrap().started, 3);
    /// # }
    /// ```
    #[track_caller]
    pub fn trigger<U: 'static>(&self, task: U) -> impl Future<Output = RunOutcome> + Send + use<U> {
        let (place, run) = (std::panic::Location::caller(), self.app.trigger(task));
        async move { run.await.unwrap_or_else(|error| panic!("{error}\n  at {place}")) }
    }

    /// Makes a unit fail at its next step: its body is dropped, and this is its error. A unit is named by its function,
    /// an instance by its name.
    ///
    /// # Panics
    /// Panics if no registration matches, or if one is a `blocking` task.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.fail(receive, std::io::Error::other("the connection broke"));
    /// app.advance(std::time::Duration::from_secs(1)).await;
    /// assert_eq!(app.events().last().unwrap(), "restarting receive 1");
    /// # app.stop().await;
    /// # }
    /// ```
    #[track_caller]
    pub fn fail<U: 'static, E: Error + Send + Sync + 'static>(&self, unit: U, error: E) {
        let mut error = Some(<Typed as Keep<E>>::keep(error));
        self.inject_fault(unit, || error.take().map(Act::Fail));
    }

    /// Makes a unit panic at its next step.
    ///
    /// # Panics
    /// Panics if no registration matches, or if one is a `blocking` task.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.panic(receive, "index out of bounds");
    /// app.advance(std::time::Duration::from_secs(1)).await;
    /// assert_eq!(app.events().last().unwrap(), "restarting receive 1");
    /// # app.stop().await;
    /// # }
    /// ```
    #[track_caller]
    pub fn panic<U: 'static>(&self, unit: U, message: &str) {
        self.inject_fault(unit, || Some(Act::Panic(message.to_owned())));
    }

    /// Makes a unit hang from its next step on: it makes no progress and does not react when asked to stop.
    ///
    /// # Panics
    /// Panics if no registration matches, or if one is a `blocking` task.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// app.hang(receive);
    /// let report = app.stop().await;
    /// assert_eq!(report.exit_code(), 4, "it did not end within its grace period");
    /// # }
    /// ```
    #[track_caller]
    pub fn hang<U: 'static>(&self, unit: U) {
        self.inject_fault(unit, || Some(Act::Hang));
    }

    #[track_caller]
    fn inject_fault<U: 'static>(&self, unit: U, mut act: impl FnMut() -> Option<Act>) {
        let target = Target::of(unit);
        let (found, nearest) =
            self.app.hub().read(|facts| (target.find(&facts.registrations), target.nearest(&facts.registrations)));
        let help = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "name the function of a registered unit, or an instance".to_owned(),
        };
        assert!(!found.is_empty(), "`{}` is not registered in this app; {help}", target.name());
        let blocking = self
            .app
            .hub()
            .read(|facts| found.iter().any(|&index| facts.registrations.entries[index].unit.options.blocking));
        assert!(
            !blocking,
            "`{}` is a `blocking` task: it runs on its own thread and takes no steps; call its function directly, with `Shutdown::pair()`",
            target.name()
        );
        let has_ended =
            self.app.hub().read(|facts| found.iter().all(|&index| matches!(facts.status(index), Status::Ended(_))));
        assert!(!has_ended, "`{}` has ended, so it has no next step", target.name());
        let Some(faults) = self.app.shared().faults() else { return };
        for index in found {
            let Some(act) = act() else { return };
            faults.plan(u32::try_from(index).expect("fewer than 2^32 registrations"), act);
        }
    }

    /// Stops the app and returns the report.
    ///
    /// # Panics
    /// Panics if a unit could not be stopped, or if a task that was spawned while the app ran is still running.
    ///
    /// ```
    /// # use lifespan::testing::TestApp;
    /// # use lifespan::{Shutdown, lifespan_task};
    /// # #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    /// # async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> { shutdown.requested().await; Ok(()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let app = TestApp::new().with(receive).start().await;
    /// let report = app.stop().await;
    /// assert!(report.is_success());
    /// # }
    /// ```
    pub async fn stop(mut self) -> Report {
        let running = self.running.take().expect("it is taken here alone");
        let report = running.stop().await;
        settle().await;
        if self.real_time && !self.may_leave_tasks {
            wait_for_tasks(self.tasks).await;
        }
        let stuck: Vec<String> = report
            .units()
            .iter()
            .filter(|unit| matches!(unit.outcome, Outcome::NotYielding | Outcome::Starved))
            .map(|unit| format!("`{}`", unit.unit))
            .collect();
        assert!(stuck.is_empty(), "the app could not be stopped: {} still runs", stuck.join(", "));
        let left = alive_tasks().saturating_sub(self.tasks);
        assert!(
            left == 0 || self.may_leave_tasks,
            "{left} task{} spawned while {} ran and keep{} running after the stop; have the unit end what it spawns, or call \
             `TestApp::may_leave_tasks`",
            if left == 1 { " was" } else { "s were" },
            list(report.units().iter().map(|unit| unit.unit.name())),
            if left == 1 { "s" } else { "" },
        );
        report
    }
}

impl Drop for TestRun {
    fn drop(&mut self) {
        if self.running.is_none() || std::thread::panicking() {
            return;
        }
        let alive = self
            .app
            .events()
            .so_far()
            .units
            .iter()
            .filter(|(_, status)| matches!(status, Status::Starting | Status::Up | Status::Stopping))
            .map(|(unit, _)| unit.name())
            .collect::<Vec<_>>();
        if alive.is_empty() {
            return;
        }
        panic!("the test ends without `stop().await`, while {} still runs", list(alive));
    }
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
