//! The dependency graph: nodes, their edges in both directions, and an order that respects them.
//!
//! # Invariants
//! - Nodes `0..units` are registrations; those after them are barriers, which stand for "all of these" and run nothing.
//!   A barrier orders `n` units before `m` others with `n + m` edges.
//! - An edge goes from a node to its dependency. Both directions list the same edges.
//! - An order-only edge orders the start and stop of two nodes, and no more. Any other edge also means
//!   that the dependent requires the dependency: it is restarted with it.

use std::collections::{BTreeSet, HashSet};

use super::sorting::{pair, parts, sort};
use crate::base::index::index;

/// A builder that collects edges.
pub(crate) struct Builder {
    nodes: usize,
    edges: Vec<(u32, u32)>,
    /// The order-only edges among them.
    order_only: Vec<(u32, u32)>,
}

impl Builder {
    pub(crate) fn new(units: usize) -> Self {
        Self { nodes: units, edges: Vec::new(), order_only: Vec::new() }
    }

    /// Adds an edge: `node` requires `dependency`.
    pub(crate) fn edge(&mut self, node: usize, dependency: usize) {
        self.edges.push((index(node), index(dependency)));
    }

    /// Adds an order-only edge: `node` starts after `dependency` and stops before it, but does not require it.
    pub(crate) fn order_only_edge(&mut self, node: usize, dependency: usize) {
        self.edge(node, dependency);
        self.order_only.push((index(node), index(dependency)));
    }

    /// Returns a node that stands for all of `members`.
    pub(crate) fn barrier(&mut self, members: impl IntoIterator<Item = usize>) -> usize {
        let barrier = self.nodes;
        self.nodes += 1;
        for member in members {
            self.edge(barrier, member);
        }
        barrier
    }

    pub(crate) fn build(&self) -> Graph {
        let backwards: Vec<_> = self.edges.iter().map(|&(node, dependency)| (dependency, node)).collect();
        Graph {
            dependencies: Neighbours::new(self.nodes, &self.edges),
            dependents: Neighbours::new(self.nodes, &backwards),
            order_only: self.order_only.iter().copied().collect(),
        }
    }
}

/// For each node its neighbours, in two flat arrays.
#[derive(Debug)]
pub(crate) struct Neighbours {
    nodes: usize,
    /// Empty if there are no edges.
    starts: Box<[u32]>,
    others: Box<[u32]>,
}

