//! The requests that code makes before the launch, and their merge with the discovered units and the file.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::edges::{Provided, provides};
use super::registrations::Registrations;
use crate::base::{Location, Problem, ProblemKind, unwind};
use crate::config::{Binder, Bound, Fingerprints, Policy, Sources, Tables, UnitNames};
use crate::declare::Kind;
use crate::plan::plan::Plan;
use crate::plan::registration::Entry;
use crate::unit::{Descriptor, Layered, Layers, Linked, RegistrationExtras};

/// A `register` call.
pub(crate) struct Given {
    pub(crate) unit: &'static Descriptor,
    pub(crate) name: Option<Box<str>>,
    pub(crate) place: &'static std::panic::Location<'static>,
    /// Taken at the launch.
    pub(crate) config: Option<Box<dyn Any + Send>>,
    pub(crate) extras: Option<Box<RegistrationExtras>>,
}

/// The requests that code makes before the launch.
#[derive(Default)]
pub(crate) struct Draft {
    /// Set if discovered units register automatically and sources are read.
    pub(crate) automatic: bool,
    /// The only units that register automatically, whatever they declare, and without sources.
    pub(crate) chosen: Option<HashSet<TypeId>>,
    pub(crate) given: Vec<Given>,
    pub(crate) skipped: Vec<(TypeId, &'static str, Location)>,
    pub(crate) provided: Vec<Provided>,
    /// Provided instead of a context.
    pub(crate) replaced: Vec<Provided>,
}

/// The origin of a registration's config.
pub(crate) enum ConfigFrom {
    /// The `register` call at this position.
    Given(usize),
    /// The sources; `None` if binding failed.
    Sources(Option<Box<dyn Any + Send>>),
}

/// All registrations with their configs, in registration order.
pub(crate) struct LineUp {
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) configs: Vec<ConfigFrom>,
    /// The sources' values for each registration; empty if no sources are read.
    pub(crate) fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// Warnings, logged when the run begins: what is odd, but allowed.
    pub(crate) warnings: Vec<Problem>,
}

impl Draft {
    /// Merges, names and binds; reports every problem.
    pub(crate) fn line_up(&self, linked: &Linked, sources: Option<&Sources>, problems: &mut Vec<Problem>) -> LineUp {
        let names = UnitNames::new(linked.units.iter().map(|unit| &unit.info));
        let mut line = Line {
            draft: self,
            sources,
            names: &names,
            problems,
            entries: Vec::with_capacity(self.given.len()),
            configs: Vec::with_capacity(self.given.len()),
            fingerprints: Vec::new(),
            off: Vec::new(),
        };
        if self.automatic || self.chosen.is_some() {
            for unit in &linked.units {
                line.automatic(unit, self.registers_itself(unit, linked));
            }
        }
        for position in 0..self.given.len() {
            if !line.keeps_automatic_place(position, linked) {
                line.given(position);
            }
        }
        let (entries, configs, fingerprints, off) = (line.entries, line.configs, line.fingerprints, line.off);
        let entries = number(entries);
        let registrations = Arc::new(Registrations::new(entries));
        let mut warnings = Vec::new();
        if let Some(sources) = sources {
            let labels: Vec<Cow<'_, str>> =
                (0..registrations.entries.len()).map(|index| registrations.name(index).plain()).collect();
            let bound: Vec<Bound<'_>> = registrations
                .entries
                .iter()
                .zip(&labels)
                .map(|(entry, name)| Bound {
                    unit: entry.unit,
                    name,
                    registered: entry.registered_at.filter(|_| !entry.is_layered()).map(Location::from),
                })
                .chain(off.iter().map(|(unit, name)| Bound { unit, name, registered: None }))
                .collect();
            warnings = sources.check_unknown(&names, &bound, problems);
        }
        LineUp { registrations, configs, fingerprints, warnings }
    }

