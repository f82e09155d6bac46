//! Finds names and values in the sources that have no effect: unknown names, and values in the wrong place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lifespan_text::{advice, nearest};

use super::binder::key_in_toml;
use super::file::{Document, Entry, Node, Table};
use super::loaded::is_loaded;
use super::names::{argument_names, argument_variable, full_name, variable_part};
use super::read_settings::{APP_PREFIX, app_keys, app_variable, policy_keys};
use super::sources::FILE_VARIABLE;
use super::{Bound, Sources, UnitNames};
use crate::base::{Location, Problem, ProblemKind};
use crate::declare::{Kind, UnitInfo};

impl Sources {
    /// Checks every name in the file and the environment, and returns the warnings: unknown units if the file is
    /// shared.
    pub(crate) fn check_unknown(
        &self,
        names: &UnitNames,
        bound: &[Bound<'_>],
        problems: &mut Vec<Problem>,
    ) -> Vec<Problem> {
        let mut check = Check {
            sources: self,
            names,
            bound,
            // Invalid settings are reported when the settings are read for the run.
            shared: self.settings(&mut Vec::new()).shared.unwrap_or(false),
            problems,
            warnings: Vec::new(),
        };
        if let Some(document) = self.document() {
            check.file(document);
        }
        check.variables();
        check.warnings
    }
}

struct Check<'c> {
    sources: &'c Sources,
    names: &'c UnitNames,
    bound: &'c [Bound<'c>],
    shared: bool,
    problems: &'c mut Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Check<'_> {
    fn file(&mut self, document: &Document) {
        for entry in document.root.entries() {
            match (entry.name.as_str(), entry.node.as_table()) {
                ("tasks", Some(table)) => self.tasks(document, table),
                ("lifespan", Some(table)) => match table.get("policy").map(|entry| (entry, entry.node.as_table())) {
                    Some((_, Some(table))) => self.policies(document, table),
                    Some((entry, None)) => self.problems.push(no_table(document, "lifespan.policy", entry)),
                    None => {}
                },
                (name @ ("tasks" | "lifespan"), None) => self.problems.push(no_table(document, name, entry)),
                (name, _) => self.problems.push(
                    document
                        .problem(
                            ProblemKind::UnknownName,
                            format!("unknown table or key `{name}` at the top of the file"),
                            &entry.key,
                            "unknown",
                        )
                        .help(advice(name, ["lifespan", "tasks"])),
                ),
            }
        }
    }

    /// Checks `[tasks]`: every table must belong to a unit, and every key in it to an argument.
    fn tasks(&mut self, document: &Document, tasks: &Table) {
        let mut seen: BTreeMap<String, &Entry> = BTreeMap::new();
        for entry in tasks.entries() {
            let Some(unit) = self.names.find(&entry.name) else {
                self.unknown_unit(document, entry, "tasks");
                continue;
            };
            let path = format!("tasks.{}", key_in_toml(&entry.name));
            if let Some(other) = seen.insert(full_name(unit) + unit.module, entry) {
                self.problems.push(
                    document
                        .problem(
                            ProblemKind::Conflict,
                            format!("`{path}` and `tasks.{}` are the same unit", key_in_toml(&other.name)),
                            &entry.key,
                            "the same unit again",
                        )
                        .at(document.place(&other.key))
                        .help("write both as one table"),
                );
            }
            match (entry.node.as_table(), entry.node.as_tables()) {
                (Some(table), _) => self.arguments(document, &path, unit, table),
                (None, Some(tables)) => self.instances(document, &path, unit, entry, tables),
                (None, None) => self.problems.push(no_table(document, &path, entry)),
            }
            if let Some(place) = self.registered(unit) {
                let what = format!(
                    "`{path}` has no effect: code registers {} `{}` with a complete config",
                    unit.kind, unit.name
                );
                self.problems.push(
                    document
                        .problem(ProblemKind::Conflict, what, &entry.key, "nothing of this is used")
                        .at(format!("{place} (`register`)"))
                        .help(format!(
                            "remove the table or the `register` call at {place}; to change single fields in code, register the config that `load()` returns"
                        )),
                );
            }
        }
    }

    fn instances(&mut self, document: &Document, path: &str, unit: &'static UnitInfo, entry: &Entry, tables: &[Node]) {
        if unit.kind == Kind::Context {
            let what = format!("`[[{path}]]` is a list of tables, but context `{}` has one instance", unit.name);
            self.problems.push(
                document
                    .problem(ProblemKind::Conflict, what, &entry.key, "a context has one instance")
                    .at(unit.location())
                    .help(format!("write one table, `[{path}]`")),
            );
        }
        for (position, table) in tables.iter().enumerate() {
            if let Some(table) = table.as_table() {
                self.arguments(document, &format!("{path}#{}", position + 1), unit, table);
            }
        }
    }

    fn arguments(&mut self, document: &Document, path: &str, unit: &'static UnitInfo, table: &Table) {
        let mut given: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in table.entries() {
            let argument =
                unit.arguments.iter().find(|argument| argument_names(argument).any(|name| name == entry.name));
            let Some(argument) = argument else {
                let known = unit.arguments.iter().flat_map(argument_names);
                let (kind, shown) = (unit.kind, entry.shown());
                let what = format!("`{path}` has an unknown argument `{shown}` for {kind} `{}`", unit.name);
                self.problems.push(
                    document
                        .problem(ProblemKind::UnknownArgument, what, &entry.key, "unknown argument")
                        .at(unit.location())
                        .help(advice(&entry.name, known)),
                );
                continue;
            };
            if let Some(other) = given.insert(argument.name, entry) {
                let what = format!("`{path}` sets argument `{}` twice, once by an alias", argument.name);
                self.problems.push(
                    document
                        .problem(ProblemKind::Conflict, what, &entry.key, "the same argument again")
                        .at(document.place(&other.key))
                        .help("remove one of the two"),
                );
            }
        }
    }

    /// Checks `[lifespan.policy]`: every table must belong to a unit or an instance, and every key in it must be a
    /// setting.
    fn policies(&mut self, document: &Document, policies: &Table) {
        for entry in policies.entries() {
            let known =
                self.names.find(&entry.name).is_some() || self.bound.iter().any(|bound| bound.name == entry.name);
            if !known {
                self.unknown_unit(document, entry, "lifespan.policy");
            }
            let path = if known { key_in_toml(&entry.name) } else { entry.shown().to_owned() };
            let path = format!("lifespan.policy.{path}");
            let Some(table) = entry.node.as_table() else {
                self.problems.push(no_table(document, &path, entry));
                continue;
            };
            for entry in table.entries().iter().filter(|entry| policy_keys().all(|key| key != entry.name)) {
                let what = format!("`[{path}]` has no setting `{}`", entry.shown());
                self.problems.push(
                    document
                        .problem(ProblemKind::UnknownName, what, &entry.key, "unknown setting")
                        .help(advice(&entry.name, policy_keys())),
                );
            }
        }
    }

    fn unknown_unit(&mut self, document: &Document, entry: &Entry, part: &str) {
        let sharing = self.names.sharing(&entry.name);
        let instance = self.bound.iter().find(|bound| bound.name == entry.name);
        let name = entry.shown();
        let problem = if !sharing.is_empty() {
            let full: Vec<String> = sharing.iter().map(|unit| format!("`\"{}\"`", self.names.address(unit))).collect();
            let what = format!("`{part}.{name}` names several units: {}", full.join(", "));
            let problem = document.problem(ProblemKind::UnknownName, what, &entry.key, "ambiguous");
            sharing
                .iter()
                .fold(problem, |problem, unit| problem.at(unit.location()))
                .help("write the full name, in quotes")
        } else if let Some(instance) = instance {
            let what = format!("`{part}.{name}` names an instance, whose arguments are set elsewhere");
            let problem = document.problem(ProblemKind::Conflict, what, &entry.key, "an instance");
            match instance.registered {
                Some(place) => problem
                    .at(format!("{place} (`register`)"))
                    .help(format!("change the config in the `register` call at {place}")),
                None => problem
                    .help(format!("write them in its own table `[[tasks.{}]]`", self.names.address(instance.unit))),
            }
        } else {
            let what = format!("`{part}.{name}` is not a unit of this program");
            let problem = document.problem(ProblemKind::UnknownName, what, &entry.key, "unknown unit");
            let known = self.known_addresses();
            let mut help = advice(&entry.name, known.iter().map(String::as_str));
            if nearest(&entry.name, known.iter().map(String::as_str)).is_none() {
                help += "; a crate's units are known once `discover!` links it; `shared = true` in `[lifespan]` allows tables for other programs";
            }
            problem.help(help)
        };
        self.report(problem);
    }

    /// Reports a problem, or a warning if it is an unknown unit that other programs may have.
    fn report(&mut self, problem: Problem) {
        if self.shared && problem.kind() == ProblemKind::UnknownName {
            self.warnings.push(problem);
        } else {
            self.problems.push(problem);
        }
    }

    fn known_addresses(&self) -> Vec<String> {
        self.names.units().iter().map(|unit| self.names.address(unit)).collect()
    }

    /// Returns the `register` call that gave a unit its config, unless code has loaded that from the sources.
    fn registered(&self, unit: &UnitInfo) -> Option<Location> {
        let place = self.bound.iter().filter(|bound| bound.unit.is(unit)).find_map(|bound| bound.registered)?;
        (!is_loaded(unit)).then_some(place)
    }

    fn variables(&mut self) {
        let arguments = self.argument_variables();
        self.shared_variables(&arguments);
        let mut unknown = Vec::new();
        for variable in self.sources.environment().starting_with("LIFESPAN_") {
            match arguments.get(variable).map(Vec::as_slice) {
                Some([(unit, argument), ..]) => self.argument_variable(variable, unit, argument),
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
            if variable.starts_with("LIFESPAN_POLICY__") {
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
        for unit in self.names.units() {
            for address in self.names.addresses(unit) {
                for argument in unit.arguments {
                    for name in argument_names(argument) {
                        let meant = variables.entry(argument_variable(address, name)).or_default();
                        if !meant
                            .iter()
                            .any(|(known, known_argument)| known.is(unit) && *known_argument == argument.name)
                        {
                            meant.push((unit, argument.name));
                        }
                    }
                }
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
            if here.len() < 2 || !told.insert(names.clone()) {
                continue;
            }
            let problem = Problem::new(
                ProblemKind::Conflict,
                format!("one variable, {variable}, sets {} arguments: {}", names.len(), names.join(", ")),
            );
            let problem = here.iter().fold(problem, |problem, (unit, _)| problem.at(unit.location()));
            self.problems.push(problem.help("rename one with `#[config(rename = \"…\")]` or `name = \"…\"`"));
        }
    }

    /// Reports a known variable that has no effect.
    fn argument_variable(&mut self, variable: &str, unit: &'static UnitInfo, argument: &str) {
        let at = format!("variable {variable}");
        if let Some(place) = self.registered(unit) {
            self.problems.push(
                Problem::new(
                    ProblemKind::Conflict,
                    format!(
                        "{variable} has no effect: code registers {} `{}` with a complete config",
                        unit.kind, unit.name
                    ),
                )
                .at(at)
                .at(format!("{place} (`register`)"))
                .help("unset the variable, or remove the `register` call"),
            );
        } else if let Some((address, node)) =
            self.sources.node_for(unit, self.names).filter(|(_, node)| node.as_tables().is_some())
        {
            let place = self.sources.document().map(|document| document.place(&node.span)).unwrap_or_default();
            self.problems.push(
                Problem::new(
                    ProblemKind::Conflict,
                    format!(
                        "{variable} has no effect: variables do not apply to the instances in `[[tasks.{}]]`",
                        key_in_toml(address)
                    ),
                )
                .at(at)
                .at(place)
                .help(format!("unset it and write `{argument}` in the tables")),
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
        addresses
            .flat_map(|address| {
                let unit = variable_part(address);
                policy_keys().map(move |setting| format!("LIFESPAN_POLICY__{unit}__{}", variable_part(setting)))
            })
            .collect()
    }

    fn policy_variable(&mut self, variable: &str, known: &BTreeSet<String>) {
        if known.contains(variable) {
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

fn no_table(document: &Document, path: &str, entry: &Entry) -> Problem {
    document
        .problem(ProblemKind::IllTypedArgument, format!("`{path}` must be a table"), &entry.key, "not a table")
        .help(format!("write it as `[{path}]`, with its keys below"))
}
