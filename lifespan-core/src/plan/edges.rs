//! Builds the dependency graph from the units' declarations, or reports every problem. Its messages are half of this
//! file.

use std::any::TypeId;
use std::collections::HashSet;

use lifespan_text::Contradiction;

use super::contradiction::contradicts;
use super::left_out::LeftOut;
use super::registrations::Registrations;
use super::schedule;
use crate::base::{Builder, ByType, Graph, Location, Problem, ProblemKind, Remedies, TypeInfo, reach, short_type};
use crate::declare::{Edge, Hold, Kind, Need, OnFailure, UnitInfo};
use crate::plan::registration::Entry;
use crate::unit::Descriptor;

/// A resource that code provides: its type and the place.
pub(crate) struct Provided {
    pub(crate) ty: TypeInfo,
    pub(crate) place: Location,
}

/// The edges of all registrations.
pub(crate) fn connect(
    registrations: &Registrations,
    provided: &[&Provided],
    known: &[&'static Descriptor],
    problems: &mut Vec<Problem>,
) -> Graph {
    let mut edges = Edges {
        registrations,
        known,
        builder: Builder::new(registrations.entries.len()),
        instances: ByType::default(),
        joints: ByType::default(),
        problems,
    };
    let mut begin = 0;
    for instances in registrations.entries.chunk_by(|one, next| one.unit.is(next.unit)) {
        let end = begin + instances.len();
        edges.instances.entry((instances[0].unit.id)()).or_default().extend(begin..end);
        begin = end;
    }
    let providers = edges.providers(provided);
    edges.resources(&providers);
    edges.declared();
    edges.first_and_last();
    edges.builder.build()
}

enum Provider {
    Unit(usize),
    Code(Location),
}

struct Edges<'a> {
    registrations: &'a Registrations,
    /// All units in the program.
    known: &'a [&'static Descriptor],
    builder: Builder,
    /// The registrations of each unit, by its function.
    instances: ByType<Vec<usize>>,
    /// For a unit with several instances, the barrier node that stands for all of them.
    joints: ByType<usize>,
    problems: &'a mut Vec<Problem>,
}

/// Returns the type of the resource that a unit provides.
pub(crate) fn provides(unit: &Descriptor) -> Option<TypeInfo> {
    let scoped = unit.needs.iter().find_map(|need| match need() {
        Need::Scope(ty) => Some(ty),
        _ => None,
    });
    match scoped {
        Some(ty) => ty,
        None => unit.returns.map(|ty| ty()).filter(|ty| !ty.is_nothing()),
    }
}

fn takes_scope(unit: &Descriptor) -> bool {
    unit.needs.iter().any(|need| matches!(need(), Need::Scope(_)))
}

