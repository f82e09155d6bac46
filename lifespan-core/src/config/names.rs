//! The addresses of a unit for sources and people: its short name if unique, else `crate::name`, else its module path.

use std::collections::{HashMap, HashSet};

use crate::declare::{Argument, UnitInfo};

/// The end of a variable that names the file with another variable's value.
pub(crate) const FILE_SUFFIX: &str = "_FILE";
/// The prefix of the variables for the settings of units.
pub(crate) const POLICY_PREFIX: &str = "LIFESPAN_POLICY__";

/// The addresses of every discovered unit.
pub(crate) struct UnitNames {
    /// The units in the order in which they were discovered.
    units: Vec<&'static UnitInfo>,
    /// Address to unit; `None` if several units would have it.
    by_address: HashMap<String, Option<&'static UnitInfo>>,
    /// The addresses of each unit, the shortest first, keyed by the address of its descriptor in memory.
    by_unit: HashMap<usize, Vec<String>>,
}

impl UnitNames {
    pub(crate) fn new(units: impl IntoIterator<Item = &'static UnitInfo>) -> Self {
        let units: Vec<_> = units.into_iter().collect();
        let mut by_address: HashMap<String, Option<&'static UnitInfo>> = HashMap::with_capacity(units.len() * 2);
        let mut leads = |address: String, unit: &'static UnitInfo| {
            by_address
                .entry(address)
                .and_modify(|known| *known = known.filter(|known| known.is(unit)))
                .or_insert(Some(unit));
        };
        for unit in &units {
            leads(path(unit), unit);
        }
        // A unit in the crate's root has no longer name, so its name must not be taken by another unit's short form.
        let paths: HashSet<String> = units.iter().map(|unit| path(unit)).collect();
        for unit in &units {
            for address in spellings(unit).into_iter().filter(|address| !paths.contains(address)) {
                leads(address, unit);
            }
        }
        let mut names = Self { by_unit: HashMap::with_capacity(units.len()), units, by_address };
        for unit in names.units.clone() {
            let mut addresses = spellings(unit);
            addresses.retain(|address| names.find(address).is_some_and(|found| found.is(unit)));
            names.by_unit.insert(in_memory(unit), addresses);
        }
        names
    }

    /// Returns the unit at an address; `None` if it is unknown or several units share it.
    pub(crate) fn find(&self, address: &str) -> Option<&'static UnitInfo> {
        self.by_address.get(address).copied().flatten()
    }

    /// Returns the units that share an ambiguous address.
    pub(crate) fn sharing(&self, address: &str) -> Vec<&'static UnitInfo> {
        match self.by_address.get(address) {
            Some(None) => {
                self.units.iter().copied().filter(|unit| spellings(unit).iter().any(|one| one == address)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the addresses of this unit, the shortest first.
    pub(crate) fn addresses(&self, unit: &UnitInfo) -> &[String] {
        self.by_unit.get(&in_memory(unit)).map_or(&[], Vec::as_slice)
    }

    /// Returns the address that messages use: the shortest that belongs to this unit alone.
    pub(crate) fn address(&self, unit: &UnitInfo) -> String {
        self.addresses(unit).first().cloned().unwrap_or_else(|| full_name(unit))
    }

    pub(crate) fn units(&self) -> &[&'static UnitInfo] {
        &self.units
    }

    /// Returns every address, with its unit.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static UnitInfo, &str)> {
        self.units.iter().flat_map(|unit| self.addresses(unit).iter().map(|address| (*unit, address.as_str())))
    }

    /// Returns every keyword argument, with each address of its unit and each of its own names.
    pub(super) fn arguments(&self) -> impl Iterator<Item = (&'static UnitInfo, &'static Argument, &str, &'static str)> {
        self.all().flat_map(|(unit, address)| {
            let named = move |argument| argument_names(argument).map(move |name| (unit, argument, address, name));
            unit.arguments.iter().flat_map(named)
        })
    }
}

/// Returns the address of a descriptor in memory, which identifies a unit.
pub(super) fn in_memory(unit: &UnitInfo) -> usize {
    std::ptr::from_ref(unit).addr()
}

/// Returns `crate::name`.
pub(crate) fn full_name(unit: &UnitInfo) -> String {
    format!("{}::{}", unit.crate_name(), unit.name)
}

/// Returns every way to write a unit, unique or not.
fn spellings(unit: &UnitInfo) -> Vec<String> {
    let mut spellings = vec![unit.name.to_owned(), full_name(unit)];
    if unit.module != unit.crate_name() {
        spellings.push(path(unit));
    }
    spellings
}

/// Returns its module path and its name.
fn path(unit: &UnitInfo) -> String {
    format!("{}::{}", unit.module, unit.name)
}

/// Returns a name as a part of a variable: upper case, `__` for `::`, `_` for characters that a shell does not allow in
/// a name.
pub(crate) fn variable_part(name: &str) -> String {
    let parts = name.split("::").map(|part| {
        let part: String =
            part.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        // `probe[home]` is PROBE_HOME.
        if part.len() == name.len() && name.ends_with(']') { part.trim_end_matches('_').to_owned() } else { part }
    });
    parts.collect::<Vec<_>>().join("__")
}

/// Returns the variable of a keyword argument: `LIFESPAN__TASKS__POLL__FOO`.
pub(crate) fn argument_variable(address: &str, argument: &str) -> String {
    format!("LIFESPAN__TASKS__{}__{}", variable_part(address), variable_part(argument))
}

/// Returns the dotted key of a keyword argument: `tasks.poll.foo`.
pub(crate) fn argument_key(address: &str, argument: &str) -> String {
    format!("tasks.{address}.{argument}")
}

/// Returns the dotted key of a setting of a unit: `lifespan.policy.poll.enabled`.
pub(crate) fn policy_key(address: &str, setting: &str) -> String {
    format!("lifespan.policy.{address}.{setting}")
}

/// Returns the variable of a setting of a unit: `LIFESPAN_POLICY__POLL__ENABLED`.
pub(crate) fn policy_variable(address: &str, setting: &str) -> String {
    format!("{POLICY_PREFIX}{}__{}", variable_part(address), variable_part(setting))
}

/// Returns the name of an argument and its aliases.
pub(crate) fn argument_names(argument: &Argument) -> impl Iterator<Item = &'static str> {
    std::iter::once(argument.name).chain(argument.aliases.iter().copied())
}
