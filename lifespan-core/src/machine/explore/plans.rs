//! Plans to explore: all structures of so many units, with policies in pairs, and random ones.

use std::fmt;

use super::super::plan::{
    Draft, Edge, Group, GroupIndex, Kind, OnShutdown, Plan, Restart, Strategy, UnitIndex, UnitSpec, UpWhen, When,
};
use super::super::{Machine, NEVER};

/// A plan, and what may happen to it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) draft: Draft,
    /// The units that return a value, as bits.
    values: u8,
    pub(super) features: Features,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Draft { specs, groups, barriers, edges, concurrent, stay_up, .. } = &self.draft;
        for (unit, spec) in (0..).map(UnitIndex).zip(specs) {
            writeln!(f, "  {unit:?}: {spec:?}, value: {}", self.returns_value(unit))?;
        }
        writeln!(f, "  {edges:?}, {barriers} barriers, {groups:?}")?;
        write!(f, "  concurrent: {concurrent}, stay_up: {stay_up}, {:?}", self.features)
    }
}

/// Things that may happen beside starting, ending, deadlines and shutdown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Features {
    /// A unit fails while its future is there.
    pub(super) fails: bool,
    /// Restarts by hand.
    pub(super) restarts: bool,
    /// Restarts by hand of all units at once.
    pub(super) restarts_all: bool,
    /// Other plans.
    pub(super) plans: bool,
    /// Other plans that take out one unit and change another.
    pub(super) plans_mix: bool,
    /// More time to come up.
    pub(super) extends: bool,
    /// A unit blocks the thread of another.
    pub(super) starves: bool,
    /// Restarts without asking.
    pub(super) in_place: bool,
    /// The runtime goes away.
    pub(super) cut_off: bool,
    /// `exit(75)`
    pub(super) exits: bool,
    /// The number of restarts and plans that may be asked for.
    pub(super) calls: u8,
}

impl Case {
    pub(super) fn plan(&self) -> Plan {
        Plan::new(self.draft.clone())
    }

    pub(super) fn machine(&self) -> Machine {
        Machine::new(self.plan().into())
    }

    pub(super) fn returns_value(&self, unit: UnitIndex) -> bool {
        self.values & 1 << unit.0 != 0
    }

    /// The plan without these units and their edges.
    pub(super) fn plan_without(&self, is_out: impl Fn(UnitIndex) -> bool) -> Plan {
        let mut draft = self.draft.clone();
        for (unit, spec) in (0..).map(UnitIndex).zip(&mut draft.specs) {
            spec.runs = !is_out(unit);
        }
        draft.edges.retain(|&(node, other, _)| !is_out(UnitIndex(node)) && !is_out(UnitIndex(other)));
        Plan::new(draft)
    }

    /// One unit less; it is the last.
    pub(super) fn without_last(&self) -> Option<Self> {
        let mut case = self.clone();
        case.draft.units.pop().filter(|_| !case.draft.units.is_empty())?;
        case.draft.specs.pop();
        let (last, units) = (u32::try_from(case.draft.units.len()).ok()?, case.draft.units.len());
        case.draft.edges.retain(|&(node, other, _)| node != last && other != last);
        let moved = |node: u32| if node > last { node - 1 } else { node };
        for edge in &mut case.draft.edges {
            (edge.0, edge.1) = (moved(edge.0), moved(edge.1));
        }
        case.draft.order.retain(|unit| unit.at() < units);
        for group in &mut case.draft.groups {
            group.members.retain(|unit| unit.at() < units);
        }
        Some(case)
    }
}

/// The number of values of each choice, for a unit and for a plan.
const OF_UNIT: [usize; 7] = [4, 2, 2, 2, 2, 2, 3];
const OF_PLAN: [usize; 3] = [4, 3, 2];

/// A row of choices.
#[derive(Clone, Debug)]
pub(super) struct Row(Vec<usize>);

