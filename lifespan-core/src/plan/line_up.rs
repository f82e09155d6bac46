//! Merges what code asked for with the discovered units and the file: all registrations, with their configs.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::choice::Choice;
use super::draft::{Draft, Given};
use super::left_out::LeftOut;
use super::profiles::Profiles;
use super::registrations::Registrations;
use super::why::WhyNot;
use super::wishes::Wishes;
use crate::base::{Location, Problem, ProblemKind, unwind};
use crate::config::{Binder, Bound, Fingerprints, Policy, Sources, Tables, UnitNames, full_name};
use crate::declare::Kind;
use crate::plan::registration::Entry;
use crate::unit::{Descriptor, Layered, Layers, Linked};

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

impl LineUp {
    /// Merges, names and binds; reports every problem.
    pub(crate) fn new(
        draft: &Draft,
        profiles: &Profiles,
        linked: &Linked,
        sources: Option<&Sources>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let names = linked.names();
        let mut line = Line {
            draft,
            wishes: Wishes::new(draft, profiles, linked, sources, &names, problems),
            sources,
            names: &names,
            problems,
            choice: Choice::new(draft.remedies()),
            warnings: Vec::new(),
            entries: Vec::with_capacity(draft.given.len()),
            configs: Vec::with_capacity(draft.given.len()),
            fingerprints: Vec::new(),
            off: Vec::new(),
        };
        for unit in &linked.units {
            line.unit(unit);
        }
        for position in 0..draft.given.len() {
            if !line.is_done(position) {
                line.given(position);
            }
        }
        line.warn_of_unlinked();
        let Line { entries, configs, fingerprints, off, choice, mut warnings, .. } = line;
        let entries = number(entries);
        let registrations = Arc::new(Registrations::new(entries, choice));
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
            warnings.extend(sources.check_unknown(&names, &bound, problems));
        }
        Self { registrations, configs, fingerprints, warnings }
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
    wishes: Wishes<'a>,
    sources: Option<&'a Sources>,
    names: &'a UnitNames,
    problems: &'a mut Vec<Problem>,
    choice: Choice,
    warnings: Vec<Problem>,
    entries: Vec<Entry>,
    configs: Vec<ConfigFrom>,
    fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// The instances that the operator has disabled by name.
    off: Vec<(&'static Descriptor, Box<str>)>,
}

impl Line<'_> {
    /// Adds a discovered unit, if it runs: its first explicit registration takes its place; without one it registers
    /// automatically, once for each table of the file.
    fn unit(&mut self, unit: &'static Descriptor) {
        if let Some(why) = self.wishes.barred(unit) {
            return self.leave_out(unit, why);
        }
        if let Some(position) = self.draft.given.iter().position(|given| given.unit.is(unit)) {
            if self.wishes.keeps_its_place(unit) {
                self.given(position);
            }
            return;
        }
        let enabled = self.policy(unit, unit.name).and_then(|policy| policy.enabled);
        let tables = self.sources.map_or(Tables::None, |sources| sources.tables_for(unit, self.names));
        match self.wishes.choose(unit, enabled) {
            Err(why) => {
                if why == WhyNot::Manual {
                    self.warn_of_table(unit);
                }
                return self.leave_out(unit, why);
            }
            Ok(why) => self.choice.runs(unit, why),
        }
        match tables {
            Tables::Many(count) if unit.kind == Kind::Task || unit.options.configured => {
                for instance in 0..count {
                    self.bound(unit, Some(instance));
                }
            }
            Tables::None | Tables::One | Tables::Many(_) => self.bound(unit, None),
        }
    }

    fn leave_out(&mut self, unit: &'static Descriptor, why: WhyNot) {
        let mut may_provide = why != WhyNot::Disabled && self.wishes.may_run(unit);
        if may_provide && why == WhyNot::NotInOnly {
            may_provide = self.policy(unit, unit.name).and_then(|policy| policy.enabled) != Some(false);
        }
        let address = self.names.address(unit);
        self.choice.leaves_out(LeftOut { unit, address, why, may_provide });
    }

    /// Warns of units that `discover!` leaves out.
    fn warn_of_unlinked(&mut self) {
        let left_out: Vec<&LeftOut> = self.choice.left_out().filter(|unit| unit.why == WhyNot::NotLinked).collect();
        let Some(first) = left_out.first() else { return };
        let (first, crate_name) = (full_name(first.unit), first.unit.crate_name());
        let all: Vec<String> = left_out.iter().map(|unit| format!("`{}`", full_name(unit.unit))).collect();
        let what = format!("linked, but left out by `discover!`: {}", all.join(", "));
        let mut warning = Problem::new(ProblemKind::NotDiscovered, what);
        for unit in &left_out {
            warning = warning.at(unit.unit.location());
        }
        let help =
            format!("add `link {crate_name};` to it, or exclude units that must not run: `app.skip(\"{first}\")`");
        self.warnings.push(warning.help(help));
    }

    /// Warns of a table that has no effect, since its unit is manual.
    fn warn_of_table(&mut self, unit: &'static Descriptor) {
        let (kind, name) = (unit.kind, unit.name);
        let why = format!("{kind} `{name}` is manual, and code does not register it");
        let warning = self.sources.and_then(|sources| sources.table_without_effect(unit, self.names, &why));
        self.warnings.extend(warning.map(|warning| {
            if unit.arguments.iter().any(|argument| argument.code) {
                return warning.help("pass its config to `app.register(…)`, or remove the table");
            }
            warning.help(format!(
                "mark it `configured`, so that its table decides whether it runs; or run it with `app.only({name})`, or \
                 with `enabled = true` under `[lifespan.policy.{name}]`"
            ))
        }));
    }

    /// Returns whether a `register` call needs no further work: its unit does not run, or it was handled at the unit's
    /// place in the source.
    fn is_done(&mut self, position: usize) -> bool {
        let unit = self.draft.given[position].unit;
        // It was recorded as left out with the linked units.
        if self.wishes.barred(unit).is_some() {
            return true;
        }
        self.wishes.keeps_its_place(unit) && !self.draft.given[..position].iter().rev().any(|given| given.unit.is(unit))
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
        let none = self.draft.no_sources();
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
        let none = self.draft.no_sources();
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
        let what =
            format!("the `#[config(key)]` argument of {} `{}` panicked when it was displayed", unit.kind, unit.name);
        problems.push(Problem::new(ProblemKind::Declaration, what).at(unit.location()).help("correct its `Display`"));
        return None;
    };
    Some(format!("{}[{}]", unit.name, key?).into())
}
