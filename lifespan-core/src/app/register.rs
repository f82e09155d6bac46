//! `App::register` and the other calls that say before the launch what runs.

use std::fmt;
use std::panic::Location as Caller;
use std::sync::Arc;

use super::handle::App;
use super::register_error::RegisterError;
use crate::base::{Location, TypeInfo, short_type};
#[cfg(feature = "config")]
use crate::config::SetValue;
use crate::plan::{Draft, Given, Provided, Target, Wish};
use crate::signal::Resource;
use crate::unit::{Config, Descriptor};

impl App {
    /// Registers one instance of a unit, with the config struct generated from its keyword arguments.
    ///
    /// The first registration of a discovered unit takes the unit's place in the order. Further registrations are
    /// further instances, after all discovered units, in call order. The config given here is complete: neither the
    /// file nor the environment overrides it.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch, from any thread; nothing changes then.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(manual)]
    /// async fn probe(url: String) {
    ///     println!("asking {url}");
    /// }
    ///
    /// let app = App::empty();
    /// app.register(ProbeConfig { url: "https://example.org".to_owned() })?;
    /// app.register(ProbeConfig { url: "https://example.com".to_owned() })?;
    /// assert_eq!(app.registered()[1].name(), "probe#2");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn register<C: Config>(&self, config: C) -> Result<Registration, RegisterError> {
        let (unit, place) = (C::descriptor(), Caller::caller());
        self.edit(|draft, _| {
            let extras = config.extras();
            draft.given.push(Given { unit, name: None, place, config: Some(Box::new(config)), extras });
            Registration { app: self.clone(), unit, position: draft.given.len() - 1 }
        })
        .ok_or_else(|| RegisterError::Register { kind: unit.kind, unit: unit.name })
    }

    /// Sets an argument or a setting by its name, above the environment and the file: `app.set("tasks.poll.url", url)`.
    ///
    /// It is the layer for a command line. The value is read as the text of a variable is: by the argument's type. The
    /// names are those of the file, with dots between their parts: `tasks.<unit>.<argument>`, `lifespan.<setting>` and
    /// `lifespan.policy.<unit>.<setting>`. A later value replaces an earlier one.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. A name that nothing has, and a value that can't
    /// be read, are errors of the plan, with the place of this call.
    ///
    /// ```standalone_crate
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(once)]
    /// async fn greet(name: String) {
    ///     println!("Hello, {name}!");
    /// }
    ///
    /// let app = App::new();
    /// app.set("tasks.greet.name", std::env::args().nth(1).unwrap_or("you".to_owned()))?;
    /// app.set("lifespan.shutdown_timeout", "5s")?;
    /// # app.check()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "config")]
    #[track_caller]
    pub fn set(&self, key: impl Into<String>, value: impl fmt::Display) -> Result<(), RegisterError> {
        let (key, text, place) = (key.into(), value.to_string(), Location::caller().to_string());
        let late = RegisterError::Set { key: key.clone() };
        self.edit(|draft, _| draft.set.push(SetValue { key, text, place })).ok_or(late)
    }

    /// Excludes a discovered unit, named by its function, `app.skip(poll_updates)`, or by its name,
    /// `app.skip("poll_updates")`.
    ///
    /// Only the automatic registration is left out; `register` calls for the same unit remain.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. If there is no such unit, the plan has an
    /// error, with the nearest name.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(once)]
    /// async fn sweep() {}
    ///
    /// let app = App::new();
    /// app.skip(sweep)?;
    /// assert!(!app.registered().iter().any(|unit| unit.is(sweep)));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn skip<U: 'static>(&self, unit: U) -> Result<(), RegisterError> {
        self.wish(unit, Location::caller(), |draft| &mut draft.skipped, |unit| RegisterError::Skip { unit })
    }

    /// Runs only this unit and what it needs, for one command of a program: `app.only(migrate)`. Each call adds a unit,
    /// named by its function or its name.
    ///
    /// A unit needs the units whose resources it takes as [`Res`](crate::Res) or [`Live`](crate::Live), and those that it is
    /// `after`. Named and needed units run even if they are `manual`. No other unit runs, not even one that code registers.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. If there is no such unit, the plan has an
    /// error, with the nearest name.
    ///
    /// ```
    /// use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
    ///
    /// struct Pool;
    ///
    /// #[lifespan_context]
    /// async fn pool(scope: Scope<Pool>) {
    ///     scope.provide_until_shutdown(Pool).await;
    /// }
    ///
    /// #[lifespan_task]
    /// async fn work(pool: Res<Pool>, shutdown: Shutdown) {
    ///     shutdown.requested().await;
    /// }
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn migrate(pool: Res<Pool>) {}
    ///
    /// let app = App::new();
    /// app.only(migrate)?; // as the command line says
    /// let names: Vec<String> = app.registered().iter().map(|unit| unit.name()).collect();
    /// assert_eq!(names, ["pool", "migrate"]);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn only<U: 'static>(&self, unit: U) -> Result<(), RegisterError> {
        self.wish(unit, Location::caller(), |draft| &mut draft.only, |unit| RegisterError::Only { unit })
    }

    fn wish<U: 'static>(
        &self,
        unit: U,
        place: Location,
        list: fn(&mut Draft) -> &mut Vec<Wish>,
        late: fn(String) -> RegisterError,
    ) -> Result<(), RegisterError> {
        let target = Target::of(unit);
        let name = target.name().to_owned();
        self.edit(|draft, _| list(draft).push(Wish { target, place })).ok_or_else(|| late(name))
    }

    /// Provides a resource created by code: units take it as `Res<T>`. It lasts as long as the app and has no teardown;
    /// a second provider of the same type is an error of the plan.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then.
    ///
    /// ```
    /// use lifespan::{App, Res, lifespan_task};
    ///
    /// struct Pool;
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn query(pool: Res<Pool>) {}
    ///
    /// let app = App::empty();
    /// app.register(QueryConfig {})?;
    /// app.provide(Pool)?;
    /// assert!(app.check().is_ok());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) -> Result<(), RegisterError> {
        self.provide_shared(Arc::new(value))
    }

    /// Provides a shared value, such as a trait object, otherwise as [`provide`](Self::provide) does.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lifespan::{App, Res, lifespan_task};
    ///
    /// trait Store: Send + Sync {}
    /// struct Memory;
    /// impl Store for Memory {}
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn save(store: Res<dyn Store>) {}
    ///
    /// let app = App::empty();
    /// app.register(SaveConfig {})?;
    /// app.provide_shared::<dyn Store>(Arc::new(Memory))?;
    /// assert!(app.check().is_ok());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) -> Result<(), RegisterError> {
        let provided = Provided { ty: TypeInfo::of::<T>(), place: Location::caller() };
        self.put(|ty| RegisterError::Provide { ty }, provided, Resource::shared(value), |draft| &mut draft.provided)
    }

    /// Provides a resource instead of the context that would: the context is not started.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. If no context provides this type, the plan has
    /// an error.
    ///
    /// ```
    /// use lifespan::{App, Res, lifespan_context, lifespan_task};
    ///
    /// struct Rate(f64);
    ///
    /// #[lifespan_context(manual)]
    /// async fn rate() -> Rate {
    ///     Rate(1.25)
    /// }
    ///
    /// #[lifespan_task(manual, once)]
    /// async fn convert(rate: Res<Rate>) {
    ///     println!("{}", rate.0);
    /// }
    ///
    /// let app = App::empty();
    /// app.register(RateConfig {})?;
    /// app.register(ConvertConfig {})?;
    /// app.replace(Rate(1.0))?;
    /// let plan = app.check().expect("the plan is valid");
    /// assert_eq!(plan.registered().len(), 1, "only `convert` runs");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn replace<T: Send + Sync + 'static>(&self, value: T) -> Result<(), RegisterError> {
        self.replace_shared(Arc::new(value))
    }

    /// Provides a shared value, such as a trait object, otherwise as [`replace`](Self::replace) does.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lifespan::{App, lifespan_context};
    ///
    /// #[lifespan_context(manual)]
    /// async fn rate() -> f64 {
    ///     1.25
    /// }
    ///
    /// let app = App::empty();
    /// app.register(RateConfig {})?;
    /// let fixed = Arc::new(1.0);
    /// app.replace_shared(Arc::clone(&fixed))?;
    /// assert_eq!(app.resource::<f64>().as_deref(), Some(&1.0));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[track_caller]
    pub fn replace_shared<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) -> Result<(), RegisterError> {
        let provided = Provided { ty: TypeInfo::of::<T>(), place: Location::caller() };
        self.put(|ty| RegisterError::Replace { ty }, provided, Resource::shared(value), |draft| &mut draft.replaced)
    }

    fn put(
        &self,
        late: fn(String) -> RegisterError,
        provided: Provided,
        resource: Resource,
        list: impl FnOnce(&mut Draft) -> &mut Vec<Provided>,
    ) -> Result<(), RegisterError> {
        let name = short_type(provided.ty.name);
        self.edit(|draft, _| {
            list(draft).push(provided);
            self.shared().resources().put(resource);
        })
        .ok_or_else(|| late(name))
    }
}