impl Neighbours {
    pub(crate) fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        if edges.is_empty() {
            return Self { nodes, starts: Box::default(), others: Box::default() };
        }
        let mut sorted: Vec<u64> = edges.iter().map(|&(node, other)| pair(node, other)).collect();
        sort(&mut sorted);
        sorted.dedup();
        let mut starts = vec![0; nodes + 1];
        for &edge in &sorted {
            starts[parts(edge).0 as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        Self { nodes, starts: starts.into(), others: sorted.into_iter().map(|edge| parts(edge).1).collect() }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Returns whether there are no edges.
    pub(crate) fn is_empty(&self) -> bool {
        self.others.is_empty()
    }

    /// Returns the neighbours of this node, in ascending order, each once.
    pub(crate) fn slice(&self, node: u32) -> &[u32] {
        if self.is_empty() {
            return &[];
        }
        &self.others[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// Returns the neighbours in ascending order, each once.
    pub(crate) fn of(&self, node: usize) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + '_ {
        self.slice(index(node)).iter().map(|&other| other as usize)
    }
}

pub(crate) struct Graph {
    pub(crate) dependencies: Neighbours,
    pub(crate) dependents: Neighbours,
    order_only: HashSet<(u32, u32)>,
}

impl Graph {
    pub(crate) fn nodes(&self) -> usize {
        self.dependencies.nodes()
    }

    pub(crate) fn is_order_only(&self, node: usize, dependency: usize) -> bool {
        !self.order_only.is_empty() && self.order_only.contains(&(index(node), index(dependency)))
    }

    /// Returns the same edges among this many nodes, each moved to another index.
    pub(crate) fn moved(&self, nodes: usize, place: impl Fn(usize) -> usize) -> Self {
        let mut builder = Builder::new(nodes);
        for node in 0..self.nodes() {
            for dependency in self.dependencies.of(node) {
                if self.is_order_only(node, dependency) {
                    builder.order_only_edge(place(node), place(dependency));
                } else {
                    builder.edge(place(node), place(dependency));
                }
            }
        }
        builder.build()
    }

    /// Returns `roots` and all nodes that require them, barriers included, in ascending order.
    pub(crate) fn followers(&self, roots: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut followers = BTreeSet::new();
        let mut open: Vec<usize> = roots.into_iter().collect();
        while let Some(node) = open.pop() {
            if followers.insert(node) {
                open.extend(self.dependents.of(node).filter(|&dependent| !self.is_order_only(dependent, node)));
            }
        }
        followers
    }

    /// Returns all nodes in ascending order, except that the dependencies of a node come before it; or the cycles, each
    /// as the nodes on it.
    pub(crate) fn order(&self) -> Result<Vec<usize>, Vec<Vec<usize>>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Placed,
        }
        if self.dependencies.is_empty() {
            return Ok((0..self.nodes()).collect());
        }
        let mut marks = vec![Mark::New; self.nodes()];
        let mut order = Vec::with_capacity(self.nodes());
        let mut circles = Vec::new();
        // The path from a root to a node, with the number of dependencies visited for each node on it.
        let mut path: Vec<(usize, usize)> = Vec::new();
        for root in 0..self.nodes() {
            if marks[root] != Mark::New {
                continue;
            }
            marks[root] = Mark::Open;
            path.push((root, 0));
            while let Some((node, looked_at)) = path.last_mut() {
                let node = *node;
                let Some(&dependency) = self.dependencies.slice(index(node)).get(*looked_at) else {
                    marks[node] = Mark::Placed;
                    order.push(node);
                    path.pop();
                    continue;
                };
                *looked_at += 1;
                let dependency = dependency as usize;
                match marks[dependency] {
                    Mark::New => {
                        marks[dependency] = Mark::Open;
                        path.push((dependency, 0));
                    }
                    Mark::Open => {
                        let from = path.iter().position(|&(node, _)| node == dependency).unwrap_or(0);
                        circles.push(path[from..].iter().map(|&(node, _)| node).collect());
                    }
                    Mark::Placed => {}
                }
            }
        }
        if circles.is_empty() { Ok(order) } else { Err(circles) }
    }
}

/// Marks all nodes that `roots` reach through `neighbours`, the roots included.
pub(crate) fn reach(neighbours: &Neighbours, roots: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut reached = vec![false; neighbours.nodes()];
    let mut open: Vec<usize> = roots.into_iter().collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            open.extend(neighbours.of(node));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::Builder;

    #[test]
    fn dependencies_of_a_node_are_moved_ahead_and_the_others_keep_their_order() {
        let mut builder = Builder::new(4);
        builder.edge(1, 3);
        assert_eq!(builder.build().order(), Ok(vec![0, 3, 1, 2]));
    }

    #[test]
    fn an_order_only_edge_orders_but_has_no_followers() {
        let mut builder = Builder::new(4);
        builder.edge(0, 3);
        builder.order_only_edge(1, 3);
        builder.edge(2, 0);
        let graph = builder.build();
        assert_eq!(graph.order(), Ok(vec![3, 0, 1, 2]));
        assert_eq!(graph.followers([3]).into_iter().collect::<Vec<_>>(), [0, 2, 3]);
    }

    #[test]
    fn a_cycle_is_found_as_a_path() {
        let mut builder = Builder::new(4);
        builder.edge(1, 2);
        builder.edge(2, 3);
        builder.edge(3, 1);
        assert_eq!(builder.build().order(), Err(vec![vec![1, 2, 3]]));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let mut builder = Builder::new(200_000);
        for node in 0..199_999 {
            builder.edge(node, node + 1);
        }
        let order = builder.build().order().expect("a chain has no cycle");
        assert_eq!(order.first(), Some(&199_999));
    }
}
