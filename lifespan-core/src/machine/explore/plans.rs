//! Plans to explore: all structures with a number of units, with pairwise policies, and random ones. Long for its
//! tables of policies; it is compiled for tests only.

use std::fmt;

use super::super::plan::{
    Draft, Edge, Group, GroupIndex, Kind, OnShutdown, Plan, Restart, Strategy, UnitIndex, UnitSpec, UpWhen, When,
};
use super::super::{Machine, NEVER};

/// A plan, and the features that may occur.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) draft: Draft,
    /// The units that return a value, as bits.
    values: u8,
    pub(super) features: Features,
    /// The random number for delays.
    pub(super) chance: u16,
    /// The number of commands after which the machine interrupts an input.
    pub(super) stride: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Draft { specs, groups, barriers, edges, concurrent, stay_up, .. } = &self.draft;
        for (unit, spec) in (0..).map(UnitIndex).zip(specs) {
            writeln!(f, "  {unit:?}: {spec:?}, value: {}", self.returns_value(unit))?;
        }
        writeln!(f, "  {edges:?}, {barriers} barriers, {groups:?}")?;
        write!(f, "  concurrent: {concurrent}, stay_up: {stay_up}, stride: {}, {:?}", self.stride, self.features)
    }
}

/// Events that may occur in addition to starts, ends, deadlines and shutdown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    /// A unit fails before its future ends.
    pub(super) fails: bool,
    /// Restarts by hand.
    pub(super) restarts: bool,
    /// Restarts by hand of all units at once.
    pub(super) restarts_all: bool,
    /// Other plans.
    pub(super) plans: bool,
    /// Other plans that remove one unit and change another.
    pub(super) plans_mix: bool,
    /// More time to come up.
    pub(super) extends: bool,
    /// A unit blocks the thread of another.
    pub(super) starves: bool,
    /// Restarts in place.
    pub(super) in_place: bool,
    /// The runtime is dropped.
    pub(super) cut_off: bool,
    /// `exit(75)`
    pub(super) exits: bool,
    /// The maximum number of requests for restarts and plans.
    pub(super) calls: u8,
    /// The only unit that fails before its future ends, is named by a request, or is starved.
    pub(super) only: Option<UnitIndex>,
}

impl Features {
    /// Returns these features with fewer calls, or with one feature less.
    pub(super) fn simpler(self) -> Option<Self> {
        let Self { fails, restarts, plans, starves, calls, .. } = self;
        let less = match (fails, restarts, plans, starves) {
            _ if calls > 1 => Self { calls: 1, ..self },
            (true, true, ..) | (true, _, true, _) => Self { fails: false, ..self },
            (.., true) if fails || restarts || plans => Self { starves: false, ..self },
            (_, true, true, _) => Self { plans: false, ..self },
            _ if fails || restarts || plans || starves => {
                Self { fails: false, restarts: false, plans: false, starves: false, calls: 0, ..self }
            }
            _ => return None,
        };
        Some(less)
    }

    pub(super) fn concern(&self, unit: UnitIndex) -> bool {
        self.only.is_none_or(|only| only == unit)
    }
}

impl Case {
    pub(super) fn plan(&self) -> Plan {
        Plan::new(self.draft.clone())
    }

    pub(super) fn machine(&self) -> Machine {
        let mut machine = Machine::new(self.plan().into());
        machine.set_chance(self.chance);
        machine.set_stride(self.stride);
        machine
    }

    pub(super) fn returns_value(&self, unit: UnitIndex) -> bool {
        self.values & 1 << unit.0 != 0
    }

    /// Returns the plan without these units and their edges.
    pub(super) fn plan_without(&self, is_out: impl Fn(UnitIndex) -> bool) -> Plan {
        let mut draft = self.draft.clone();
        for (unit, spec) in (0..).map(UnitIndex).zip(&mut draft.specs) {
            spec.runs = !is_out(unit);
        }
        draft.edges.retain(|&(node, other, _)| !is_out(UnitIndex(node)) && !is_out(UnitIndex(other)));
        Plan::new(draft)
    }

    /// Returns a simpler case: with fewer features, or with one unit less that restarts.
    pub(super) fn simpler(&self) -> Option<Self> {
        let mut case = self.clone();
        if let Some(features) = self.features.simpler() {
            case.features = features;
            return Some(case);
        }
        let unit = case.draft.specs.iter().rposition(|spec| spec.restart.is_some())?;
        let spec = &mut case.draft.specs[unit];
        (spec.restart, spec.group) = (None, None);
        case.draft.groups[0].members.retain(|member| member.at() != unit);
        Some(case)
    }

