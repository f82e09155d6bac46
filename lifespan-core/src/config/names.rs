//! How sources and people address a unit: its short name where unique, else `crate::name`, else its module path.

use std::collections::{HashMap, HashSet};

use crate::unit::{Argument, Descriptor};

/// The addresses of every discovered unit.
pub(crate) struct UnitNames {
    /// In the order in which they were discovered.
    units: Vec<&'static Descriptor>,
    /// Address to unit; `None` where several units would have it.
    by_address: HashMap<String, Option<&'static Descriptor>>,
    /// The addresses that lead to one unit, the shortest first, by where its descriptor stands in memory.
    by_unit: HashMap<usize, Vec<String>>,
}

impl UnitNames {
    pub(crate) fn new(units: &[&'static Descriptor]) -> Self {
        let mut by_address: HashMap<String, Option<&'static Descriptor>> = HashMap::with_capacity(units.len() * 2);
        let mut leads = |address: String, unit: &'static Descriptor| {
            by_address
                .entry(address)
                .and_modify(|known| *known = known.filter(|known| known.is(unit)))
                .or_insert(Some(unit));
        };
        for unit in units {
            leads(path(unit), unit);
        }
        // A unit in the crate's root has no longer name: what is short for another is not to take that from it.
        let paths: HashSet<String> = units.iter().map(|unit| path(unit)).collect();
        for unit in units {
            for address in spellings(unit).into_iter().filter(|address| !paths.contains(address)) {
                leads(address, unit);
            }
        }
        let mut names = Self { units: units.to_vec(), by_address, by_unit: HashMap::with_capacity(units.len()) };
        for unit in units {
            let mut addresses = spellings(unit);
            addresses.retain(|address| names.find(address).is_some_and(|found| found.is(unit)));
            names.by_unit.insert(in_memory(unit), addresses);
        }
        names
    }

    /// The unit at an address; none where it is unknown or several units share it.
    pub(crate) fn find(&self, address: &str) -> Option<&'static Descriptor> {
        self.by_address.get(address).copied().flatten()
    }

    /// The units among which an address does not decide.
    pub(crate) fn sharing(&self, address: &str) -> Vec<&'static Descriptor> {
        match self.by_address.get(address) {
            Some(None) => {
                self.units.iter().copied().filter(|unit| spellings(unit).iter().any(|one| one == address)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The addresses that lead to this unit, the shortest first.
    pub(crate) fn addresses(&self, unit: &Descriptor) -> &[String] {
        self.by_unit.get(&in_memory(unit)).map_or(&[], Vec::as_slice)
    }

    /// The address that messages use: the shortest that leads to this unit alone.
    pub(crate) fn address(&self, unit: &Descriptor) -> String {
        self.addresses(unit).first().cloned().unwrap_or_else(|| full_name(unit))
    }

    pub(crate) fn units(&self) -> &[&'static Descriptor] {
        &self.units
    }
}

/// Where a descriptor stands in memory, which tells units apart.
pub(super) fn in_memory(unit: &Descriptor) -> usize {
    std::ptr::from_ref(unit).addr()
}

/// `crate::name`.
pub(crate) fn full_name(unit: &Descriptor) -> String {
    format!("{}::{}", unit.crate_name(), unit.name)
}

/// Every way to write a unit, unique or not.
fn spellings(unit: &Descriptor) -> Vec<String> {
    let mut spellings = vec![unit.name.to_owned(), full_name(unit)];
    if unit.module != unit.crate_name() {
        spellings.push(path(unit));
    }
    spellings
}

/// Its module path and its name.
fn path(unit: &Descriptor) -> String {
    format!("{}::{}", unit.module, unit.name)
}

/// A name as a part of a variable: upper case, `__` for `::`, `_` for what a shell does not take in a name.
pub(crate) fn variable_part(name: &str) -> String {
    let parts = name.split("::").map(|part| {
        let part: String =
            part.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        // `probe[home]` is PROBE_HOME.
        if part.len() == name.len() && name.ends_with(']') { part.trim_end_matches('_').to_owned() } else { part }
    });
    parts.collect::<Vec<_>>().join("__")
}

/// The variable of a keyword argument: `LIFESPAN__TASKS__POLL__FOO`.
pub(crate) fn argument_variable(address: &str, argument: &str) -> String {
    format!("LIFESPAN__TASKS__{}__{}", variable_part(address), variable_part(argument))
}

/// The name of an argument and its aliases.
pub(crate) fn argument_names(argument: &Argument) -> impl Iterator<Item = &'static str> {
    std::iter::once(argument.name).chain(argument.aliases.iter().copied())
}