impl Edges<'_> {
    /// Calls `each` with every registration and the value that `of` returns for its unit; `of` is called once for
    /// neighbours of the same unit.
    fn for_each_unit<T>(&self, of: impl Fn(&'static Descriptor) -> T, mut each: impl FnMut(usize, &Entry, &T)) {
        let mut last: Option<(&'static Descriptor, T)> = None;
        for (index, entry) in self.registrations.entries.iter().enumerate() {
            let value = match last.take() {
                Some((unit, value)) if unit.is(entry.unit) => value,
                _ => of(entry.unit),
            };
            each(index, entry, &value);
            last = Some((entry.unit, value));
        }
    }

    fn providers(&mut self, provided: &[&Provided]) -> ByType<Vec<Provider>> {
        let mut providers: ByType<Vec<Provider>> = ByType::default();
        let mut names: ByType<&'static str> = ByType::default();
        for resource in provided {
            providers.entry(resource.ty.id).or_default().push(Provider::Code(resource.place));
            names.insert(resource.ty.id, resource.ty.name);
        }
        self.for_each_unit(provides, |index, _, ty| {
            if let Some(ty) = ty {
                providers.entry(ty.id).or_default().push(Provider::Unit(index));
                names.insert(ty.id, ty.name);
            }
        });
        let mut doubled: Vec<(&str, &[Provider])> = Vec::new();
        for (ty, providers) in providers.iter().filter(|(_, providers)| providers.len() > 1) {
            if self.is_one_context_registered_twice(providers) {
                continue;
            }
            let name = names[ty];
            doubled.insert(doubled.partition_point(|(other, _)| *other <= name), (name, providers));
        }
        for (name, doubled) in doubled {
            let name = short_type(name);
            let mut problem = Problem::new(
                ProblemKind::TwoProviders,
                format!("the resource `{name}` has {} providers", doubled.len()),
            );
            for provider in doubled {
                problem = match provider {
                    Provider::Unit(index) => {
                        let unit = self.registrations.entries[*index].unit;
                        problem.at(format!("{} ({} `{}`)", unit.location(), unit.kind, self.registrations.name(*index)))
                    }
                    Provider::Code(place) => problem.at(format!("{place} (`app.provide`)")),
                };
            }
            self.problems.push(problem.help(
                "give one of them its own type, `skip` one, or use a value instead of a context with `app.replace`",
            ));
        }
        providers
    }

    /// Returns whether these are registrations of one context that may have only one, which is a problem of its own.
    fn is_one_context_registered_twice(&self, providers: &[Provider]) -> bool {
        let unit = |provider: &Provider| match provider {
            Provider::Unit(index) => Some(self.registrations.entries[*index].unit),
            Provider::Code(_) => None,
        };
        let Some(first) = providers.first().and_then(unit) else { return false };
        first.kind == Kind::Context
            && !first.options.configured
            && providers.iter().all(|provider| unit(provider).is_some_and(|unit| unit.is(first)))
    }

    /// Reports a resource that is taken, and that another unit would provide with another choice of units: it must not
    /// change silently.
    fn ambiguous(&mut self, ty: TypeInfo, index: usize, others: &[&LeftOut]) {
        let entry = &self.registrations.entries[index];
        let names: Vec<String> = others.iter().map(|other| format!("`{}`", other.address)).collect();
        let does =
            if let [_] = others { "provides it too, but does not run" } else { "provide it too, but do not run" };
        let what = format!("the resource `{}` is ambiguous: {} {does}", short_type(ty.name), names.join(", "));
        let provider = |unit: &UnitInfo, name: String| format!("{} ({} `{name}`)", unit.location(), unit.kind);
        let mut problem = Problem::new(ProblemKind::TwoProviders, what)
            .at(provider(entry.unit, self.registrations.name(index).to_string()));
        for other in others {
            problem = problem.at(format!("{}: {}", provider(other.unit, other.address.clone()), other.reason()));
        }
        self.problems.push(problem.help(
            "give one of them its own type, `skip` one, or mark one `manual`: the choice of units must not change a \
             resource silently",
        ));
    }

    fn resources(&mut self, providers: &ByType<Vec<Provider>>) {
        let wanted = |unit: &'static Descriptor| -> Vec<(TypeInfo, Hold)> {
            unit.needs.iter().filter_map(|need| need().resource()).collect()
        };
        let mut others: ByType<Vec<&LeftOut>> = ByType::default();
        for other in self.registrations.choice.other_providers() {
            if let Some(ty) = provides(other.unit) {
                others.entry(ty.id).or_default().push(other);
            }
        }
        let mut ambiguous: Vec<(TypeInfo, usize)> = Vec::new();
        let mut edges = Vec::new();
        let mut problems = Vec::new();
        let mut complained: Option<&'static Descriptor> = None;
        self.for_each_unit(wanted, |index, entry, wanted| {
            let first_of_unit = !complained.is_some_and(|unit| unit.is(entry.unit));
            for &(ty, hold) in wanted {
                match providers.get(&ty.id).and_then(|providers| providers.first()) {
                    Some(Provider::Unit(provider)) => {
                        edges.push((index, *provider, hold));
                        if others.contains_key(&ty.id) && ambiguous.iter().all(|(known, _)| known.id != ty.id) {
                            ambiguous.push((ty, *provider));
                        }
                        let provider = &self.registrations.entries[*provider];
                        if hold == Hold::Required && provider.unit.options.on_failure == Some(OnFailure::Ignore) {
                            if first_of_unit {
                                problems.push(self.may_be_missing(index, ty, provider));
                            }
                            complained = Some(entry.unit);
                        }
                    }
                    Some(Provider::Code(_)) => {}
                    None if hold == Hold::Optional => {}
                    None => {
                        if first_of_unit {
                            problems.push(self.missing(index, ty, hold));
                        }
                        complained = Some(entry.unit);
                    }
                }
            }
        });
        for (index, entry) in self.registrations.entries.iter().enumerate() {
            for (ty, hold) in entry.own_needs().iter().copied().filter_map(Need::resource) {
                match providers.get(&ty.id).and_then(|providers| providers.first()) {
                    Some(Provider::Unit(provider)) => edges.push((index, *provider, hold)),
                    Some(Provider::Code(_)) => {}
                    None => problems.push(self.missing(index, ty, hold)),
                }
            }
        }
        for (node, dependency, hold) in edges {
            match hold {
                Hold::Required | Hold::Optional => self.builder.edge(node, dependency),
                Hold::Live => self.builder.order_only_edge(node, dependency),
            }
        }
        self.problems.append(&mut problems);
        for (ty, provider) in ambiguous {
            self.ambiguous(ty, provider, &others[&ty.id]);
        }
    }

    fn missing(&self, index: usize, ty: TypeInfo, hold: Hold) -> Problem {
        let entry = &self.registrations.entries[index];
        let unit = entry.unit;
        let is_own = entry.own_needs().iter().copied().filter_map(Need::resource).any(|(own, _)| own.id == ty.id);
        let place = entry.registered_at.filter(|_| is_own).map_or_else(|| unit.location(), Location::from);
        let name = short_type(ty.name);
        Problem::new(
            ProblemKind::MissingProvider,
            format!(
                "{} `{}` takes `{}<{name}>`, but nothing provides a `{name}`",
                unit.kind,
                self.registrations.name(index),
                if hold == Hold::Live { "Live" } else { "Res" }
            ),
        )
        .at(place)
        .help(self.advice_on(ty))
    }

    /// Returns the advice for a resource that nothing provides: why its provider does not run, or what to write.
    fn advice_on(&self, ty: TypeInfo) -> String {
        let provides_it = |unit: &&&'static Descriptor| provides(unit).is_some_and(|provided| provided.id == ty.id);
        let in_test = self.registrations.choice.remedies() == Remedies::TestKit;
        let Some(known) = self.known.iter().find(provides_it) else {
            if in_test {
                return "name its context with `.with(…)`, or give a fake: `.provide(fake)`".to_owned();
            }
            return format!(
                "write a `#[lifespan_context]` that provides `{}`, link the crate that has one in `discover!`, or call \
                 `app.provide(…)` before launch",
                short_type(ty.name)
            );
        };
        let otherwise = if in_test { "give a fake: `.provide(fake)`" } else { "call `app.provide(…)` before launch" };
        let (name, place) = (known.name, known.location());
        match self.registrations.choice.left_out_unit((known.id)()) {
            Some(LeftOut { unit, address, why, .. }) => {
                let (is, help) = why.advice(unit, address);
                format!("`{name}` at {place} provides it, but {is}: {help}, or {otherwise}")
            }
            None => format!("`{name}` at {place} provides it, but is not registered: register it, or {otherwise}"),
        }
    }

    fn may_be_missing(&self, index: usize, ty: TypeInfo, provider: &Entry) -> Problem {
        let unit = self.registrations.entries[index].unit;
        let name = short_type(ty.name);
        Problem::new(
            ProblemKind::MissingProvider,
            format!(
                "{} `{}` takes `Res<{name}>`, but `{}`, which provides it, may fail without stopping the app",
                unit.kind,
                self.registrations.name(index),
                provider.unit.name
            ),
        )
        .at(unit.location())
        .at(provider.unit.location())
        .help(format!("take `Option<Res<{name}>>`, or remove `on_failure = \"ignore\"` from `{}`", provider.unit.name))
    }

    /// Returns one node for all registrations of a unit.
    fn all_of(&mut self, unit: TypeId) -> Option<usize> {
        let instances = self.instances.get(&unit)?;
        if let [only] = instances[..] {
            return Some(only);
        }
        if let Some(barrier) = self.joints.get(&unit) {
            return Some(*barrier);
        }
        let barrier = self.builder.barrier(instances.iter().copied());
        self.joints.insert(unit, barrier);
        Some(barrier)
    }

    fn declared(&mut self) {
        let known: HashSet<TypeId> = self.known.iter().map(|unit| (unit.id)()).collect();
        let mut units: Vec<&'static Descriptor> = Vec::new();
        self.for_each_unit(
            |unit| unit,
            |_, _, unit| {
                if !units.last().is_some_and(|last| last.is(unit)) {
                    units.push(unit);
                }
            },
        );
        for unit in units {
            if unit.after.is_empty() && unit.before.is_empty() {
                continue;
            }
            let id = (unit.id)();
            for (edge, after) in
                unit.after.iter().map(|edge| (edge, true)).chain(unit.before.iter().map(|edge| (edge, false)))
            {
                let other = (edge.id)();
                if !known.contains(&other) && !self.instances.contains_key(&other) {
                    self.problems.push(not_a_unit(unit, edge, after));
                    continue;
                }
                let left_out = || self.registrations.choice.left_out_unit(other);
                if let Some(left_out) = (!self.instances.contains_key(&other)).then(left_out).flatten() {
                    if !left_out.why.is_on_purpose() {
                        self.problems.push(does_not_run(unit, edge, after, left_out));
                    }
                    continue;
                }
                let (waiting, awaited) = if after { (id, other) } else { (other, id) };
                if let (Some(awaited), Some(waiting)) = (self.all_of(awaited), self.instances.get(&waiting)) {
                    for node in waiting.clone() {
                        self.builder.edge(node, awaited);
                    }
                }
            }
        }
    }

    /// Orders `first` and `last` units before or after all units without an edge to the contrary.
    fn first_and_last(&mut self) {
        let chosen = |pick: fn(&Entry) -> bool| -> Vec<usize> {
            let entries = self.registrations.entries.iter().enumerate();
            entries.filter(|(_, entry)| pick(entry)).map(|(index, _)| index).collect()
        };
        let (first, last) = (chosen(|entry| entry.unit.options.first), chosen(|entry| entry.unit.options.last));
        let units = self.registrations.entries.len();
        if !first.is_empty() {
            let before_first = reach(&self.builder.build().dependencies, first.iter().copied());
            let barrier = self.builder.barrier(first);
            for node in (0..units).filter(|&node| !before_first[node]) {
                self.builder.order_only_edge(node, barrier);
            }
        }
        if !last.is_empty() {
            let after_last = reach(&self.builder.build().dependents, last.iter().copied());
            let barrier = self.builder.barrier((0..units).filter(|&node| !after_last[node]));
            for node in last {
                self.builder.order_only_edge(node, barrier);
            }
        }
    }
}

