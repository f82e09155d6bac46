//! Reads `[lifespan]` and `[lifespan.policy.<unit>]` with their variables: the operator's settings for the app and for
//! units.
//!
//! To add a setting, add a field in `settings.rs`, its name in the list here, and a line that reads it.

use std::collections::BTreeSet;

use serde_core::de::{Deserialize, Deserializer, Error};

use super::binder::key_in_toml;
use super::file::{Entry, Table};
use super::names::variable_part;
use super::nearest::advice;
use super::read::Reader;
use super::{At, Mark, Policy, Settings, Sources, UnitNames, Value};
use super::{restart, schedule};
use crate::plan::problem::{Problem, ProblemKind};
use crate::unit::Descriptor;

pub(super) const SETTINGS: [&str; 9] = [
    "startup_timeout",
    "shutdown_timeout",
    "grace",
    "teardown_timeout",
    "blocked_after",
    "stable_after",
    "concurrent_startup",
    "stay_up",
    "shared",
];

/// The prefix of the variables for the app's settings.
pub(super) const APP_PREFIX: &str = "LIFESPAN_APP__";

pub(super) fn app_variable(setting: &str) -> String {
    format!("{APP_PREFIX}{}", variable_part(setting))
}

pub(super) const POLICY_SETTINGS: [&str; 19] = [
    "enabled",
    "startup_timeout",
    "shutdown_timeout",
    "readiness",
    "every",
    "delay",
    "cron",
    "zone",
    "start",
    "jitter",
    "missed",
    "overlap",
    "timeout",
    "restart",
    "restart_intensity",
    "restart_period",
    "restart_backoff",
    "restart_jitter",
    "restart_reset_after",
];

/// `readiness = "required"`
struct Required;

impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "required" => Ok(Self),
            _ => Err(D::Error::custom("it must be \"required\"")),
        }
    }
}

/// The places of a group of settings: a table of the file, and the variables with the same prefix. Later ones override
/// earlier ones.
pub(super) struct Group<'s> {
    sources: &'s Sources,
    /// `lifespan.policy.poll` and its table.
    tables: Vec<(String, &'s Table)>,
    /// `LIFESPAN_POLICY__POLL__`
    prefixes: Vec<String>,
}

/// The place of a setting: in a variable, with its text, or in a table, with its path.
enum Said<'g> {
    Variable(String, Reader<'g>),
    Entry(&'g str, &'g Entry),
}

impl Group<'_> {
    pub(super) fn setting<T: Value>(&self, name: &str, problems: &mut Vec<Problem>) -> Option<T> {
        for prefix in self.prefixes.iter().rev() {
            let variable = format!("{prefix}{}", variable_part(name));
            let Some(text) = self.sources.environment().get(&variable) else { continue };
            match T::read(text) {
                Ok(value) => return Some(value),
                Err(_) if text.is_empty_text() => {}
                Err(fault) => {
                    let what = format!("invalid value in {variable} (setting `{name}`): {}", fault.told(str::to_owned));
                    push_once(
                        problems,
                        Problem::new(ProblemKind::IllTypedArgument, what)
                            .at(format!("variable {variable}"))
                            .help("correct the variable or unset it"),
                    );
                    return None;
                }
            }
        }
        for (path, table) in self.tables.iter().rev() {
            let Some(entry) = table.get(name) else { continue };
            match T::read(Reader::node(&entry.node)) {
                Ok(value) => return Some(value),
                Err(fault) => {
                    let told = fault.told(str::to_owned);
                    let what = format!("invalid value for `{path}.{name}`: {told}");
                    let span = fault.span.as_ref().unwrap_or(&entry.node.span);
                    let document = self.sources.document()?;
                    push_once(
                        problems,
                        document
                            .problem(ProblemKind::IllTypedArgument, what, span, &told)
                            .help("correct the value or remove the line"),
                    );
                    return None;
                }
            }
        }
        None
    }

    /// Returns the sources' values for these keys.
    fn marks(&self, settings: &[&'static str]) -> Vec<Mark> {
        settings.iter().filter_map(|setting| self.mark(setting)).collect()
    }

    fn mark(&self, setting: &'static str) -> Option<Mark> {
        let (print, at) = match self.said(setting)? {
            Said::Variable(variable, text) => (text.print(), At::Variable(variable)),
            Said::Entry(_, Entry { key, node, .. }) => (Reader::node(node).print(), At::File(key.start)),
        };
        Some(Mark { key: setting, print, at })
    }

    /// Returns the place of a setting, if it is set: a later variable before an earlier one, and both before the
    /// tables.
    fn said(&self, name: &str) -> Option<Said<'_>> {
        let mut variables = self.prefixes.iter().rev().map(|prefix| format!("{prefix}{}", variable_part(name)));
        let variable = variables.find_map(|variable| {
            let text = self.sources.environment().get(&variable).filter(|text| !text.is_empty_text())?;
            Some(Said::Variable(variable, text))
        });
        let mut tables = self.tables.iter().rev();
        variable.or_else(|| tables.find_map(|(path, table)| Some(Said::Entry(path, table.get(name)?))))
    }

    /// Returns a problem with a setting, at its place and with its name; `None` if it is not set.
    pub(super) fn problem_at(&self, name: &str, what: impl FnOnce(&str) -> String) -> Option<Problem> {
        match self.said(name)? {
            Said::Variable(variable, _) => {
                let problem = Problem::new(ProblemKind::Conflict, what(&variable));
                Some(problem.at(format!("variable {variable}")))
            }
            Said::Entry(path, entry) => {
                let what = what(&format!("`{path}.{name}`"));
                Some(self.sources.document()?.problem(ProblemKind::Conflict, what, &entry.key, "here"))
            }
        }
    }
}

