//! Counts along the edges of one kind: the dependencies that a node waits for, and the nodes that use it.

use super::phase::{ALIVE, GOING, THERE};
use super::plan::{Graph, Plan, UnitIndex};
use crate::base::Neighbours;

#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    /// For each node, the number of its dependencies that are not there.
    missing: Vec<u32>,
    /// For each node, the number of nodes that depend on it and are alive.
    users: Vec<u32>,
    /// For each node, the number of these that have to stop; counted for `follows` only.
    going: Vec<u32>,
}

impl Links {
    /// Creates the counts for units of which none is there or alive.
    pub(super) fn new(plan: &Plan, graph: &Graph, counts_going: bool) -> Self {
        if graph.is_empty() {
            return Self::default();
        }
        let nodes = plan.nodes();
        let all = || 0..u32::try_from(nodes).expect("fewer than 2^32 nodes");
        let mut links = Self {
            missing: all().map(|node| u32::try_from(graph.forwards.slice(node).len()).unwrap_or(u32::MAX)).collect(),
            users: vec![0; nodes],
            going: vec![0; if counts_going { nodes } else { 0 }],
        };
        for empty in all().skip(plan.units()).filter(|&node| graph.forwards.slice(node).is_empty()) {
            spread(plan, &graph.backwards, &mut links.missing, empty, false, &mut Vec::new());
        }
        links
    }

    #[cfg(test)]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.missing == other.missing && self.users == other.users && self.going == other.going
    }

    /// Returns whether there are no edges of this kind.
    pub(super) fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    pub(super) fn is_missing_nothing(&self, unit: UnitIndex) -> bool {
        self.missing.get(unit.at()).is_none_or(|&missing| missing == 0)
    }

    pub(super) fn is_used(&self, unit: UnitIndex) -> bool {
        self.users.get(unit.at()).is_some_and(|&users| users > 0)
    }

    /// Returns whether a node that has to stop depends on it.
    pub(super) fn is_used_by_what_goes(&self, unit: UnitIndex) -> bool {
        self.going.get(unit.at()).is_some_and(|&going| going > 0)
    }

    /// Counts a unit's change of class, and adds the units that may go on now to `look`.
    pub(super) fn count(
        &mut self,
        (plan, graph): (&Plan, &Graph),
        unit: UnitIndex,
        (changed, is): (u16, u16),
        look: &mut Vec<UnitIndex>,
    ) {
        if self.is_empty() {
            return;
        }
        if changed & ALIVE != 0 {
            spread(plan, &graph.forwards, &mut self.users, unit.0, is & ALIVE != 0, look);
        }
        if changed & GOING != 0 && !self.going.is_empty() {
            spread(plan, &graph.forwards, &mut self.going, unit.0, is & GOING != 0, look);
        }
        if changed & THERE != 0 {
            spread(plan, &graph.backwards, &mut self.missing, unit.0, is & THERE == 0, look);
        }
    }
}

/// Counts one more or one less at each neighbour. A barrier passes on its change between zero and one.
fn spread(plan: &Plan, along: &Neighbours, counts: &mut [u32], node: u32, more: bool, look: &mut Vec<UnitIndex>) {
    for &other in along.slice(node) {
        let count = &mut counts[other as usize];
        *count = if more { *count + 1 } else { *count - 1 };
        let count = *count;
        match plan.unit(other) {
            Some(unit) if count == 0 => look.push(unit),
            None if count == u32::from(more) => spread(plan, along, counts, other, more, look),
            _ => {}
        }
    }
}