fn does_not_run(unit: &Descriptor, edge: &Edge, after: bool, left_out: &LeftOut) -> Problem {
    let (word, name) = (if after { "after" } else { "before" }, &left_out.address);
    let (is, help) = left_out.why.advice(left_out.unit, name);
    let what = format!("{} `{}` is `{word}({})`, but `{name}` does not run: it {is}", unit.kind, unit.name, edge.path);
    Problem::new(ProblemKind::NotRunning, what)
        .at(Location { file: unit.location().file, line: edge.line, column: edge.column })
        .help(format!("{help}, or leave it out on purpose with `app.skip({name})`"))
}

fn not_a_unit(unit: &Descriptor, edge: &Edge, after: bool) -> Problem {
    let word = if after { "after" } else { "before" };
    Problem::new(
        ProblemKind::NotAUnit,
        format!("`{}` declares `{word}({})`, but `{}` is not a unit", unit.name, edge.path, edge.path),
    )
    .at(Location { file: unit.location().file, line: edge.line, column: edge.column })
    .help("name a function annotated with `#[lifespan_task]` or `#[lifespan_context]`")
}

/// Reports units that are invalid wherever they are registered.
pub(crate) fn check_declarations(registrations: &Registrations, problems: &mut Vec<Problem>) {
    let mut last: Option<&'static Descriptor> = None;
    for (index, entry) in registrations.entries.iter().enumerate() {
        let unit = entry.unit;
        if unit.kind == Kind::Context && !unit.options.configured && entry.number == 2 {
            problems.push(
                Problem::new(
                    ProblemKind::DuplicateName,
                    format!("context `{}` is registered more than once", unit.name),
                )
                .at(place_of(first_of(registrations, unit)))
                .at(place_of(entry))
                .help("a context has one instance: register it once"),
            );
        }
        if last.is_some_and(|last| last.is(unit)) {
            continue;
        }
        last = Some(unit);
        let mut refuse = |contradiction| problems.push(contradicts(registrations, index, contradiction));
        if unit.kind == Kind::Context && !takes_scope(unit) && provides(unit).is_none() {
            refuse(Contradiction::NO_RESOURCE);
        }
        let scopes = unit.needs.iter().filter(|need| matches!(need(), Need::Scope(_))).count();
        match unit.kind {
            Kind::Context if scopes > 1 => refuse(Contradiction::SECOND_SCOPE),
            Kind::Task if scopes > 0 => refuse(Contradiction::SCOPE_OF_TASK),
            Kind::Context | Kind::Task => {}
        }
        if let Some(contradiction) = misplaced_ready(unit) {
            refuse(contradiction);
        }
        if entry.is_context() && unit.takes_children() && !takes_scope(unit) {
            refuse(Contradiction::CHILDREN_OF_RETURN);
        }
        problems.extend(schedule::check(registrations, index));
    }
}

/// Returns the first registration of a unit.
fn first_of<'r>(registrations: &'r Registrations, unit: &Descriptor) -> &'r Entry {
    let first = registrations.entries.iter().find(|entry| entry.unit.is(unit));
    first.expect("the unit has a registration")
}

/// Returns the place of the `register` call, or else that of the unit.
fn place_of(entry: &Entry) -> Location {
    entry.registered_at.map_or_else(|| entry.unit.location(), Location::from)
}

/// Returns why a `Ready` could never be used.
fn misplaced_ready(unit: &Descriptor) -> Option<Contradiction> {
    let readies = unit.needs.iter().filter(|need| matches!(need(), Need::Ready)).count();
    match (readies, unit.kind) {
        (0, _) => None,
        (_, Kind::Context) => Some(Contradiction::READY_OF_CONTEXT),
        (_, Kind::Task) if unit.options.once => Some(Contradiction::READY_OF_ONCE),
        (1, Kind::Task) => None,
        (_, Kind::Task) => Some(Contradiction::SECOND_READY),
    }
}