/// Rows in which each two choices meet at least once in each of their values.
pub(super) fn pairwise(units: usize) -> Vec<Row> {
    let sizes: Vec<usize> = OF_UNIT.iter().copied().cycle().take(OF_UNIT.len() * units).chain(OF_PLAN).collect();
    let mut open = std::collections::BTreeSet::new();
    for (one, &size) in sizes.iter().enumerate() {
        for (two, &other) in sizes.iter().enumerate().skip(one + 1) {
            open.extend((0..size).flat_map(|a| (0..other).map(move |b| (one, a, two, b))));
        }
    }
    let mut rows = Vec::new();
    let mut random = Random(1);
    while !open.is_empty() {
        let covered = |row: &Row| open.iter().filter(|&&(one, a, two, b)| row.0[one] == a && row.0[two] == b).count();
        let rows_at_random = (0..30).map(|_| Row(sizes.iter().map(|&size| random.below(size)).collect()));
        let Some(best) = rows_at_random.max_by_key(covered) else { break };
        open.retain(|&(one, a, two, b)| !(best.0[one] == a && best.0[two] == b));
        rows.push(best);
    }
    rows
}

impl Row {
    /// Leaves restarts to one of the units: what restarts has many more states.
    pub(super) fn tamed(mut self, number: usize) -> Self {
        let units = self.0.len() / OF_UNIT.len();
        for unit in (0..units).filter(|unit| *unit != number % units) {
            (self.0[unit * OF_UNIT.len()], self.0[unit * OF_UNIT.len() + 3]) = (0, 0);
        }
        self
    }
}

/// Kinds of units, and the edges between them.
#[derive(Clone, Debug)]
pub(super) struct Structure {
    kinds: Vec<Kind>,
    edges: Vec<(u32, u32, Edge)>,
    concurrent: bool,
}

/// All structures of so many units.
pub(super) fn structures(units: u32) -> Vec<Structure> {
    let kinds = [Kind::Task, Kind::Context, Kind::Once];
    let pairs: Vec<(u32, u32)> = (0..units).flat_map(|to| (to + 1..units).map(move |from| (from, to))).collect();
    let mut all = Vec::new();
    for number in 0..3_usize.pow(units) {
        let kinds: Vec<Kind> = (0..units).map(|unit| kinds[number / 3_usize.pow(unit) % 3]).collect();
        for number in 0..3_usize.pow(u32::try_from(pairs.len()).expect("few pairs")) {
            let edge = |(place, &(from, to)): (u32, &(u32, u32))| match number / 3_usize.pow(place) % 3 {
                0 => None,
                1 => Some((from, to, Edge::Needs)),
                _ => Some((from, to, Edge::Live)),
            };
            let edges: Vec<_> = (0..).zip(&pairs).filter_map(edge).collect();
            for concurrent in [false, true] {
                all.push(Structure { kinds: kinds.clone(), edges: edges.clone(), concurrent });
            }
        }
    }
    all
}

impl Structure {
    /// This structure with the policies of a row.
    pub(super) fn case(&self, row: &Row) -> Case {
        let units = self.kinds.len();
        let of_plan = &row.0[row.0.len() - OF_PLAN.len()..];
        let mut values = 0;
        let specs: Vec<UnitSpec> = self
            .kinds
            .iter()
            .enumerate()
            .map(|(unit, &kind)| {
                let choices = &row.0[unit * OF_UNIT.len()..][..OF_UNIT.len()];
                if choices[4] == 1 && kind != Kind::Task {
                    values |= 1 << unit;
                }
                spec(kind, choices)
            })
            .collect();
        let members = (0..).map(UnitIndex).zip(&specs).filter(|(_, spec)| spec.group.is_some());
        let members = members.map(|(unit, _)| unit).collect();
        let strategy = [Strategy::OneForOne, Strategy::RestForOne, Strategy::OneForAll][of_plan[1]];
        let draft = Draft {
            groups: vec![Group { strategy, intensity: 1, period: 1, members }],
            order: (0..).map(UnitIndex).take(units).collect(),
            units: (0..).take(units).collect(),
            specs,
            barriers: 0,
            edges: self.edges.clone(),
            concurrent: self.concurrent,
            stay_up: of_plan[2] == 1,
            stop_limit: 1_000,
        };
        Case { draft, values, features: features(of_plan[0]) }
    }
}

