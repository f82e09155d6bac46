//! The tables of units in the file: where they are, and those that have no effect.

use super::binder::key_in_toml;
use super::{Sources, UnitNames};
use crate::base::{Problem, ProblemKind};
use crate::declare::UnitInfo;

impl Sources {
    /// Returns the place of a unit's tables.
    pub(crate) fn table_place(&self, unit: &UnitInfo, names: &UnitNames) -> Option<String> {
        let (_, entry) = self.entry_for(unit, names)?;
        Some(self.document()?.place(&entry.key))
    }

    /// Returns a problem with a unit's table, if it has one: that it has no effect, with the reason.
    pub(crate) fn table_without_effect(&self, unit: &UnitInfo, names: &UnitNames, why: &str) -> Option<Problem> {
        let (name, entry) = self.entry_for(unit, names)?;
        let what = format!("`[tasks.{}]` has no effect: {why}", key_in_toml(name));
        Some(self.document()?.problem(ProblemKind::Conflict, what, &entry.key, "nothing of this is used"))
    }
}
