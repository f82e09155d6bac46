//! Names and values of the file that have no effect.

use std::collections::BTreeMap;

use lifespan_text::{advice, nearest};

use crate::base::{Problem, ProblemKind};
use crate::config::binder::key_in_toml;
use crate::config::file::{Document, Entry, Node, Table};
use crate::config::names::{argument_names, full_name};
use crate::config::read_settings::policy_keys;
use crate::declare::{Kind, UnitInfo};

use super::found::Check;

impl Check<'_> {
    pub(super) fn file(&mut self, document: &Document) {
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
        if unit.kind == Kind::Context && !unit.options.configured {
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
        let mut given: BTreeMap<String, &Entry> = BTreeMap::new();
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
            if let Some(other) = given.insert(argument.name.to_owned(), entry) {
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
}

fn no_table(document: &Document, path: &str, entry: &Entry) -> Problem {
    document
        .problem(ProblemKind::IllTypedArgument, format!("`{path}` must be a table"), &entry.key, "not a table")
        .help(format!("write it as `[{path}]`, with its keys below"))
}
