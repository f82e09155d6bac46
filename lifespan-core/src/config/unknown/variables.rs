//! Variables that have no effect.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lifespan_text::advice;

use crate::base::{Problem, ProblemKind};
use crate::config::At;
use crate::config::binder::key_in_toml;
use crate::config::names::{FILE_SUFFIX, POLICY_PREFIX, argument_variable, full_name, policy_variable, variable_part};
use crate::config::read_settings::{APP_PREFIX, app_keys, app_variable, policy_keys};
use crate::config::sources::FILE_VARIABLE;
use crate::declare::UnitInfo;

use super::found::Check;

impl Check<'_> {
    pub(super) fn variables(&mut self) {
        let arguments = self.argument_variables();
        self.shared_variables(&arguments);
        let mut unknown = Vec::new();
        for variable in self.sources.environment().starting_with("LIFESPAN_") {
            match arguments.get(variable).map(Vec::as_slice) {
                Some([(unit, argument), ..]) => {
                    if let Some((at, _)) = self.sources.environment().get(variable) {
                        self.argument_above_the_file(&at, unit, argument);
                    }
                }
                _ if is_file_of(variable, |meant| arguments.contains_key(meant)) => {}
                _ => unknown.push(variable),
            }
        }
        // The app's variables are checked with its settings.
        unknown.retain(|variable| *variable != FILE_VARIABLE && !variable.starts_with(APP_PREFIX));
        if !unknown.is_empty() {
            self.unknown_variables(&unknown, &arguments);
        }
    }

    /// Reports unknown variables of one of our forms; other variables only if they are a known one but for underscores.
    fn unknown_variables(
        &mut self,
        unknown: &[&str],
        arguments: &BTreeMap<String, Vec<(&'static UnitInfo, &'static str)>>,
    ) {
        // There may be many instances, so their names are built only if they are needed.
        let is_any_policy = unknown.iter().any(|variable| one_underscore(variable).starts_with("LIFESPAN_POLICY_"));
        let policies = if is_any_policy { self.policy_variables() } else { BTreeSet::new() };
        let app = || app_keys().map(|setting| (variable_part(setting), app_variable(setting)));
        let mut by_letters: HashMap<String, String> = HashMap::new();
        by_letters.extend(app().map(|(setting, variable)| (format!("LIFESPAN_{setting}"), variable)));
        let known = arguments.keys().chain(&policies).cloned().chain(app().map(|(_, variable)| variable));
        by_letters.extend(known.chain([FILE_VARIABLE.to_owned()]).map(|known| (one_underscore(&known), known)));
        for variable in unknown {
            if variable.starts_with(POLICY_PREFIX) {
                self.policy_variable(variable, &policies);
            } else if let Some(meant) = by_letters.get(&one_underscore(variable)) {
                let slip = Problem::new(ProblemKind::UnknownName, format!("unknown variable {variable}"));
                self.problems.push(slip.at(format!("variable {variable}")).help(format!("did you mean `{meant}`?")));
            } else if has_argument_form(variable) {
                self.unknown_argument_variable(variable, arguments);
            }
        }
    }

    /// Returns every variable of a keyword argument, with those that it could mean.
    fn argument_variables(&self) -> BTreeMap<String, Vec<(&'static UnitInfo, &'static str)>> {
        let mut variables: BTreeMap<String, Vec<(&'static UnitInfo, &'static str)>> = BTreeMap::new();
        for (unit, argument, address, name) in self.names.arguments() {
            let meant = variables.entry(argument_variable(address, name)).or_default();
            if !meant.iter().any(|(known, known_argument)| known.is(unit) && *known_argument == argument.name) {
                meant.push((unit, argument.name));
            }
        }
        variables
    }

    /// Reports two names that map to one variable, among what this app registers.
    fn shared_variables(&mut self, arguments: &BTreeMap<String, Vec<(&'static UnitInfo, &'static str)>>) {
        let mut told = BTreeSet::new();
        for (variable, meant) in arguments.iter().filter(|(_, meant)| meant.len() > 1) {
            let here: Vec<_> =
                meant.iter().filter(|(unit, _)| self.bound.iter().any(|bound| bound.unit.is(unit))).collect();
            let names: Vec<String> =
                here.iter().map(|(unit, name)| format!("`{}` of `{}`", name, full_name(unit))).collect();
            let listed = names.join(", ");
            if here.len() < 2 || !told.insert(listed.clone()) {
                continue;
            }
            let problem = Problem::new(
                ProblemKind::Conflict,
                format!("one variable, {variable}, sets {} arguments: {listed}", names.len()),
            );
            let problem = here.iter().fold(problem, |problem, (unit, _)| problem.at(unit.location()));
            self.problems.push(problem.help("rename one with `#[config(rename = \"…\")]` or `name = \"…\"`"));
        }
    }

    /// Reports a value above the file for a known argument, if it has no effect.
    pub(super) fn argument_above_the_file(&mut self, at: &At, unit: &'static UnitInfo, argument: &str) {
        let (name, at) = (self.sources.name_of(at), self.sources.place(at));
        if let Some(place) = self.registered(unit) {
            self.problems.push(
                Problem::new(
                    ProblemKind::Conflict,
                    format!(
                        "{name} has no effect: code registers {} `{}` with a complete config",
                        unit.kind, unit.name
                    ),
                )
                .at(at)
                .at(format!("{place} (`register`)"))
                .help("remove it, or remove the `register` call"),
            );
        } else if let Some((address, node)) =
            self.sources.node_for(unit, self.names).filter(|(_, node)| node.as_tables().is_some())
        {
            let place = self.sources.document().map(|document| document.place(&node.span)).unwrap_or_default();
            self.problems.push(
                Problem::new(
                    ProblemKind::Conflict,
                    format!(
                        "{name} has no effect: it does not apply to the instances in `[[tasks.{}]]`",
                        key_in_toml(address)
                    ),
                )
                .at(at)
                .at(place)
                .help(format!("remove it and write `{argument}` in the tables")),
            );
        }
    }

    fn unknown_argument_variable(
        &mut self,
        variable: &str,
        arguments: &BTreeMap<String, Vec<(&'static UnitInfo, &'static str)>>,
    ) {
        let whole = arguments
            .keys()
            .find(|known| variable.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with("__")));
        let unit = self.names.units().iter().copied().find(|unit| {
            self.names.addresses(unit).iter().any(|address| variable.starts_with(&argument_variable(address, "")))
        });
        let at = format!("variable {variable}");
        if let Some(whole) = whole {
            self.problems.push(
                Problem::new(ProblemKind::UnknownArgument, format!("{variable} names only a part of an argument"))
                    .at(at)
                    .help(format!("set the whole argument as a TOML value in {whole}")),
            );
        } else if let Some(unit) = unit {
            let known: Vec<&str> = arguments
                .iter()
                .filter(|(_, meant)| meant.iter().any(|(known, _)| known.is(unit)))
                .map(|(variable, _)| variable.as_str())
                .collect();
            self.problems.push(
                Problem::new(
                    ProblemKind::UnknownArgument,
                    format!("{variable} is not an argument of {} `{}`", unit.kind, unit.name),
                )
                .at(at)
                .at(unit.location())
                .help(advice(variable, known)),
            );
        } else {
            let problem =
                Problem::new(ProblemKind::UnknownName, format!("{variable} does not match any unit of this program"));
            self.report(problem.at(at).help(advice(variable, arguments.keys().map(String::as_str))));
        }
    }

    /// Returns every variable of a policy.
    fn policy_variables(&self) -> BTreeSet<String> {
        let units = self.names.units().iter().flat_map(|unit| self.names.addresses(unit)).map(String::as_str);
        let addresses = units.chain(self.bound.iter().map(|bound| bound.name));
        let mut variables = BTreeSet::new();
        for address in addresses {
            variables.extend(policy_keys().map(|setting| policy_variable(address, setting)));
        }
        variables
    }

    fn policy_variable(&mut self, variable: &str, known: &BTreeSet<String>) {
        if known.contains(variable) || is_file_of(variable, |meant| known.contains(meant)) {
            return;
        }
        let of_unit = known.iter().any(|known| {
            let unit = known.rfind("__").map_or(known.as_str(), |end| &known[..end + 2]);
            variable.starts_with(unit)
        });
        let what = if of_unit { "setting of a unit" } else { "unit of this program" };
        let problem = Problem::new(ProblemKind::UnknownName, format!("{variable} does not match any {what}"))
            .at(format!("variable {variable}"))
            .help(advice(variable, known.iter().map(String::as_str)));
        if of_unit { self.problems.push(problem) } else { self.report(problem) }
    }
}

/// Returns whether a variable names the file with the value of a known one.
fn is_file_of(variable: &str, is_known: impl Fn(&str) -> bool) -> bool {
    variable.strip_suffix(FILE_SUFFIX).is_some_and(is_known)
}

/// Returns whether a variable can only be meant for a keyword argument: `LIFESPAN__…__…`, also with one underscore
/// missing.
fn has_argument_form(variable: &str) -> bool {
    let rest = variable.strip_prefix("LIFESPAN__");
    rest.is_some_and(|rest| rest.contains("__")) || variable.starts_with("LIFESPAN_TASKS__")
}

/// Returns a name with one underscore wherever it has several.
fn one_underscore(name: &str) -> String {
    name.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}
