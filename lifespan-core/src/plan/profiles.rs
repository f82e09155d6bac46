//! The active profiles: set by the operator, or else by code.

use std::collections::BTreeSet;

use lifespan_text::{Words, advice};

use super::options::Options;
use crate::base::{Location, Problem, ProblemKind};
use crate::config::{Settings, Sources};
use crate::unit::Linked;

/// The active profiles.
#[derive(Default)]
pub(crate) struct Profiles {
    active: Words,
    /// The place where code has set them; `None` if the operator has.
    place: Option<Location>,
    /// Set if profiles that no unit has are only warnings, since programs share the file.
    shared: bool,
}

impl Profiles {
    /// Returns the operator's profiles, or else those of code.
    pub(crate) fn new(options: &Options, operator: &Settings) -> Self {
        let by_code = operator.profiles.is_none();
        let active = operator.profiles.clone().or_else(|| options.settings.profiles.clone()).unwrap_or_default();
        let shared = operator.shared.unwrap_or(false) && !by_code;
        Self { active, place: options.profiles_at.filter(|_| by_code), shared }
    }

    /// Returns the first of these profiles that is active.
    pub(crate) fn active_of(&self, profiles: &'static [&'static str]) -> Option<&'static str> {
        profiles.iter().copied().find(|profile| self.active.names().iter().any(|active| active == profile))
    }

    /// Reports active profiles that no unit has, and returns the warnings. Names set by the operator are not shown: no message shows a value.
    pub(super) fn check(
        &self,
        linked: &Linked,
        sources: Option<&Sources>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Problem> {
        let mut warnings = Vec::new();
        if self.active.names().is_empty() {
            return warnings;
        }
        let known: BTreeSet<&str> = linked.units.iter().flat_map(|unit| unit.options.profiles).copied().collect();
        for (position, name) in
            self.active.names().iter().enumerate().filter(|(_, name)| !known.contains(name.as_str()))
        {
            let kind = ProblemKind::UnknownName;
            let problem = match self.place {
                Some(place) => Some(Problem::new(kind, format!("no unit has the profile `{name}`")).at(place)),
                None => sources.and_then(|sources| {
                    let what =
                        |setting: &str| format!("name {} in {setting} is not the profile of any unit", position + 1);
                    sources.app_problem(kind, "profiles", what)
                }),
            };
            let help = match known.len() {
                0 => "no unit has profiles: remove it, or give a unit `profile(\"…\")`".to_owned(),
                _ => advice(name, known.iter().copied()),
            };
            let problem = problem.map(|problem| problem.help(help));
            if self.shared { warnings.extend(problem) } else { problems.extend(problem) }
        }
        warnings
    }
}