    /// Returns the case without its last unit.
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

/// The choices for a unit, with the number of values of each.
const OF_UNIT: [usize; 10] = [6, 2, 3, 2, 2, 2, 2, 3, 3, 2];
const RESTART: usize = 0;
const IGNORES_FAILURE: usize = 1;
const ON_SHUTDOWN: usize = 2;
const GROUP: usize = 3;
/// A context or a `once` task returns a value; a task notifies when it is up.
const VALUE: usize = 4;
const RETURN_STOPS_APP: usize = 5;
const BACKGROUND: usize = 6;
const STARTUP_LIMIT: usize = 7;
const READINESS: usize = 8;
const STABLE_AFTER: usize = 9;

/// The choices for a plan: the features, the strategy of the group, `stay_up`, the start order by index, and whether
/// the edges that are not `Needs` are `Live` or `Order`.
const OF_PLAN: [usize; 5] = [FEATURES.len(), 3, 2, 3, 2];

const NONE: Features = Features {
    fails: false,
    restarts: false,
    restarts_all: false,
    plans: false,
    plans_mix: false,
    extends: false,
    starves: false,
    in_place: false,
    cut_off: false,
    exits: false,
    calls: 0,
    only: None,
};

/// The pairs of features.
pub(super) const FEATURES: [Features; 6] = [
    Features { fails: true, restarts: true, calls: 1, ..NONE },
    Features { fails: true, plans: true, calls: 1, ..NONE },
    Features { fails: true, starves: true, ..NONE },
    Features { restarts: true, starves: true, calls: 1, ..NONE },
    Features { plans: true, starves: true, calls: 1, ..NONE },
    Features { restarts: true, plans: true, calls: 2, ..NONE },
];

/// A row of choices.
#[derive(Clone, Debug)]
pub(super) struct Row(Vec<usize>);

/// Returns rows that contain each pair of values of each two choices at least once.
pub(super) fn pairwise(units: u32) -> Vec<Row> {
    let units = usize::try_from(units).expect("few units");
    let sizes: Vec<usize> = OF_UNIT.iter().copied().cycle().take(OF_UNIT.len() * units).chain(OF_PLAN).collect();
    let mut open = std::collections::BTreeSet::new();
    for (one, &size) in sizes.iter().enumerate() {
        for (two, &other) in sizes.iter().enumerate().skip(one + 1) {
            open.extend((0..size).flat_map(|a| (0..other).map(move |b| (one, a, two, b))));
        }
    }
    let mut rows = Vec::new();
    let mut random = Random(1);
    while let Some(&(one, a, two, b)) = open.first() {
        let covered = |row: &Row| open.iter().filter(|&&(one, a, two, b)| row.0[one] == a && row.0[two] == b).count();
        let mut at_random = || {
            let mut row = Row(sizes.iter().map(|&size| random.below(size)).collect());
            (row.0[one], row.0[two]) = (a, b);
            row
        };
        let Some(best) = (0..10).map(|_| at_random()).max_by_key(covered) else { break };
        open.retain(|&(one, a, two, b)| !(best.0[one] == a && best.0[two] == b));
        rows.push(best);
    }
    rows
}

impl Row {
    pub(super) fn units(&self) -> usize {
        (self.0.len() - OF_PLAN.len()) / OF_UNIT.len()
    }

    fn of_unit(&mut self, unit: usize) -> &mut [usize] {
        &mut self.0[unit * OF_UNIT.len()..][..OF_UNIT.len()]
    }

    /// Lets only `restarting` units restart, from this one on: units that restart have many more states.
    pub(super) fn tamed(mut self, from: usize, restarting: usize) -> Self {
        let units = self.units();
        for unit in (restarting..units).map(|unit| (from + unit) % units) {
            let choices = self.of_unit(unit);
            (choices[RESTART], choices[GROUP]) = (0, 0);
        }
        self
    }