    /// Returns whether a unit registers automatically.
    fn registers_itself(&self, unit: &Descriptor, linked: &Linked) -> bool {
        match &self.chosen {
            Some(chosen) => chosen.contains(&(unit.id)()),
            None => self.automatic && linked.is_automatic(unit) && !unit.options.manual,
        }
    }

    /// Reports wrong uses of `skip` and `replace`.
    pub(crate) fn check(&self, linked: &Linked, registrations: &Registrations, problems: &mut Vec<Problem>) {
        for (id, name, place) in &self.skipped {
            if !linked.units.iter().any(|unit| (unit.id)() == *id) {
                problems.push(
                    Problem::new(ProblemKind::NotAUnit, format!("`app.skip` names `{name}`, which is not a unit"))
                        .at(place)
                        .help("name a function annotated with `#[lifespan_task]` or `#[lifespan_context]`"),
                );
            }
        }
        for replacement in &self.replaced {
            let replaces = |unit: &'static Descriptor| provides(unit).is_some_and(|ty| ty.id == replacement.ty.id);
            if !linked.units.iter().any(|unit| unit.kind == Kind::Context && replaces(unit)) {
                let name = crate::base::short_type(replacement.ty.name);
                problems.push(
                    Problem::new(
                        ProblemKind::NotAUnit,
                        format!("`app.replace` gives a `{name}`, but no context provides one"),
                    )
                    .at(replacement.place)
                    .help("use `app.provide` for a resource that has no context"),
                );
            }
        }
        // If a file can't be read, it may have registered something, so nothing is known to be missing.
        let is_readable = !problems.iter().any(|problem| problem.kind() == ProblemKind::Source);
        if registrations.entries.is_empty() && is_readable {
            problems.push(self.nothing_registered(linked));
        }
    }

    fn nothing_registered(&self, linked: &Linked) -> Problem {
        let problem = Problem::new(ProblemKind::NothingRegistered, "nothing is registered");
        let elsewhere: Vec<String> = linked
            .units
            .iter()
            .filter(|unit| !linked.is_automatic(unit))
            .map(|unit| format!("`{}::{}`", unit.crate_name(), unit.name))
            .collect();
        if !self.automatic {
            return problem.help("`App::empty()` registers nothing by itself: call `app.register(…)`");
        }
        if !elsewhere.is_empty() {
            return problem.help(format!(
                "these units are linked, but their crates are not named in `discover!`: {}; add `link the_crate;`",
                elsewhere.join(", ")
            ));
        }
        if !linked.units.is_empty() {
            return problem.help(
                "every discovered unit is `manual`, skipped, replaced or disabled: pass a config to \
                 `app.register(…)`, or give a `manual` one its table, `[tasks.…]`; units of a library need \
                 `lifespan::discover! { pub fn lifespan_tasks(); link that_library; }`",
            );
        }
        problem.help(
            "annotate a function with `#[lifespan_task]` or `#[lifespan_context]`; the linker drops a crate that nothing \
             names, so units of a library need `lifespan::discover! { pub fn lifespan_tasks(); link that_library; }`",
        )
    }

    /// Sorts the registrations.
    pub(crate) fn plan(
        &self,
        registrations: &Arc<Registrations>,
        linked: &Linked,
        problems: &mut Vec<Problem>,
    ) -> Option<Plan> {
        let provided: Vec<&Provided> = self.provided.iter().chain(&self.replaced).collect();
        Plan::new(Arc::clone(registrations), &provided, &linked.units, problems)
    }
}

/// Counts the instances of each unit.
fn number(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut counts: BTreeMap<*const Descriptor, u32> = BTreeMap::new();
    // Instances of one unit are mostly adjacent.
    for instances in entries.chunk_by_mut(|one, next| std::ptr::eq(one.unit, next.unit)) {
        let count = counts.entry(std::ptr::from_ref(instances[0].unit)).or_default();
        for instance in instances {
            *count += 1;
            instance.number = *count;
        }
    }
    entries
}

