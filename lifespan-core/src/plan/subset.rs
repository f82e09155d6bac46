//! Selects a part of a program: the named units, and those that provide what they need.

use std::any::TypeId;
use std::collections::HashSet;

use super::edges::provides;
use crate::declare::Hold;
use crate::unit::{Descriptor, Linked};

/// Returns the named units and, of the other linked units, those that provide what the named ones require; types
/// provided by code or by a named unit are left out.
pub(crate) fn with_needs(linked: &Linked, named: &[&'static Descriptor], given: &HashSet<TypeId>) -> HashSet<TypeId> {
    let mut chosen = HashSet::new();
    let mut open = named.to_vec();
    while let Some(unit) = open.pop() {
        if !chosen.insert((unit.id)()) {
            continue;
        }
        let taken = unit.needs.iter().filter_map(|need| need().resource());
        let needed = taken.filter(|(_, hold)| *hold != Hold::Optional).map(|(ty, _)| ty.id);
        let is_provided = |ty: &TypeId| {
            let provides = |unit: &&Descriptor| provides(unit).is_some_and(|provided| provided.id == *ty);
            given.contains(ty) || named.iter().any(|unit| provides(&&**unit))
        };
        for ty in needed.filter(|ty| !is_provided(ty)) {
            open.extend(linked.units.iter().filter(|unit| provides(unit).is_some_and(|provided| provided.id == ty)));
        }
    }
    chosen
}
