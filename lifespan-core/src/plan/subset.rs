//! Selects a part of a program: the named units, and what they need.

use std::any::TypeId;
use std::collections::HashSet;

use super::edges::provides;
use super::why::Why;
use crate::base::ByType;
use crate::declare::{Hold, Need};
use crate::unit::Descriptor;

/// The dependencies that are followed from a unit to those that it needs.
pub(crate) struct Follow<'a> {
    /// All units of the program.
    pub(crate) linked: &'a [&'static Descriptor],
    /// Types for which code provides a value.
    pub(crate) given: &'a HashSet<TypeId>,
    /// Set if the units that a unit is `after` are needed too.
    pub(crate) after: bool,
    /// Returns the resources that a unit's registrations need beyond its declaration.
    pub(crate) own_needs: &'a dyn Fn(&Descriptor) -> Vec<Need>,
    /// Returns whether a unit can run at all.
    pub(crate) may_run: &'a dyn Fn(&Descriptor) -> bool,
    /// Returns whether a unit would run by itself: such a provider is preferred.
    pub(crate) is_preferred: &'a dyn Fn(&Descriptor) -> bool,
}

impl Follow<'_> {
    /// Returns the named units and those that they need, each with the reason.
    pub(crate) fn with_needs(&self, named: &[&'static Descriptor]) -> ByType<Why> {
        let mut providers: ByType<Vec<&'static Descriptor>> = ByType::default();
        for unit in self.linked.iter().filter(|unit| (self.may_run)(unit)) {
            if let Some(ty) = provides(unit) {
                providers.entry(ty.id).or_default().push(unit);
            }
        }
        let given_by_named: HashSet<TypeId> =
            named.iter().filter_map(|unit| provides(unit)).map(|provided| provided.id).collect();
        let mut chosen: ByType<Why> = ByType::default();
        let mut open: Vec<(&'static Descriptor, Why)> = named.iter().map(|unit| (*unit, Why::Only)).collect();
        // Those that are named come first, so that this is their reason.
        open.reverse();
        let mut next = Vec::new();
        while let Some((unit, why)) = open.pop().or_else(|| next.pop()) {
            if chosen.contains_key(&(unit.id)()) {
                continue;
            }
            chosen.insert((unit.id)(), why);
            let resources = unit.needs.iter().map(|need| need()).chain((self.own_needs)(unit));
            for ty in
                resources.filter_map(Need::resource).filter(|(_, hold)| *hold != Hold::Optional).map(|(ty, _)| ty.id)
            {
                if self.given.contains(&ty) || given_by_named.contains(&ty) {
                    continue;
                }
                let all = providers.get(&ty).map_or(&[][..], Vec::as_slice);
                let is_any_preferred = all.iter().any(|unit| (self.is_preferred)(unit));
                let taken = all.iter().filter(|unit| !is_any_preferred || (self.is_preferred)(unit));
                next.extend(taken.map(|provider| (*provider, Why::NeededBy(unit.name))));
            }
            for edge in unit.after.iter().filter(|_| self.after) {
                let id = (edge.id)();
                let awaited = self.linked.iter().find(|unit| (unit.id)() == id && (self.may_run)(unit));
                next.extend(awaited.map(|awaited| (*awaited, Why::NeededBy(unit.name))));
            }
        }
        chosen
    }
}