/// Instances of one unit share its policy, whose problems are reported once.
pub(super) fn push_once(problems: &mut Vec<Problem>, problem: Problem) {
    if problems.iter().all(|known| known.what() != problem.what()) {
        problems.push(problem);
    }
}

impl Sources {
    /// Reads the settings of the app.
    pub(crate) fn settings(&self, problems: &mut Vec<Problem>) -> Settings {
        self.check_settings(problems);
        let group = self.app_group();
        Settings {
            startup_timeout: group.setting("startup_timeout", problems),
            shutdown_timeout: group.setting("shutdown_timeout", problems),
            grace: group.setting("grace", problems),
            teardown_timeout: group.setting("teardown_timeout", problems),
            blocked_after: group.setting("blocked_after", problems),
            stable_after: group.setting("stable_after", problems),
            concurrent_startup: group.setting("concurrent_startup", problems),
            stay_up: group.setting("stay_up", problems),
            shared: group.setting("shared", problems),
        }
    }

    /// Returns the sources' values for the app.
    pub(crate) fn marks(&self) -> Vec<Mark> {
        self.app_group().marks(&SETTINGS)
    }

    /// Returns the sources' values for an instance, without its arguments.
    pub(crate) fn policy_marks(&self, names: &UnitNames, unit: &Descriptor, instance: &str) -> Vec<Mark> {
        let group = self.policy_group(names, unit, instance);
        if group.tables.is_empty() && group.prefixes.is_empty() { Vec::new() } else { group.marks(&POLICY_SETTINGS) }
    }

    fn app_group(&self) -> Group<'_> {
        let tables = self.lifespan().map(|table| ("lifespan".to_owned(), table)).into_iter().collect();
        Group { sources: self, tables, prefixes: vec![APP_PREFIX.into()] }
    }

    fn check_settings(&self, problems: &mut Vec<Problem>) {
        if let (Some(table), Some(document)) = (self.lifespan(), self.document()) {
            let known = SETTINGS.into_iter().chain(["policy"]);
            for entry in table.entries().iter().filter(|entry| !known.clone().any(|name| name == entry.name)) {
                let what = format!("`[lifespan]` has no setting `{}`", entry.shown());
                problems.push(
                    document
                        .problem(ProblemKind::UnknownName, what, &entry.key, "unknown setting")
                        .help(advice(&entry.name, known.clone())),
                );
            }
        }
        let known = SETTINGS.map(app_variable);
        for variable in self.environment().starting_with(APP_PREFIX) {
            if known.iter().all(|name| name != variable) {
                problems.push(
                    Problem::new(ProblemKind::UnknownName, format!("unknown setting of the app in {variable}"))
                        .at(format!("variable {variable}"))
                        .help(advice(variable, known.iter().map(String::as_str))),
                );
            }
        }
    }

    /// Reads the policy of an instance: the settings of its unit, overridden by those of the instance.
    pub(crate) fn policy(
        &self,
        names: &UnitNames,
        unit: &Descriptor,
        instance: &str,
        problems: &mut Vec<Problem>,
    ) -> Policy {
        let group = self.policy_group(names, unit, instance);
        if group.tables.is_empty() && group.prefixes.is_empty() {
            return Policy::default();
        }
        Policy {
            enabled: group.setting("enabled", problems),
            startup_timeout: group.setting("startup_timeout", problems),
            shutdown_timeout: group.setting("shutdown_timeout", problems),
            required: group.setting("readiness", problems).is_some_and(|Required| true),
            restart: restart::read(&group, unit, problems),
            schedule: schedule::read(&group, unit, problems),
        }
    }

    fn policy_group(&self, names: &UnitNames, unit: &Descriptor, instance: &str) -> Group<'_> {
        let table = self.lifespan().and_then(|table| table.table("policy"));
        let has_variables = self.environment().starting_with("LIFESPAN_POLICY__").next().is_some();
        let mut group = Group { sources: self, tables: Vec::new(), prefixes: Vec::new() };
        if table.is_none() && !has_variables {
            return group;
        }
        let mut addresses: Vec<String> = names.addresses(unit).to_vec();
        // The shortest last, so that it wins; having both is a conflict, which is reported with the unknown names.
        addresses.reverse();
        // Only in a refused plan can an instance have the name of another unit, so it is not looked up there.
        if names.find(instance).is_none() && !addresses.iter().any(|address| address == instance) {
            addresses.push(instance.to_owned());
        }
        let mut seen = BTreeSet::new();
        for address in addresses {
            if let Some(table) = table.and_then(|table| table.table(&address)) {
                group.tables.push((format!("lifespan.policy.{}", key_in_toml(&address)), table));
            }
            let prefix = format!("LIFESPAN_POLICY__{}__", variable_part(&address));
            if has_variables && seen.insert(prefix.clone()) {
                group.prefixes.push(prefix);
            }
        }
        group
    }
}
