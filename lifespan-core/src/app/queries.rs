//! Questions to an app: its plan, its registrations, its state and its events.

use std::future::Future;

use super::handle::App;
use super::stage::Asked;
use crate::facts::{Events, State};
use crate::inject::Res;
use crate::plan::{LineUp, Plan, PlanError, Prepared, Profiles, Registered};
use crate::signal::StopSignal;
use crate::unit::registry;

impl App {
    /// Checks the plan without running any unit: returns it, or everything that is wrong with it.
    ///
    /// Default expressions and `Deserialize` implementations do run.
    ///
    /// # Errors
    /// Returns [`PlanError`] with every problem.
    ///
    /// ```
    /// use lifespan::{App, ProblemKind, Res, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn query(pool: Res<String>) {}
    ///
    /// let app = App::empty();
    /// app.register(QueryConfig {})?;
    /// let error = app.check().unwrap_err();
    /// assert_eq!(error.problems()[0].kind(), ProblemKind::MissingProvider);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    pub fn check(&self) -> Result<Plan, PlanError> {
        let Some(taken) = self.inner.stage.take() else {
            return Err(PlanError { problems: vec![self.not_new("check")] });
        };
        match Prepared::new(&taken.asked().draft, &taken.asked().options) {
            Ok(Prepared { mut plan, .. }) => {
                plan.wall_clock = taken.asked().options.wall_clock;
                Ok(plan)
            }
            Err(problems) => Err(PlanError { problems }),
        }
    }

    /// Returns the registrations of this app, in registration order. Before the launch, those that it would run now.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn count(from: u32) {}
    ///
    /// let app = App::empty();
    /// app.register(CountConfig { from: 1 })?;
    /// app.register(CountConfig { from: 7 })?.named("high")?;
    /// let names: Vec<String> = app.registered().iter().map(|unit| unit.name()).collect();
    /// assert_eq!(names, ["count", "high"]);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn registered(&self) -> Vec<Registered> {
        let Some(taken) = self.inner.stage.take() else {
            return self.launched().map(|registrations| registrations.list()).unwrap_or_default();
        };
        let Asked { draft, options } = taken.asked();
        // Problems are reported by `check` and `launch`.
        let mut problems = Vec::new();
        let linked = registry::linked();
        let sources = draft.read_sources(&linked, &mut problems);
        let settings = sources.as_ref().map(|sources| sources.settings(&mut problems)).unwrap_or_default();
        let profiles = Profiles::new(options, &settings);
        LineUp::new(draft, &profiles, &linked, sources.as_ref(), &mut problems).registrations.list()
    }

    /// Returns a resource that is provided right now, for code outside units.
    ///
    /// ```
    /// let app = lifespan::App::empty();
    /// app.provide("a setting".to_owned())?;
    /// assert_eq!(app.resource::<String>().unwrap().as_str(), "a setting");
    /// assert!(app.resource::<u32>().is_none());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn resource<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Res<T>> {
        self.shared().resources().get::<T>().map(Res::from_arc)
    }

    /// Returns the state of the app.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// # use lifespan::State;
    /// assert_eq!(app.state(), State::New);
    /// let running = app.start().await?;
    /// assert_eq!(app.state(), State::Up);
    /// running.stop().await;
    /// assert_eq!(app.state(), State::Stopped);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        self.shared().state()
    }

    /// Waits until every unit is up, for code outside the run; may be called before the launch. Returns `false` if that
    /// will never happen: the launch was refused, the startup failed, or shutdown was requested first. Cancel safe.
    ///
    /// # Panics
    /// Panics in a unit for which the app waits before it is up: in a context before it has provided, in a `once` task,
    /// in a task before it has used its `Ready`, and in their children. The unit then fails with an error that explains
    /// this.
    ///
    /// ```
    /// use lifespan::{App, Shutdown, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn serve(shutdown: Shutdown) {
    ///     shutdown.requested().await;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
    /// let app = App::empty();
    /// app.register(ServeConfig {})?;
    /// let run = tokio::spawn(app.launch());
    /// assert!(app.when_up().await);
    /// app.shutdown();
    /// assert!(run.await.unwrap().is_success());
    /// # Ok(()) }
    /// ```
    pub fn when_up(&self) -> impl Future<Output = bool> + Send + use<> {
        let app = self.clone();
        async move {
            if let Some(why) = app.waits_in_vain().await {
                // The panic hook would only report this place.
                std::panic::resume_unwind(Box::new(why));
            }
            app.hub().wait_until_up().await
        }
    }

    /// Returns why the unit that this thread is running can't wait for the app to be up, if it can't.
    async fn waits_in_vain(&self) -> Option<String> {
        let (index, here) = self.shared().unit_here()?;
        loop {
            let unit = self
                .hub()
                .read(|facts| facts.is_awaited(index as usize).then(|| facts.registrations.get(index as usize)))?;
            // Before its next await, the unit may come up while another thread runs its child.
            let may_come_up =
                self.shared().stop_signal(index).is_some_and(StopSignal::is_polled) && !here.is_own_body();
            if !may_come_up {
                if self.shared().stop_signal(index).is_some_and(StopSignal::has_reported_up) {
                    return None;
                }
                return Some(format!(
                    "deadlock: `app.when_up()` waits for {} `{unit}`, which is not up yet; call it after the unit is \
                     up, or in another unit",
                    unit.kind()
                ));
            }
            tokio::task::yield_now().await;
        }
    }

    /// Returns the present state, then every event.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let mut events = app.events();
    /// let running = app.start().await?;
    /// assert!(running.stop().await.is_success());
    /// let mut texts = Vec::new();
    /// while let Some(event) = events.next().await {
    ///     texts.push(event.to_string());
    /// }
    /// assert_eq!(texts[..4], ["launched 1", "starting serve", "up serve", "app up"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn events(&self) -> Events {
        let mut events = self.hub().events();
        let so_far = &mut events.so_far;
        so_far.state = self.state();
        so_far.ready &= so_far.state == State::Up;
        so_far.degraded &= so_far.state == State::Up;
        events
    }
}
