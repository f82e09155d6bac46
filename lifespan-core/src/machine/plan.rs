//! The plan as the machine reads it: kinds, policies, limits and edges, as flat data.

use std::collections::BTreeSet;
use std::fmt;

use super::phase::{
    ALIVE, AWAITED, CONTEXT, DEGRADED, GOING, MEMBER, OPEN, PLAIN, STARTING, THERE, UNREADY, UNSETTLED, WAITS,
};
use super::time::{NEVER, Nanos};
use crate::base::Neighbours;
use crate::base::sorting::sort_by_number;

/// A registration: its index is the same for the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnitIndex(pub(crate) u32);

impl UnitIndex {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for UnitIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{}", self.0)
    }
}

/// A group of units that are restarted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GroupIndex(pub(crate) u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Runs until it returns or is asked to stop.
    Task,
    /// Ends before the app is up; may return a value for other units.
    Once,
    /// Sets up a resource, holds it and tears it down.
    Context,
}

/// The moment at which a unit is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpWhen {
    /// At its first await.
    FirstAwait,
    /// It provides its resource, or notifies with its `Ready`.
    Notified,
    /// It has returned.
    Returned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnShutdown {
    /// Asked to stop, with a grace.
    Notify,
    /// Runs on within its grace.
    Finish,
    /// Dropped at its next await.
    Drop,
}

/// The ends of a unit that a restart follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Permanent,
    Transient,
    Temporary,
}

/// A restart policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Restart {
    pub(crate) when: When,
    /// The number of restarts that may lie within one period.
    pub(crate) intensity: u32,
    pub(crate) period: Nanos,
    /// The first delay, and the longest.
    pub(crate) delays: (Nanos, Nanos),
    /// The random share of a delay, in units of 1/65,536.
    pub(crate) jitter: u16,
    /// After this time up, the next delay is the first one again.
    pub(crate) reset_after: Nanos,
}

impl Restart {
    /// Returns the delay before the restart of this number, counted from 0. `chance` is a random number.
    pub(super) fn delay(&self, number: u32, chance: u16) -> Nanos {
        let (first, longest) = self.delays;
        let whole = first.saturating_mul(1_u64.checked_shl(number.min(63)).unwrap_or(u64::MAX)).min(longest);
        let share = (u128::from(self.jitter) * u128::from(chance) * u128::from(whole)) >> 32;
        whole - u64::try_from(share).unwrap_or(whole)
    }
}

/// The members of a group that a failure of one of them restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    OneForOne,
    RestForOne,
    OneForAll,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: u32,
    pub(crate) period: Nanos,
    /// In start order.
    pub(crate) members: Vec<UnitIndex>,
}

/// The properties of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct UnitSpec {
    pub(crate) kind: Kind,
    pub(crate) up_when: UpWhen,
    pub(crate) on_shutdown: OnShutdown,
    /// Its failure leaves the app up.
    pub(crate) ignores_failure: bool,
    /// Its return stops the app.
    pub(crate) return_stops_app: bool,
    /// A task that does not keep the app up.
    pub(crate) background: bool,
    /// Runs on its own thread, which can't be dropped.
    pub(crate) blocking: bool,
    /// A server: the app is not ready while a unit that it needs is not up.
    pub(crate) server: bool,
    /// The app is not ready while this unit is not up.
    pub(crate) required: bool,
    pub(crate) restart: Option<Restart>,
    pub(crate) group: Option<GroupIndex>,
    /// [`NEVER`] for none.
    pub(crate) startup_limit: Nanos,
    /// Its grace, or the limit of its teardown.
    pub(crate) stop_limit: Nanos,
    /// The time up after which it has recovered from a failure.
    pub(crate) stable_after: Nanos,
    /// Not removed by a later plan.
    pub(crate) runs: bool,
}

impl UnitSpec {
    pub(crate) fn new(kind: Kind) -> Self {
        let second = 1_000_000_000;
        Self {
            kind,
            up_when: match kind {
                Kind::Task => UpWhen::FirstAwait,
                Kind::Once => UpWhen::Returned,
                Kind::Context => UpWhen::Notified,
            },
            on_shutdown: OnShutdown::Notify,
            ignores_failure: false,
            return_stops_app: false,
            background: false,
            blocking: false,
            server: false,
            required: false,
            restart: None,
            group: None,
            startup_limit: if kind == Kind::Once { NEVER } else { 60 * second },
            stop_limit: if kind == Kind::Context { 5 * second } else { 10 * second },
            stable_after: 10 * second,
            runs: true,
        }
    }