fn spec(kind: Kind, choices: &[usize]) -> UnitSpec {
    let mut spec = UnitSpec::new(kind);
    let policy = |when, intensity, delays| Restart { when, intensity, period: 1, delays, jitter: 0, reset_after: 3 };
    spec.restart = match choices[0] {
        0 => None,
        1 => Some(policy(When::Transient, 1, (10, 10))),
        2 => Some(policy(When::Permanent, 1, (0, 0))),
        _ => Some(policy(When::Transient, 2, (10, 40))),
    };
    spec.ignores_failure = choices[1] == 1;
    spec.on_shutdown = if choices[2] == 1 { OnShutdown::Drop } else { OnShutdown::Notify };
    if choices[3] == 1 {
        spec.group = Some(GroupIndex(0));
        spec.restart = spec.restart.or(Some(policy(When::Transient, 3, (0, 0))));
    }
    if choices[4] == 1 && kind == Kind::Task {
        spec.up_when = UpWhen::Said;
    }
    if choices[5] == 1 {
        spec.return_stops_app = kind == Kind::Task;
        spec.background = kind == Kind::Task;
        spec.blocking = kind != Kind::Context;
        spec.stable_after = 2;
    }
    // Longer than all delays, than the first, or none.
    spec.startup_limit = [1_000, 20, if kind == Kind::Context { 1_000 } else { NEVER }][choices[6]];
    spec.stop_limit = 100;
    spec.server = choices[2] == 0;
    spec
}

fn features(choice: usize) -> Features {
    let none = Features::default();
    match choice {
        0 => Features { restarts: true, calls: 1, ..none },
        1 => Features { plans: true, calls: 1, ..none },
        2 => Features { fails: true, ..none },
        _ => Features { starves: true, ..none },
    }
}

/// A random number generator: `SplitMix64`.
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("a limit of 64 bits");
        usize::try_from(self.next() % limit).expect("less than the limit")
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A random plan of so many units, in which all may happen.
pub(super) fn random_case(random: &mut Random, units: u32) -> Case {
    let count = usize::try_from(units).expect("few units");
    let row = Row(OF_UNIT
        .iter()
        .copied()
        .cycle()
        .take(OF_UNIT.len() * count)
        .chain(OF_PLAN)
        .map(|size| random.below(size))
        .collect());
    let kinds = (0..units).map(|_| [Kind::Task, Kind::Context, Kind::Context, Kind::Once][random.below(4)]).collect();
    let mut edges = Vec::new();
    for from in 0..units {
        for to in 0..from {
            match random.below(6) {
                0 | 1 => edges.push((from, to, Edge::Needs)),
                2 if random.one_in(2) => edges.push((from, to, Edge::Live)),
                _ => {}
            }
        }
    }
    let mut case = Structure { kinds, edges, concurrent: random.one_in(2) }.case(&row);
    for spec in &mut case.draft.specs {
        if let Some(policy) = &mut spec.restart {
            policy.intensity += u32::try_from(random.below(5)).expect("few restarts");
        }
    }
    case.draft.groups[0].intensity += u32::try_from(random.below(5)).expect("few restarts");
    if units > 3 && random.one_in(3) {
        add_barrier(random, &mut case.draft, units);
    }
    let likely = |random: &mut Random| !random.one_in(3);
    case.features = Features {
        fails: likely(random),
        restarts: likely(random),
        plans: likely(random) && case.draft.barriers == 0,
        restarts_all: random.one_in(3),
        plans_mix: random.one_in(2),
        extends: random.one_in(3),
        starves: random.one_in(3),
        in_place: random.one_in(3),
        cut_off: random.one_in(10),
        exits: random.one_in(2),
        calls: u8::try_from(random.below(5)).expect("few calls"),
    };
    case
}

/// Some of the earlier units stand together before one of the later.
fn add_barrier(random: &mut Random, draft: &mut Draft, units: u32) {
    let kind = [Edge::Needs, Edge::Order][random.below(2)];
    let middle = units / 2;
    draft.barriers = 1;
    draft.edges.extend((0..middle).filter(|_| random.one_in(2)).map(|unit| (units, unit, kind)));
    draft.edges.extend((middle..units).filter(|_| random.one_in(2)).map(|unit| (unit, units, kind)));
}
