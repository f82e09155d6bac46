//! A registration: the type for users.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::registration::Entry;
use super::registrations::Registrations;
use crate::base::Location;
use crate::declare::Kind;

/// A registration: one instance of a unit that this app runs, as [`App::registered`](crate::App::registered) and
/// events list it.
///
/// ```
/// # use lifespan::{App, lifespan_task};
/// # /// Asks a site.
/// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
/// # let app = App::empty();
/// # app.register(ProbeConfig { site: "home".to_owned() })?;
/// let unit = &app.registered()[0];
/// println!("{} {unit} at {}", unit.kind(), unit.location());
/// assert_eq!(unit.name(), "probe[home]");
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
#[derive(Clone)]
pub struct Registered {
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) index: u32,
}

impl Registered {
    fn entry(&self) -> &Entry {
        &self.registrations.entries[self.index as usize]
    }

    /// Returns the instance's name: the one given by `.named(…)` or its key argument, or else the unit's name, with a
    /// number from the second instance on (`probe#2`).
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// assert_eq!(unit.name(), "probe[home]");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> String {
        self.registrations.name(self.index as usize).plain().into_owned()
    }

    /// Returns whether it is an instance of that unit, named by its function.
    ///
    /// ```
    /// use lifespan::{App, lifespan_task};
    ///
    /// #[lifespan_task(once, manual)]
    /// async fn probe(#[config(key)] site: String) {}
    ///
    /// let app = App::empty();
    /// app.register(ProbeConfig { site: "home".into() })?;
    /// let first = &app.registered()[0];
    /// assert!(first.is(probe));
    /// assert_eq!((first.name().as_str(), first.key()), ("probe[home]", Some("home")));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a function item is its own name, and nothing to lend")]
    pub fn is<U: 'static>(&self, unit: U) -> bool {
        (self.entry().unit.id)() == unit.type_id()
    }

    /// Returns the text of its `#[config(key)]` argument, if that names it.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// assert_eq!(unit.key(), Some("home"));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        let (entry, unit) = (self.entry(), self.entry().unit);
        unit.key?;
        entry.given_name()?.strip_prefix(unit.name)?.strip_prefix('[')?.strip_suffix(']')
    }

    /// Returns the kind: task or context.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// assert_eq!(unit.kind(), lifespan::Kind::Task);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.entry().unit.kind
    }

    /// Returns whether it runs on its own thread.
    pub(crate) fn is_blocking(&self) -> bool {
        self.entry().unit.options.blocking
    }

    /// Returns the place of the annotated function.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// println!("declared at {}", unit.location());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn location(&self) -> Location {
        self.entry().unit.location()
    }

    /// Returns the place at which code registered it, if code did.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// assert!(unit.registered_at().is_some(), "code registered it");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn registered_at(&self) -> Option<Location> {
        self.entry().registered_at.map(Location::from)
    }

    /// Returns why it runs, as a clause for people.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// println!("{unit} runs because {}", unit.why());
    /// assert!(unit.why().starts_with("code registers it at "));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn why(&self) -> String {
        self.registrations.why(self.index as usize).to_string()
    }

    /// Returns the function's doc comment.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// assert_eq!(unit.docs(), "Asks a site.");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn docs(&self) -> &'static str {
        self.entry().unit.docs
    }

    /// Returns the types of the resources that it takes, without their module paths.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # /// Asks a site.
    /// # #[lifespan_task(manual)] async fn probe(#[config(key)] site: String) {}
    /// # let app = App::empty();
    /// # app.register(ProbeConfig { site: "home".to_owned() })?;
    /// let unit = &app.registered()[0];
    /// assert!(unit.needs().is_empty());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn needs(&self) -> Vec<String> {
        self.entry().need_names()
    }
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.registrations.name(self.index as usize).fmt(f)
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{self}`", self.kind())
    }
}

impl PartialEq for Registered {
    /// Returns whether both are the same registration of the same run.
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.registrations.run == other.registrations.run
    }
}

impl Eq for Registered {}

impl Registrations {
    pub(crate) fn list(self: &Arc<Self>) -> Vec<Registered> {
        self.indices().map(|index| self.get(index)).collect()
    }

    /// Returns the registrations that run, in registration order, and after them the removed ones.
    pub(crate) fn list_all(self: &Arc<Self>) -> impl Iterator<Item = Registered> {
        let removed = (0..self.entries.len()).filter(|&index| !self.runs(index));
        self.indices().chain(removed).map(|index| self.get(index))
    }

    pub(crate) fn get(self: &Arc<Self>, index: usize) -> Registered {
        Registered {
            registrations: Arc::clone(self),
            index: u32::try_from(index).expect("fewer than 2^32 registrations"),
        }
    }
}
