//! The registrations of one app in registration order, and their names.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::app::options::FAR;
use crate::config::Policy;
use crate::schedule::{Line, Schedule};
use crate::text::line;
use crate::unit::{Argument, Descriptor, Kind, Location, Need, OnShutdown, Restart, When};

/// The moment at which a unit is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpWhen {
    /// At its first await: a task.
    Awaiting,
    /// When it reports so, with its `Scope` or its `Ready`, or has returned its resource.
    Said,
    /// When it has returned: a `once` task.
    Returned,
}

/// One instance of a unit that the app will run.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) unit: &'static Descriptor,
    /// Rarely used parts, boxed so that 100,000 registrations without them stay small.
    special: Option<Box<Special>>,
    /// The number among the instances of one unit, from 1.
    pub(crate) number: u32,
    /// A reload has removed it.
    pub(super) is_gone: bool,
    /// The place of the `register` call, if there was one.
    pub(crate) registered_at: Option<&'static std::panic::Location<'static>>,
}

#[derive(Clone, Default)]
struct Special {
    /// The name from `.named(…)`, from the `key` argument, or where the unit's own name is not unique.
    name: Option<Box<str>>,
    /// The unit's own name is not unique, and the registration has no other.
    is_distinguished: bool,
    /// The operator's overrides.
    policy: Policy,
    /// The resources that it needs beyond its unit's.
    needs: Box<[Need]>,
    /// The shutdown timeout, if nothing else sets one.
    shutdown_timeout: Option<Duration>,
    /// Set if the sources may complete the config given by code.
    layered: bool,
}

impl Entry {
    pub(crate) fn new(
        unit: &'static Descriptor,
        name: Option<Box<str>>,
        policy: Policy,
        registered_at: Option<&'static std::panic::Location<'static>>,
    ) -> Self {
        let special = (name.is_some() || policy != Policy::default())
            .then(|| Box::new(Special { name, policy, ..Special::default() }));
        Self { unit, special, number: 0, is_gone: false, registered_at }
    }

    /// Adds what the registration declares beyond its unit.
    pub(crate) fn specify(&mut self, needs: &[Need], shutdown_timeout: Option<Duration>, layered: bool) {
        let special = self.special.get_or_insert_default();
        special.needs = needs.into();
        special.shutdown_timeout = shutdown_timeout;
        special.layered = layered;
    }

    /// Returns the resources that it needs beyond its unit's.
    pub(crate) fn own_needs(&self) -> &[Need] {
        self.special.as_ref().map_or(&[], |special| &special.needs)
    }

    pub(crate) fn is_layered(&self) -> bool {
        self.special.as_ref().is_some_and(|special| special.layered)
    }

    /// Returns everything that it needs.
    pub(crate) fn all_needs(&self) -> impl Iterator<Item = Need> {
        self.unit.needs.iter().map(|need| need()).chain(self.own_needs().iter().copied())
    }

    /// Returns the types of the resources that it takes, without their module paths.
    pub(crate) fn need_names(&self) -> Vec<String> {
        names_of(self.all_needs())
    }

    /// Returns its own name, if it has one.
    pub(crate) fn given_name(&self) -> Option<&str> {
        self.special.as_ref()?.name.as_deref()
    }

    /// Returns its identity among all registrations, also those of later plans: its unit, and its name or its number
    /// among the instances.
    pub(super) fn identity(&self) -> (TypeId, Result<&str, u32>) {
        let own_name = self.special.as_ref().filter(|special| !special.is_distinguished);
        let name = own_name.and_then(|special| special.name.as_deref());
        ((self.unit.id)(), name.ok_or(self.number))
    }

    /// Returns whether only its unit's declaration determines how it runs.
    pub(crate) fn is_as_declared(&self) -> bool {
        self.special.is_none() && !self.is_gone
    }

    /// Returns how a task is stopped: as declared, or else by its kind and parameters.
    pub(crate) fn on_shutdown(&self) -> OnShutdown {
        let options = &self.unit.options;
        options.on_shutdown.unwrap_or_else(|| {
            if self.takes_shutdown() && !options.once {
                OnShutdown::Notify
            } else if options.once || options.blocking || options.schedule.is_some() {
                // A thread can't be dropped.
                OnShutdown::Finish
            } else {
                OnShutdown::Drop
            }
        })
    }

    pub(crate) fn startup_timeout(&self) -> Option<Duration> {
        let policy = self.special.as_ref().and_then(|special| special.policy.startup_timeout);
        policy.or(self.unit.options.startup_timeout).map(|limit| limit.min(FAR))
    }

    /// Returns its startup timeout, or this limit of the app; a `once` task has one only if it declares it.
    pub(crate) fn startup_limit(&self, of_app: Duration) -> Option<Duration> {
        self.startup_timeout().or((!self.unit.options.once).then_some(of_app))
    }

