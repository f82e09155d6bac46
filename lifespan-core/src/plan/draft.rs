//! The requests that code makes before the launch.

use std::any::{Any, TypeId};
use std::collections::HashSet;
use std::sync::Arc;

use super::edges::{Provided, provides};
use super::registrations::Registrations;
use super::target::Target;
use crate::base::{Location, Problem, ProblemKind, Remedies};
use crate::config::{SetValue, Sources};
use crate::declare::Kind;
use crate::plan::plan::Plan;
use crate::unit::{Descriptor, Linked, RegistrationExtras};

/// A `register` call.
pub(crate) struct Given {
    pub(crate) unit: &'static Descriptor,
    pub(crate) name: Option<Box<str>>,
    pub(crate) place: &'static std::panic::Location<'static>,
    /// Taken at the launch.
    pub(crate) config: Option<Box<dyn Any + Send>>,
    pub(crate) extras: Option<Box<RegistrationExtras>>,
}

/// A unit that code has named in a call.
pub(crate) struct Wish {
    pub(crate) target: Target,
    pub(crate) place: Location,
}

/// The units that register by themselves.
#[derive(Default)]
pub(crate) enum Registers {
    /// The discovered ones, as they declare.
    Discovered,
    /// Only these, whatever they declare.
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "a `TestApp` chooses"))]
    Chosen(HashSet<TypeId>),
    #[default]
    Nothing,
}

/// The sources that the app reads.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The file and the environment of the process.
    Process,
    /// This text instead of a file, and no environment.
    #[cfg(all(feature = "testing", feature = "config"))]
    Text(Box<str>),
    #[default]
    Nothing,
}

/// The requests that code makes before the launch.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) registers: Registers,
    pub(crate) reads: Reads,
    pub(crate) given: Vec<Given>,
    pub(crate) skipped: Vec<Wish>,
    /// The only units to run, with what they need; all if it is empty.
    pub(crate) only: Vec<Wish>,
    pub(crate) provided: Vec<Provided>,
    /// Provided instead of a context.
    pub(crate) replaced: Vec<Provided>,
    /// The values that code sets by name.
    pub(crate) set: Vec<SetValue>,
}

impl Draft {
    /// Reads the sources for these units; returns `None` if there are none to read.
    pub(crate) fn read_sources(&self, linked: &Linked, problems: &mut Vec<Problem>) -> Option<Sources> {
        let mut sources = match &self.reads {
            Reads::Process => Sources::read(problems),
            #[cfg(all(feature = "testing", feature = "config"))]
            Reads::Text(text) => Sources::of_text(text, problems),
            Reads::Nothing if self.set.is_empty() => return None,
            Reads::Nothing => return Some(self.no_sources().with_set(&self.set)),
        };
        sources = sources.with_set(&self.set).advising(self.remedies());
        sources.read_secrets(|| linked.names(), problems);
        Some(sources)
    }

    /// Returns sources without content.
    pub(super) fn no_sources(&self) -> Sources {
        Sources::none().advising(self.remedies())
    }

    /// Returns the calls that messages advise.
    pub(super) fn remedies(&self) -> Remedies {
        match self.registers {
            Registers::Chosen(_) => Remedies::TestKit,
            Registers::Discovered | Registers::Nothing => Remedies::Program,
        }
    }

    /// Reports wrong uses of `replace`, units that no `discover!` names, and an app without units.
    pub(crate) fn check(&self, linked: &Linked, registrations: &Registrations, problems: &mut Vec<Problem>) {
        if matches!(self.registers, Registers::Discovered) {
            problems.extend(linked.undiscovered());
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
        // If a file can't be read, or `only` names no unit, it may have meant something, so nothing is known to be missing.
        let has = |kind| problems.iter().any(|problem| problem.kind() == kind);
        let is_known = !has(ProblemKind::Source) && (self.only.is_empty() || !has(ProblemKind::NotAUnit));
        if registrations.entries.is_empty() && is_known {
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
        if self.remedies() == Remedies::TestKit {
            return problem.help("name a unit: `.with(…)`, or pass its config to `.register(…)`");
        }
        if !matches!(self.registers, Registers::Discovered) {
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
                "every discovered unit is `manual`, skipped, replaced or disabled, or `configured` without a table: name \
                 one with `app.only(…)`, pass a config to `app.register(…)`, or give a `configured` one its table, \
                 `[tasks.…]`; units of a library need `lifespan::discover! { pub fn lifespan_tasks(); link that_library; }`",
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
