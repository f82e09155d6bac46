//! Turns a plan into the machine's plan: kinds, policies, limits and edges, as flat data.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::index::index;
use crate::declare::options::{self};
use crate::declare::{OnFailure, OnReturn, restart};
use crate::machine::{
    Draft, Edge, Group, GroupIndex, Kind, NEVER, Nanos, OnShutdown, Plan as Blueprint, Restart, Strategy, UnitIndex,
    UnitSpec, UpWhen, When,
};
use crate::plan::Plan;
use crate::plan::registration::{self};
use crate::plan::{Entry, Limits};

/// Makes the machine's plan from a plan and the limits of its run.
pub(super) fn blueprint(plan: &Plan, limits: &Limits) -> Blueprint {
    let entries = &plan.registrations.entries;
    let mut groups = Groups::default();
    let (mut specs, mut units) = (Vec::new(), Vec::with_capacity(entries.len()));
    let mut last = None;
    for (unit, entry) in entries.iter().enumerate() {
        // Instances of one unit are mostly adjacent, and share one spec.
        let declared = entry.is_as_declared().then_some(std::ptr::from_ref(entry.unit));
        if declared.is_none() || declared != last {
            specs.push(spec(plan, limits, unit, &mut groups));
        }
        last = declared;
        units.push(index(specs.len() - 1));
    }
    let order: Vec<UnitIndex> = plan.order().filter(|&node| node < entries.len()).map(unit_index).collect();
    for &unit in &order {
        groups.add(entries[unit.at()].unit.options.group, unit);
    }
    Blueprint::new(Draft {
        specs,
        units,
        groups: groups.all,
        barriers: plan.graph.nodes() - entries.len(),
        edges: edges(plan),
        order,
        concurrent: limits.concurrent_startup,
        stay_up: limits.stay_up,
        stop_limit: nanos(limits.shutdown),
    })
}

pub(super) fn unit_index(unit: usize) -> UnitIndex {
    UnitIndex(index(unit))
}

pub(super) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}

/// The groups, each once, identified by their address.
#[derive(Default)]
struct Groups {
    all: Vec<Group>,
    known: HashMap<usize, GroupIndex>,
}

impl Groups {
    fn of(&mut self, group: Option<&'static restart::Group>) -> Option<GroupIndex> {
        let group = group?;
        let next = GroupIndex(u16::try_from(self.all.len()).expect("fewer than 2^16 groups"));
        let index = *self.known.entry(std::ptr::from_ref(group).addr()).or_insert(next);
        if index == next {
            self.all.push(Group {
                strategy: match group.strategy {
                    restart::Strategy::OneForOne => Strategy::OneForOne,
                    restart::Strategy::RestForOne => Strategy::RestForOne,
                    restart::Strategy::OneForAll => Strategy::OneForAll,
                },
                intensity: group.intensity,
                period: nanos(group.period),
                members: Vec::new(),
            });
        }
        Some(index)
    }

    fn add(&mut self, group: Option<&'static restart::Group>, member: UnitIndex) {
        if let Some(index) = self.of(group) {
            self.all[usize::from(index.0)].members.push(member);
        }
    }
}

fn spec(plan: &Plan, limits: &Limits, unit: usize, groups: &mut Groups) -> UnitSpec {
    let entry = &plan.registrations.entries[unit];
    let options = &entry.unit.options;
    let kind = match (entry.is_context(), options.once) {
        (true, _) => Kind::Context,
        (false, true) => Kind::Once,
        (false, false) => Kind::Task,
    };
    let default = if entry.is_context() { limits.teardown } else { limits.grace };
    UnitSpec {
        up_when: up_when(entry),
        on_shutdown: match entry.on_shutdown() {
            options::OnShutdown::Notify => OnShutdown::Notify,
            options::OnShutdown::Finish => OnShutdown::Finish,
            options::OnShutdown::Drop => OnShutdown::Drop,
        },
        ignores_failure: options.on_failure == Some(OnFailure::Ignore),
        return_stops_app: options.on_return == Some(OnReturn::Shutdown),
        blocking: options.blocking,
        background: options.background,
        server: options.serves,
        required: entry.is_required(),
        restart: entry.restart().map(|restart| policy(&restart)),
        group: groups.of(options.group),
        startup_limit: entry.startup_limit(limits.startup).map_or(NEVER, nanos),
        stable_after: nanos(limits.stable_after),
        stop_limit: nanos(entry.shutdown_timeout().unwrap_or(default)),
        runs: plan.registrations.runs(unit),
        ..UnitSpec::new(kind)
    }
}

fn up_when(entry: &Entry) -> UpWhen {
    match entry.up_when() {
        registration::UpWhen::Awaiting => UpWhen::FirstAwait,
        registration::UpWhen::Reported => UpWhen::Notified,
        registration::UpWhen::Returned => UpWhen::Returned,
    }
}

fn policy(restart: &restart::Restart) -> Restart {
    Restart {
        when: match restart.when {
            restart::When::Permanent => When::Permanent,
            restart::When::Transient => When::Transient,
            restart::When::Temporary => When::Temporary,
        },
        intensity: restart.intensity,
        period: nanos(restart.period),
        delays: (nanos(restart.backoff.0), nanos(restart.backoff.1)),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is from 0 to 1")]
        jitter: (restart.jitter * f64::from(u16::MAX)) as u16,
        reset_after: nanos(restart.reset_after),
    }
}

/// Returns the edges, each with its kind. All edges of a barrier have one kind.
fn edges(plan: &Plan) -> Vec<(u32, u32, Edge)> {
    let (graph, units) = (&plan.graph, plan.registrations.entries.len());
    let orders = |barrier: usize| graph.dependents.of(barrier).any(|node| graph.is_order_only(node, barrier));
    let mut edges = Vec::new();
    for node in 0..graph.nodes() {
        for dependency in graph.dependencies.of(node) {
            let barrier = [node, dependency].into_iter().find(|&node| node >= units);
            let kind = match barrier {
                Some(barrier) if orders(barrier) => Edge::Order,
                None if graph.is_order_only(node, dependency) => Edge::Live,
                _ => Edge::Needs,
            };
            edges.push((index(node), index(dependency), kind));
        }
    }
    edges
}