    pub(crate) fn shutdown_timeout(&self) -> Option<Duration> {
        let policy = self.special.as_ref().and_then(|special| special.policy.shutdown_timeout);
        let own = || self.special.as_ref().and_then(|special| special.shutdown_timeout);
        policy.or(self.unit.options.shutdown_timeout).or_else(own).map(|limit| limit.min(FAR))
    }

    /// Returns whether the app is not ready while this unit is not up or is recovering: as declared, or as the operator
    /// set it.
    pub(crate) fn is_required(&self) -> bool {
        self.unit.options.required || self.special.as_ref().is_some_and(|special| special.policy.required)
    }

    /// Returns its schedule: the operator's, or else the declared one; the error says why that can't be parsed.
    pub(crate) fn schedule(&self) -> Option<Result<Schedule<Line>, String>> {
        let policy = self.special.as_ref().and_then(|special| special.policy.schedule.as_deref());
        policy.cloned().map(Ok).or_else(|| self.unit.options.schedule.map(Schedule::read))
    }

    pub(crate) fn takes_shutdown(&self) -> bool {
        self.unit.needs.iter().any(|need| matches!(need(), Need::Shutdown))
    }

    /// Returns whether a return before it was asked to stop is worth a warning.
    pub(crate) fn should_be_told(&self) -> bool {
        let options = &self.unit.options;
        self.takes_shutdown() && !options.once && options.on_return.is_none() && options.schedule.is_none()
    }

    pub(crate) fn takes_ready(&self) -> bool {
        self.unit.needs.iter().any(|need| matches!(need(), Need::Ready))
    }

    pub(crate) fn up_when(&self) -> UpWhen {
        if self.is_context() || self.takes_ready() {
            UpWhen::Said
        } else if self.unit.options.once {
            UpWhen::Returned
        } else {
            UpWhen::Awaiting
        }
    }

    /// Returns its restart policy.
    pub(crate) fn restart(&self) -> Option<Restart> {
        let options = &self.unit.options;
        let of_group = || options.group.map(|_| Restart { when: When::Transient, ..Restart::DEFAULT });
        let declared = options.restart.or_else(of_group);
        let over = self.special.as_ref().and_then(|special| special.policy.restart.as_deref());
        over.map(|over| over.over(declared)).or(declared)
    }

    /// Returns the same, if it restarts within its own future, so that no other unit must stop for it: a task by
    /// itself.
    pub(crate) fn restart_in_place(&self) -> Option<Restart> {
        if self.is_context() || self.unit.options.group.is_some() { None } else { self.restart() }
    }

    /// Returns whether the operator enables restarts that its declaration does not.
    pub(crate) fn is_overridden_to_restart(&self) -> bool {
        let options = &self.unit.options;
        options.restart.is_none() && options.group.is_none() && self.restart().is_some()
    }

    pub(crate) fn restarts_in_place(&self) -> bool {
        self.restart_in_place().is_some()
    }

    /// Returns the argument because of which it can be started only once.
    pub(crate) fn cannot_be_cloned(&self) -> Option<&'static Argument> {
        self.unit.arguments.iter().find(|argument| !(argument.is_clone)())
    }

    pub(crate) fn is_context(&self) -> bool {
        self.unit.kind == Kind::Context
    }
}

/// All registrations.
pub(crate) struct Roster {
    /// In registration order, except after a reload: then each keeps its previous index, and removed registrations
    /// remain.
    pub(crate) entries: Box<[Entry]>,
    /// The indices of the running registrations, in registration order; `None` if these are all, in their order.
    listed: Option<Box<[u32]>>,
    /// The same value for all rosters of one run.
    run: u64,
}

impl Roster {
    pub(crate) fn new(mut entries: Vec<Entry>) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        distinguish(&mut entries);
        Self { entries: entries.into(), listed: None, run: RUNS.fetch_add(1, Ordering::Relaxed) }
    }

    /// Returns the next roster of the same run.
    pub(super) fn followed_by(&self, entries: Vec<Entry>, listed: Vec<u32>) -> Self {
        Self { entries: entries.into(), listed: Some(listed.into()), run: self.run }
    }

    /// Returns the indices of the registrations that run, in registration order.
    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        let all = if self.listed.is_none() { 0..self.entries.len() } else { 0..0 };
        all.chain(self.listed.iter().flatten().map(|&index| index as usize))
    }

    /// Returns whether the registration at this index runs.
    pub(crate) fn runs(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(|entry| !entry.is_gone)
    }

    /// Returns the registrations that run, in registration order.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Entry> {
        self.indices().map(|index| &self.entries[index])
    }

    pub(crate) fn list(self: &Arc<Self>) -> Vec<Registered> {
        self.indices().map(|index| self.get(index)).collect()
    }

    /// Returns the registrations that run, in registration order, and after them the removed ones.
    pub(crate) fn list_all(self: &Arc<Self>) -> Vec<Registered> {
        let mut all = self.list();
        if all.len() < self.entries.len() {
            let gone = (0..self.entries.len()).filter(|&index| !self.runs(index));
            all.extend(gone.map(|index| self.get(index)));
        }
        all
    }

    pub(crate) fn get(self: &Arc<Self>, index: usize) -> Registered {
        Registered { roster: Arc::clone(self), index: u32::try_from(index).expect("fewer than 2^32 registrations") }
    }

    pub(crate) fn name(&self, index: usize) -> Name<'_> {
        Name(&self.entries[index])
    }
}