    /// Puts only `members` units into the group, from this one on; only these restart.
    pub(super) fn grouped(self, from: usize, members: usize) -> Self {
        let mut row = self.tamed(from, members);
        let units = row.units();
        for unit in (0..members).map(|unit| (from + unit) % units) {
            row.of_unit(unit)[GROUP] = 1;
        }
        row
    }
}

/// Kinds of units in start order, and the edges between them.
#[derive(Clone, Debug)]
pub(super) struct Structure {
    kinds: Vec<Kind>,
    edges: Vec<(u32, u32, Edge)>,
    concurrent: bool,
}

/// Returns all structures with this number of units.
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
    /// Returns the case of this structure with the policies of a row.
    pub(super) fn case(&self, row: &Row) -> Case {
        let units = u32::try_from(self.kinds.len()).expect("few units");
        let &[features, strategy, stay_up, order, follows] = row.0.last_chunk().expect("choices of a plan");
        let order: Vec<UnitIndex> = match order {
            0 => (0..units).map(UnitIndex).collect(),
            1 => (0..units).rev().map(UnitIndex).collect(),
            _ => (1..=units).map(|unit| UnitIndex(unit % units)).collect(),
        };
        let mut specs = vec![UnitSpec::new(Kind::Task); self.kinds.len()];
        let mut values = 0;
        for ((&unit, &kind), choices) in order.iter().zip(&self.kinds).zip(row.0.chunks(OF_UNIT.len())) {
            values |= u8::from(choices[VALUE] == 1 && kind != Kind::Task) << unit.0;
            specs[unit.at()] = spec(kind, choices);
        }
        let members = order.iter().copied().filter(|unit| specs[unit.at()].group.is_some()).collect();
        let strategy = [Strategy::OneForOne, Strategy::RestForOne, Strategy::OneForAll][strategy];
        let edge = |&(from, to, edge): &(u32, u32, Edge)| {
            let edge = if edge == Edge::Live && follows == 1 { Edge::Order } else { edge };
            (order[from as usize].0, order[to as usize].0, edge)
        };
        let draft = Draft {
            groups: vec![Group { strategy, intensity: 1, period: 1, members }],
            units: (0..units).collect(),
            specs,
            barriers: 0,
            edges: self.edges.iter().map(edge).collect(),
            order,
            concurrent: self.concurrent,
            stay_up: stay_up == 1,
            stop_limit: 1_000,
        };
        Case { draft, values, features: FEATURES[features], chance: u16::MAX, stride: usize::MAX }
    }
}

fn spec(kind: Kind, choices: &[usize]) -> UnitSpec {
    let mut spec = UnitSpec::new(kind);
    let policy = |when, intensity, delays| Restart { when, intensity, period: 1, delays, jitter: 0, reset_after: 3 };
    spec.restart = match choices[RESTART] {
        0 => None,
        1 => Some(policy(When::Transient, 1, (10, 10))),
        2 => Some(policy(When::Permanent, 1, (0, 0))),
        3 => Some(policy(When::Transient, 2, (10, 40))),
        4 => Some(policy(When::Temporary, 1, (10, 10))),
        _ => Some(Restart { jitter: u16::MAX / 2, ..policy(When::Permanent, 1, (10, 10)) }),
    };
    spec.ignores_failure = choices[IGNORES_FAILURE] == 1;
    spec.on_shutdown = [OnShutdown::Notify, OnShutdown::Drop, OnShutdown::Finish][choices[ON_SHUTDOWN]];
    if choices[GROUP] == 1 {
        spec.group = Some(GroupIndex(0));
        spec.restart = spec.restart.or(Some(policy(When::Transient, 3, (0, 0))));
    }
    if choices[VALUE] == 1 && kind == Kind::Task {
        spec.up_when = UpWhen::Notified;
    }
    spec.return_stops_app = choices[RETURN_STOPS_APP] == 1 && kind == Kind::Task;
    spec.background = choices[BACKGROUND] == 1 && kind == Kind::Task;
    // Longer than all delays, than the first, or none.
    spec.startup_limit = [1_000, 20, if kind == Kind::Context { 1_000 } else { NEVER }][choices[STARTUP_LIMIT]];
    spec.stop_limit = 100;
    (spec.server, spec.required) = (choices[READINESS] == 1, choices[READINESS] == 2);
    // Less or more than `reset_after`.
    spec.stable_after = [2, 10][choices[STABLE_AFTER]];
    spec
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

/// Returns a random plan with this number of units and all features.
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
        only: None,
    };
    case.chance = u16::try_from(random.below(1 << 16)).expect("a number of 16 bits");
    case.stride = [usize::MAX, usize::MAX, 1, 4][random.below(4)];
    case
}

/// Adds a barrier: some later units start after some earlier ones.
fn add_barrier(random: &mut Random, draft: &mut Draft, units: u32) {
    let kind = [Edge::Needs, Edge::Order][random.below(2)];
    let middle = units / 2;
    draft.barriers = 1;
    for (place, unit) in (0..).zip(&draft.order) {
        if random.one_in(2) {
            draft.edges.push(if place < middle { (units, unit.0, kind) } else { (unit.0, units, kind) });
        }
    }
}
