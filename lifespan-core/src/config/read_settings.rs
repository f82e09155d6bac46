//! Reads `[lifespan]` and `[lifespan.policy.<unit>]` with their variables: the operator's settings for the app and for
//! units.

use std::collections::BTreeSet;

use lifespan_text::{Period, Readiness, RestartSettings, ScheduleSettings, UnitSettings, advice};

use super::app_settings::PolicySettings;
use super::binder::key_in_toml;
use super::layered_settings::{Group, Reading};
use super::names::{FILE_SUFFIX, POLICY_PREFIX, policy_key, policy_variable, variable_part};
use super::{Fingerprint, Policy, Settings, Sources, UnitNames, policy_restart, policy_schedule};
use crate::base::{Problem, ProblemKind};
use crate::declare::UnitInfo;

/// The prefix of the variables for the app's settings.
pub(super) const APP_PREFIX: &str = "LIFESPAN_APP__";

pub(super) fn app_variable(setting: &str) -> String {
    format!("{APP_PREFIX}{}", variable_part(setting))
}

/// Returns the keys of `[lifespan]`, without `policy`.
pub(super) fn app_keys() -> impl Iterator<Item = &'static str> + Clone {
    Settings::NAMES.iter().map(|name| name.key)
}

/// Returns the keys of `[lifespan.policy.<unit>]`.
pub(super) fn policy_keys() -> impl Iterator<Item = &'static str> + Clone {
    [PolicySettings::NAMES, UnitSettings::NAMES, ScheduleSettings::NAMES, RestartSettings::NAMES]
        .into_iter()
        .flatten()
        .map(|name| name.key)
}

impl Sources {
    /// Reads the settings of the app.
    pub(crate) fn settings(&self, problems: &mut Vec<Problem>) -> Settings {
        self.check_settings(problems);
        Settings::read(&mut Reading { group: &self.app_group(), problems })
    }

    /// Returns a problem with a setting of the app, at its place and with its name; `None` if it is not set.
    pub(crate) fn app_problem(
        &self,
        kind: ProblemKind,
        setting: &str,
        what: impl FnOnce(&str) -> String,
    ) -> Option<Problem> {
        self.app_group().problem_of(kind, setting, what)
    }

    /// Returns the sources' values for the app.
    pub(crate) fn fingerprints(&self) -> Vec<Fingerprint> {
        self.app_group().fingerprints(app_keys())
    }

    /// Returns the sources' values for an instance, without its arguments.
    pub(crate) fn policy_fingerprints(&self, names: &UnitNames, unit: &UnitInfo, instance: &str) -> Vec<Fingerprint> {
        let group = self.policy_group(names, unit, instance);
        if group.is_empty() { Vec::new() } else { group.fingerprints(policy_keys()) }
    }

    fn app_group(&self) -> Group<'_> {
        let tables = self.lifespan().map(|table| ("lifespan".to_owned(), table)).into_iter().collect();
        Group { sources: self, tables, keys: vec!["lifespan.".into()], prefixes: vec![APP_PREFIX.into()] }
    }

    fn check_settings(&self, problems: &mut Vec<Problem>) {
        if let (Some(table), Some(document)) = (self.lifespan(), self.document()) {
            let known = app_keys().chain(["policy"]);
            for entry in table.entries().iter().filter(|entry| !known.clone().any(|name| name == entry.name)) {
                let what = format!("`[lifespan]` has no setting `{}`", entry.shown());
                problems.push(
                    document
                        .problem(ProblemKind::UnknownName, what, &entry.key, "unknown setting")
                        .help(advice(&entry.name, known.clone())),
                );
            }
        }
        let known: Vec<String> = app_keys().map(app_variable).collect();
        for variable in self.environment().starting_with(APP_PREFIX) {
            let meant = variable.strip_suffix(FILE_SUFFIX);
            if known.iter().all(|name| name != variable && Some(name.as_str()) != meant) {
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
        unit: &UnitInfo,
        instance: &str,
        problems: &mut Vec<Problem>,
    ) -> Policy {
        let group = self.policy_group(names, unit, instance);
        if group.is_empty() {
            return Policy::default();
        }
        let PolicySettings { enabled, restart } = PolicySettings::read(&mut Reading { group: &group, problems });
        let UnitSettings { startup_timeout, shutdown_timeout, readiness } =
            UnitSettings::read(&mut Reading { group: &group, problems });
        Policy {
            enabled,
            startup_timeout: startup_timeout.map(Period::get),
            shutdown_timeout,
            required: readiness.is_some_and(|Readiness::Required| true),
            restart: policy_restart::read(restart, &group, unit, problems),
            schedule: policy_schedule::read(&group, unit, problems),
        }
    }

    fn policy_group(&self, names: &UnitNames, unit: &UnitInfo, instance: &str) -> Group<'_> {
        let table = self.lifespan().and_then(|table| table.table("policy"));
        let has_variables = self.environment().starting_with(POLICY_PREFIX).next().is_some();
        let has_keys = self.layers().has_any("lifespan.policy.");
        let mut group = Group { sources: self, tables: Vec::new(), keys: Vec::new(), prefixes: Vec::new() };
        if table.is_none() && !has_variables && !has_keys {
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
            if has_keys {
                group.keys.push(policy_key(&address, ""));
            }
            let prefix = policy_variable(&address, "");
            if has_variables && seen.insert(prefix.clone()) {
                group.prefixes.push(prefix);
            }
        }
        group
    }
}
