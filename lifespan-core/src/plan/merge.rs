//! Merges a new plan into the running one: registrations in both keep their index, so that they keep running.

use std::collections::HashMap;
use std::sync::Arc;

use super::registrations::Registrations;
use crate::base::index::index;
use crate::plan::plan::Plan;

/// A plan that will replace another.
pub(crate) struct Merged {
    pub(crate) plan: Plan,
    /// The index of each registration, in registration order.
    pub(crate) indices: Vec<usize>,
}

impl Plan {
    /// Returns this plan with the indices of the other. New registrations come last. Removed ones keep their index,
    /// without edges; if one comes back, it gets its index again.
    pub(crate) fn in_place_of(&self, before: &Registrations) -> Merged {
        let known: HashMap<_, _> =
            before.entries.iter().enumerate().map(|(index, entry)| (entry.identity(), index)).collect();
        let mut entries = before.entries.to_vec();
        for entry in &mut entries {
            entry.is_removed = true;
        }
        let mut indices = Vec::with_capacity(self.registrations.entries.len());
        for entry in &self.registrations.entries {
            let index = known.get(&entry.identity()).copied().unwrap_or(entries.len());
            if index == entries.len() {
                entries.push(entry.clone());
            } else {
                entries[index] = entry.clone();
            }
            indices.push(index);
        }
        let (units, all) = (indices.len(), entries.len());
        let nodes = all + self.graph.nodes() - units;
        let place = |node: usize| indices.get(node).copied().unwrap_or_else(|| all + node - units);
        let graph = self.graph.moved(nodes, place);
        let mut is_ordered = vec![false; nodes];
        let mut order = Vec::with_capacity(nodes);
        for node in self.order() {
            is_ordered[place(node)] = true;
            order.push(index(place(node)));
        }
        order.extend((0..nodes).filter(|&node| !is_ordered[node]).map(index));
        let listed = indices.iter().copied().map(index).collect();
        let registrations = Arc::new(before.followed_by(entries, listed, Arc::clone(&self.registrations.choice)));
        let order = order.into();
        Merged { plan: Self { registrations, graph, order, wall_clock: self.wall_clock }, indices }
    }
}