/// Adds as much of the module path to units of the same short name as makes them unique.
fn distinguish(entries: &mut [Entry]) {
    let mut by_name: HashMap<&'static str, Vec<&'static Descriptor>> = HashMap::new();
    let mut last: Option<&'static Descriptor> = None;
    for entry in entries.iter().filter(|entry| entry.given_name().is_none()) {
        if last.is_some_and(|unit| unit.is(entry.unit)) {
            continue;
        }
        last = Some(entry.unit);
        let units = by_name.entry(entry.unit.name).or_default();
        if !units.iter().any(|unit| unit.is(entry.unit)) {
            units.push(entry.unit);
        }
    }
    by_name.retain(|_, units| units.len() > 1);
    for entry in entries.iter_mut().filter(|entry| entry.given_name().is_none()) {
        let Some(units) = by_name.get(entry.unit.name) else { continue };
        let label = shortest_distinct(entry.unit, units);
        let special = entry.special.get_or_insert_default();
        special.is_distinguished = true;
        special.name = Some(match entry.number {
            1 => label.into(),
            number => format!("{label}#{number}").into(),
        });
    }
}

fn shortest_distinct(unit: &Descriptor, among: &[&'static Descriptor]) -> String {
    let segments: Vec<&str> = unit.module.split("::").collect();
    let suffix = |module: &str, count: usize| {
        let segments: Vec<&str> = module.split("::").collect();
        segments[segments.len().saturating_sub(count)..].join("::")
    };
    for count in 1..=segments.len() {
        let own = suffix(unit.module, count);
        if !among.iter().any(|other| !other.is(unit) && suffix(other.module, count) == own) {
            return format!("{own}::{}", unit.name);
        }
    }
    format!("{}::{}", unit.module, unit.name)
}

/// The name of an instance, built when it is needed: 100,000 instances need no strings.
pub(crate) struct Name<'a>(&'a Entry);

impl<'a> Name<'a> {
    /// Returns the name as it was given.
    pub(crate) fn plain(&self) -> Cow<'a, str> {
        match (self.0.given_name(), self.0.number) {
            (Some(name), _) => Cow::Borrowed(name),
            (None, 1) => Cow::Borrowed(self.0.unit.name),
            (None, number) => Cow::Owned(format!("{}#{number}", self.0.unit.name)),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&line(&self.plain()))
    }
}

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
    pub(crate) roster: Arc<Roster>,
    pub(crate) index: u32,
}

impl Registered {
    fn entry(&self) -> &Entry {
        &self.roster.entries[self.index as usize]
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
        self.roster.name(self.index as usize).plain().into_owned()
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

pub(crate) fn needs(unit: &Descriptor) -> Vec<String> {
    names_of(unit.needs.iter().map(|need| need()))
}

fn names_of(needs: impl Iterator<Item = Need>) -> Vec<String> {
    let name = |need| match need {
        Need::Resource { ty, .. } | Need::Live(ty) => Some(short_type(ty.name)),
        _ => None,
    };
    needs.filter_map(name).collect()
}

/// Shortens a type's name: `alloc::vec::Vec<my_app::db::Row>` → `Vec<Row>`.
pub(crate) fn short_type(name: &str) -> String {
    // Braces and hashes are in the names of types declared in a function's body: `run::{{closure}}::Row`.
    let in_path = |c: char| c.is_alphanumeric() || "_:{}#".contains(c);
    let mut short = String::with_capacity(name.len());
    for part in name.split_inclusive(|c: char| !in_path(c)) {
        let (path, end) = match part.char_indices().last() {
            Some((at, c)) if !in_path(c) => part.split_at(at),
            _ => (part, ""),
        };
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        short.push_str(end);
    }
    short
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.roster.name(self.index as usize).fmt(f)
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
        self.index == other.index && self.roster.run == other.roster.run
    }
}

impl Eq for Registered {}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn a_type_name_loses_its_paths() {
        assert_eq!(short_type("alloc::vec::Vec<my_app::db::Row>"), "Vec<Row>");
        assert_eq!(short_type("app::run::{{closure}}::Row"), "Row");
        assert_eq!(short_type("dyn my_app::Store"), "dyn Store");
        assert_eq!(short_type("(u8, core::option::Option<a::B>)"), "(u8, Option<B>)");
    }
}