struct Line<'a> {
    draft: &'a Draft,
    sources: Option<&'a Sources>,
    names: &'a UnitNames,
    problems: &'a mut Vec<Problem>,
    entries: Vec<Entry>,
    configs: Vec<ConfigFrom>,
    fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// Removes instances that the operator has disabled by name.
    off: Vec<(&'static Descriptor, Box<str>)>,
}

impl Line<'_> {
    /// Adds a discovered unit: its first explicit registration takes its place; without one it registers automatically,
    /// once for each table of the file.
    fn automatic(&mut self, unit: &'static Descriptor, registers_itself: bool) {
        let id = (unit.id)();
        if self.is_replaced(unit) {
            return;
        }
        if registers_itself {
            if let Some(position) = self.draft.given.iter().position(|given| given.unit.is(unit)) {
                return self.given(position);
            }
        } else if self.draft.given.iter().any(|given| given.unit.is(unit)) {
            return;
        }
        let policy = self.policy(unit, unit.name);
        if self.draft.skipped.iter().any(|(skipped, ..)| *skipped == id)
            || policy.as_ref().and_then(|policy| policy.enabled) == Some(false)
        {
            return;
        }
        let tables = self.sources.map_or(Tables::None, |sources| sources.tables_for(unit, self.names));
        match tables {
            Tables::None if !registers_itself => {}
            Tables::Many(count) if unit.kind == Kind::Task => {
                for instance in 0..count {
                    self.bound(unit, Some(instance));
                }
            }
            Tables::None | Tables::One | Tables::Many(_) => self.bound(unit, None),
        }
    }

    fn is_replaced(&self, unit: &Descriptor) -> bool {
        unit.kind == Kind::Context
            && !self.draft.replaced.is_empty()
            && provides(unit).is_some_and(|ty| self.draft.replaced.iter().any(|replaced| replaced.ty.id == ty.id))
    }

    /// Returns whether the unit has a `register` call in its place.
    fn keeps_automatic_place(&self, position: usize, linked: &Linked) -> bool {
        let unit = self.draft.given[position].unit;
        if self.is_replaced(unit) {
            return true;
        }
        self.draft.registers_itself(unit, linked)
            && !self.draft.given[..position].iter().rev().any(|given| given.unit.is(unit))
    }

    fn given(&mut self, position: usize) {
        let given = &self.draft.given[position];
        let name = given.name.clone().or_else(|| {
            let config = given.config.as_ref()?;
            key_name(given.unit, &**config, self.problems)
        });
        if self.is_switched_off(given.unit, name.as_deref()) {
            return;
        }
        self.push(given.unit, name, Some(given.place));
        let Some(extras) = &given.extras else {
            self.fingerprint(Fingerprints::default);
            return self.configs.push(ConfigFrom::Given(position));
        };
        let mut fingerprints = Fingerprints::default();
        let layered = extras.layers.map(|layers| self.layered(position, layers, &mut fingerprints));
        self.fingerprint(|| fingerprints);
        let (config, limit) = match layered {
            None => (ConfigFrom::Given(position), None),
            Some(None) => (ConfigFrom::Sources(None), None),
            Some(Some(Layered { config, shutdown_timeout })) => (ConfigFrom::Sources(Some(config)), shutdown_timeout),
        };
        if let Some(entry) = self.entries.last_mut() {
            entry.specify(&extras.needs, limit, extras.layers.is_some());
        }
        self.configs.push(config);
    }

    /// Returns the config from code, completed with the sources' values for what it leaves open; `None` if those are
    /// wrong.
    fn layered(&mut self, position: usize, layers: Layers, fingerprints: &mut Fingerprints) -> Option<Layered> {
        let given = &self.draft.given[position];
        let none = Sources::none();
        let sources = self.sources.unwrap_or(&none);
        let count = |calls: &[Given]| calls.iter().filter(|call| call.unit.is(given.unit)).count();
        let instance = match sources.tables_for(given.unit, self.names) {
            Tables::None | Tables::One => None,
            // Each registration has its own.
            Tables::Many(tables) => {
                let (before, all) = (count(&self.draft.given[..position]), count(&self.draft.given));
                if before == 0 && all != tables {
                    let name = self.names.address(given.unit);
                    let what = format!(
                        "`[[tasks.{name}]]` has {tables} tables, but code registers {all} instances of `{name}`"
                    );
                    let help =
                        "write one table for each `register` call, in the same order, or one `[tasks.…]` for all";
                    self.problems.push(Problem::new(ProblemKind::Conflict, what).at(given.place).help(help));
                }
                Some(before)
            }
        };
        let mut binder = Binder::new(sources, self.names, given.unit, instance, self.problems);
        let layered = layers(given.config.as_deref()?, &mut binder);
        *fingerprints = binder.into_fingerprints();
        layered
    }

    fn bound(&mut self, unit: &'static Descriptor, instance: Option<usize>) {
        let none = Sources::none();
        let sources = self.sources.unwrap_or(&none);
        let mut binder = Binder::new(sources, self.names, unit, instance, self.problems);
        let config = (unit.bind)(&mut binder);
        let fingerprints = binder.into_fingerprints();
        let name = config.as_ref().and_then(|config| key_name(unit, &**config, self.problems));
        if self.is_switched_off(unit, name.as_deref()) {
            return;
        }
        self.push(unit, name, None);
        self.fingerprint(|| fingerprints);
        self.configs.push(ConfigFrom::Sources(config));
    }

    /// Stores the sources' values for the last of the registrations.
    fn fingerprint(&mut self, fingerprints: impl FnOnce() -> Fingerprints) {
        let (Some(sources), Some(entry)) = (self.sources, self.entries.last()) else { return };
        let mut fingerprints = fingerprints();
        fingerprints.policy =
            sources.policy_fingerprints(self.names, entry.unit, entry.given_name().unwrap_or(entry.unit.name));
        let is_any =
            fingerprints.table.is_some() || !fingerprints.arguments.is_empty() || !fingerprints.policy.is_empty();
        self.fingerprints.push(is_any.then(|| Box::new(fingerprints)));
    }

    fn push(
        &mut self,
        unit: &'static Descriptor,
        name: Option<Box<str>>,
        place: Option<&'static std::panic::Location<'static>>,
    ) {
        let policy = self.policy(unit, name.as_deref().unwrap_or(unit.name)).unwrap_or_default();
        self.entries.push(Entry::new(unit, name, policy, place));
    }

    /// Returns whether the operator has disabled the unit, or this instance of it.
    fn is_switched_off(&mut self, unit: &'static Descriptor, name: Option<&str>) -> bool {
        let off = self.policy(unit, name.unwrap_or(unit.name)).is_some_and(|policy| policy.enabled == Some(false));
        if let (true, Some(name)) = (off, name) {
            self.off.push((unit, name.into()));
        }
        off
    }

    fn policy(&mut self, unit: &'static Descriptor, name: &str) -> Option<Policy> {
        self.sources.map(|sources| sources.policy(self.names, unit, name, self.problems))
    }
}

/// Returns the instance's name from its `key` argument. Its `Display` is user code.
fn key_name(unit: &Descriptor, config: &(dyn Any + Send), problems: &mut Vec<Problem>) -> Option<Box<str>> {
    let key = unit.key?;
    let Ok(key) = unwind::catch(|| key(config)) else {
        let what = format!("the key of {} `{}` panics when it is displayed", unit.kind, unit.name);
        problems.push(Problem::new(ProblemKind::Declaration, what).at(unit.location()).help("correct its `Display`"));
        return None;
    };
    Some(format!("{}[{}]", unit.name, key?).into())
}