/// A registration that was just made.
///
/// ```
/// use lifespan::{App, lifespan_task};
///
/// #[lifespan_task(manual, once)]
/// async fn count(from: u32) {}
///
/// let app = App::empty();
/// let registration = app.register(CountConfig { from: 7 })?;
/// registration.named("count_high")?;
/// assert_eq!(app.registered()[0].name(), "count_high");
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
pub struct Registration {
    app: App,
    unit: &'static Descriptor,
    position: usize,
}

impl Registration {
    /// Names the instance instead of numbering it: in the plan, the log and the report.
    ///
    /// # Errors
    /// Returns [`RegisterError`] after the launch; nothing changes then. Two instances with one name are an error of
    /// the plan.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual, once)] async fn count(from: u32) {}
    /// let app = App::empty();
    /// app.register(CountConfig { from: 1 })?.named("count_low")?;
    /// app.register(CountConfig { from: 7 })?.named("count_high")?;
    /// assert_eq!(app.registered()[1].name(), "count_high");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    pub fn named(self, name: impl Into<String>) -> Result<Self, RegisterError> {
        let name = name.into();
        let position = self.position;
        match self.app.edit(|draft, _| draft.given[position].name = Some(name.as_str().into())) {
            Some(()) => Ok(self),
            None => Err(RegisterError::Name { kind: self.unit.kind, unit: self.unit.name, name }),
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registration").field(&self.unit.name).finish()
    }
}