    pub(super) fn is_context(&self) -> bool {
        self.kind == Kind::Context
    }

    /// Returns whether its restarts concern this unit only: those of a task that is in no group.
    pub(super) fn restarts_alone(&self) -> bool {
        !self.is_context() && self.group.is_none()
    }
}

/// A dependency between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// `Res` or `after`: the node needs the other, and restarts with it.
    Needs,
    /// `Live`: starts after the other and stops before it.
    Live,
    /// `first` or `last`: starts after the other and stops before it; readiness ignores the edge.
    Order,
}

/// The units to run, their order and their dependencies.
///
/// Nodes `0..units` are units. Later nodes are barriers, which stand for a set of units and run nothing. All edges of a
/// barrier, in both directions, have the same kind.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The properties of units: most plans have many units of few kinds.
    specs: Vec<UnitSpec>,
    /// The index of each unit's properties.
    units: Vec<u32>,
    pub(crate) groups: Vec<Group>,
    /// `Needs` edges.
    pub(super) needs: Graph,
    /// All other edges.
    pub(super) follows: Graph,
    /// Units, each after all that it depends on.
    pub(super) order: Vec<UnitIndex>,
    /// Contexts in start order.
    pub(super) contexts: Vec<UnitIndex>,
    /// The position of each unit in the order.
    pub(super) places: Vec<u32>,
    /// For each unit, the class bits that are counted for it.
    pub(super) masks: Vec<u16>,
    /// For each unit, whether it is a task on which no context depends: these end before the first context is torn
    /// down.
    pub(super) is_plain: Vec<bool>,
    pub(super) keeps_up: bool,
    pub(super) is_batch: bool,
    /// Some delays are random.
    pub(super) has_jitter: bool,
    pub(crate) concurrent: bool,
    pub(crate) stay_up: bool,
    /// The limit of the whole stop.
    pub(crate) stop_limit: Nanos,
}

/// Edges of one kind in both directions.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) forwards: Neighbours,
    pub(super) backwards: Neighbours,
}

/// The parts of a plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) specs: Vec<UnitSpec>,
    /// For each unit, the index of its spec.
    pub(crate) units: Vec<u32>,
    pub(crate) groups: Vec<Group>,
    pub(crate) barriers: usize,
    /// A node, the node that it depends on, and the kind of the edge.
    pub(crate) edges: Vec<(u32, u32, Edge)>,
    /// Units in start order.
    pub(crate) order: Vec<UnitIndex>,
    pub(crate) concurrent: bool,
    pub(crate) stay_up: bool,
    pub(crate) stop_limit: Nanos,
}

impl Default for Plan {
    fn default() -> Self {
        Self::new(Draft::default())
    }
}

impl Plan {
    pub(crate) fn new(draft: Draft) -> Self {
        let Draft { specs, units, groups, barriers, edges, order, concurrent, stay_up, stop_limit } = draft;
        let nodes = units.len() + barriers;
        let of = |wanted: fn(Edge) -> bool| -> Vec<(u32, u32)> {
            edges.iter().filter(|edge| wanted(edge.2)).map(|&(node, other, _)| (node, other)).collect()
        };
        let needs = Graph::new(nodes, &of(|edge| edge == Edge::Needs));
        let follows = Graph::new(nodes, &of(|edge| edge != Edge::Needs));
        let counts_for_readiness = Neighbours::new(nodes, &of(|edge| edge != Edge::Order));
        let mut places = vec![0; units.len()];
        for (place, unit) in (0..).zip(&order) {
            places[unit.at()] = place;
        }
        let spec = |unit: usize| &specs[units[unit] as usize];
        let all = || (0..units.len()).map(spec).filter(|spec| spec.runs);
        let is = |wanted: fn(&UnitSpec) -> bool| (0..units.len()).filter(|&unit| wanted(spec(unit))).collect();
        let is_needed = reach(nodes, is(|unit| unit.server || unit.required), &[&counts_for_readiness]);
        let holds_context = reach(nodes, is(UnitSpec::is_context), &[&needs.forwards, &follows.forwards]);
        let tasks = || all().filter(|unit| !unit.is_context());
        let mut plan = Self {
            keeps_up: tasks().any(|unit| !unit.background),
            is_batch: tasks().any(|unit| unit.kind == Kind::Once)
                && tasks().all(|unit| unit.kind == Kind::Once || unit.background),
            has_jitter: specs.iter().filter_map(|spec| spec.restart).any(|policy| policy.jitter > 0),
            is_plain: (0..units.len()).map(|unit| !spec(unit).is_context() && !holds_context[unit]).collect(),
            masks: Vec::new(),
            contexts: order.iter().copied().filter(|unit| spec(unit.at()).is_context()).collect(),
            specs,
            units,
            groups,
            needs,
            follows,
            order,
            places,
            concurrent,
            stay_up,
            stop_limit,
        };
        let masks: Vec<u16> = plan.specs.iter().map(mask).collect();
        let mask = |unit: usize| {
            let not = if is_needed[unit] { DEGRADED } else { UNREADY } | if plan.is_plain[unit] { 0 } else { PLAIN };
            masks[plan.units[unit] as usize] & !not
        };
        plan.masks = (0..plan.units.len()).map(mask).collect();
        plan
    }

    #[inline]
    pub(super) fn spec(&self, unit: UnitIndex) -> &UnitSpec {
        &self.specs[self.units[unit.at()] as usize]
    }

    pub(super) fn units(&self) -> usize {
        self.units.len()
    }

    /// Returns whether a unit is in the plan and not removed.
    #[inline]
    pub(super) fn runs(&self, unit: UnitIndex) -> bool {
        unit.at() < self.units.len() && self.spec(unit).runs
    }

    pub(super) fn place(&self, unit: UnitIndex) -> u32 {
        self.places[unit.at()]
    }

    pub(super) fn nodes(&self) -> usize {
        self.needs.forwards.nodes()
    }

    /// Returns the unit of a node; `None` for a barrier.
    pub(super) fn unit(&self, node: u32) -> Option<UnitIndex> {
        ((node as usize) < self.units.len()).then_some(UnitIndex(node))
    }

    pub(super) fn group(&self, unit: UnitIndex) -> Option<(GroupIndex, &Group)> {
        let index = self.spec(unit).group?;
        Some((index, &self.groups[usize::from(index.0)]))
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = UnitIndex> + use<> {
        (0..u32::try_from(self.units.len()).unwrap_or(u32::MAX)).map(UnitIndex)
    }

    /// Returns these units and all that need them, in start order.
    pub(super) fn followers(&self, roots: &[UnitIndex]) -> Vec<UnitIndex> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<u32> = roots.iter().map(|root| root.0).collect();
        while let Some(node) = open.pop() {
            if reached.insert(node) {
                open.extend_from_slice(self.needs.backwards.slice(node));
            }
        }
        let followers = reached.into_iter().filter_map(|node| self.unit(node)).collect();
        sort_by_number(followers, |unit| self.place(*unit))
    }
}

impl Graph {
    fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let backwards: Vec<_> = edges.iter().map(|&(node, other)| (other, node)).collect();
        Self { forwards: Neighbours::new(nodes, edges), backwards: Neighbours::new(nodes, &backwards) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.forwards.is_empty()
    }
}

/// Marks these nodes and all that are reached from them.
fn reach(nodes: usize, mut open: Vec<usize>, along: &[&Neighbours]) -> Vec<bool> {
    let mut reached = vec![false; nodes];
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            let node = u32::try_from(node).expect("fewer than 2^32 nodes");
            open.extend(along.iter().flat_map(|along| along.slice(node)).map(|&other| other as usize));
        }
    }
    reached
}

/// Returns the classes that a unit with these properties can be in, with the bits for contexts and members.
fn mask(spec: &UnitSpec) -> u16 {
    let mut mask = ALIVE | THERE | UNSETTLED | WAITS | STARTING | GOING | AWAITED;
    // A removed unit does not affect readiness.
    mask |= if spec.runs { UNREADY | DEGRADED } else { 0 };
    mask |= if spec.group.is_some() { MEMBER } else { 0 };
    if spec.kind == Kind::Context {
        return mask | CONTEXT;
    }
    mask | PLAIN | if spec.background { 0 } else { OPEN }
}
