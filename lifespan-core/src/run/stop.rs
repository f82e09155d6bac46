//! Stopping, of the whole or of a part: one graph walked backwards.
//!
//! # Invariants
//! - A unit is told to stop only when every node that waits for it is released: it has ended, or never started.
//! - Tasks that no context waits for have all ended before the first context is torn down.
//! - In order, contexts are torn down one at a time, the last that came up first; after a concurrent startup, along
//!   the graph.
//! - In a part, members of one group are stopped one at a time, the last in the start order first.
//! - A resource that its unit has returned is dropped when that unit is released, so after its last user.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::budget::{Budget, DROP_ALLOWANCE};
use super::deadlines::Due;
use super::panics;
use super::sequencer::{Life, Sequencer, count};
use crate::plan::edges::provides;
use crate::state::{Outcome, Status};
use crate::unit::OnShutdown;

/// How long dropped futures may take to go after a second signal.
const FORCED_ALLOWANCE: Duration = Duration::from_secs(1);

/// In place of a number of nodes; also for a node that a part is not about.
const RELEASED: u32 = u32::MAX;

/// A stop under way.
pub(super) struct Stop {
    /// The time of the stop of the whole; a part has each unit's own limit.
    budget: Option<Budget>,
    /// How many nodes that wait for each node are not released; [`RELEASED`] when it is itself.
    left: Vec<u32>,
    /// Nodes with nothing left that waits for them, not yet looked at.
    free: Vec<usize>,
    released: usize,
    /// Running tasks that no context waits for.
    plain_tasks: usize,
    /// Contexts in start order; the last is torn down next.
    contexts: Vec<usize>,
    /// In order, the context that is being torn down; before the first, also those that a stop of a part left under way,
    /// and setups that are being dropped.
    current: Vec<usize>,
    /// In a part, which member of its group is stopped after each.
    chain: Option<HashMap<usize, usize>>,
    /// For each node of a part, whether a context waits for it; that of the plan, for the whole.
    holds_context: Option<Box<[bool]>>,
}

impl Stop {
    const EMPTY: Self = Self {
        budget: None,
        left: Vec::new(),
        free: Vec::new(),
        released: 0,
        plain_tasks: 0,
        contexts: Vec::new(),
        current: Vec::new(),
        chain: None,
        holds_context: None,
    };

    pub(super) fn is_over(&self) -> bool {
        self.released == self.left.len()
    }

    /// Whether it is about this node, and not done with it.
    pub(super) fn concerns(&self, node: usize) -> bool {
        self.left[node] != RELEASED
    }
}

impl Stop {
    /// Puts the end of its time off.
    pub(super) fn postpone(&mut self, by: Duration) {
        if let Some(budget) = &mut self.budget {
            budget.postpone(by);
        }
    }
}

impl Sequencer {
    /// Stops whatever runs.
    pub(super) async fn stop_all(&mut self) {
        self.give_up_parts();
        self.begin_stop(None);
        loop {
            let done = self.walk();
            if self.forced.is_some() {
                return self.drop_everything().await;
            }
            if self.stop.as_ref().is_none_or(Stop::is_over) {
                return;
            }
            if done { self.turn().await } else { self.let_run().await }
        }
    }

    /// Begins the stop of a part, or of the whole.
    pub(super) fn begin_stop(&mut self, part: Option<&[usize]>) {
        let now = self.now;
        let concerned: Vec<usize> = part.map_or_else(|| (0..self.lives.len()).collect(), <[usize]>::to_vec);
        let setups: Vec<usize> = concerned.iter().copied().filter(|&node| self.is_being_set_up(node)).collect();
        let mut stop = part.map_or_else(|| self.stop_of_whole(), |nodes| self.stop_of_part(nodes));
        let holds = |stop: &Stop, node: usize| {
            stop.holds_context.as_ref().map_or(self.run.plan.holds_context[node], |holds| holds[node])
        };
        let runs = |node: usize| !matches!(self.lives[node], Life::Waiting | Life::Over | Life::Stuck);
        stop.plain_tasks = concerned.iter().filter(|&&node| runs(node) && !holds(&stop, node)).count();
        let mut contexts: Vec<usize> =
            concerned.iter().copied().filter(|&node| self.entry(node).is_context()).collect();
        if part.is_none() {
            let order = self.run.plan.order().filter(|&node| node < self.lives.len());
            contexts = order.filter(|&node| self.entry(node).is_context()).collect();
        }
        stop.contexts =
            contexts.iter().copied().filter(|&node| matches!(self.lives[node], Life::Up | Life::Holding)).collect();
        if part.is_none() {
            let torn_down = |node: &usize| matches!(self.lives[*node], Life::Up | Life::Holding | Life::Stopping);
            let limits = contexts.iter().filter(|node| torn_down(node)).map(|&node| self.stop_limit(node));
            stop.budget = Some(Budget::new(now, self.run.limits.shutdown, limits));
        }
        self.stop = Some(stop);
        for node in setups {
            self.drop_unit(node, Outcome::Dropped, now);
        }
        if part.is_none() {
            self.hurry_on();
        }
        // They may use what came up before them, as a teardown may: in order, they are gone before that goes.
        contexts.retain(|&node| is_under_way(self.lives[node]));
        if let Some(stop) = &mut self.stop {
            stop.current = contexts;
        }
    }

    /// Whether a unit is a context with nothing to tear down yet: then it is dropped at once.
    fn is_being_set_up(&mut self, node: usize) -> bool {
        self.lives[node] == Life::Starting && self.entry(node).is_context() && !self.has_provided(node)
    }

    /// Whether a context has provided, though word of it is still on its way. If not, its setup is as good as dropped.
    pub(super) fn has_provided(&mut self, node: usize) -> bool {
        let has_provided = !self.run.cells.of(node).drop_setup();
        if has_provided {
            self.up(node, Life::Up);
        }
        has_provided
    }

    /// What was told for a part's sake has no more time than the whole stop leaves it.
    fn hurry_on(&mut self) {
        let now = self.now;
        for node in (0..self.lives.len()).filter(|&node| self.lives[node] == Life::Stopping).collect::<Vec<_>>() {
            let (limit, is_context) = (self.stop_limit(node), self.entry(node).is_context());
            let Some(budget) = self.stop.as_mut().and_then(|stop| stop.budget.as_mut()) else { return };
            let until = if is_context { budget.context(now, limit) } else { budget.task(now, limit) };
            self.remind(until, node, Due::Stop);
        }
    }

    fn stop_of_whole(&self) -> Stop {
        let plan = &self.run.plan;
        let left: Vec<u32> = (0..plan.graph.nodes()).map(|node| count(plan.graph.dependents.of(node).len())).collect();
        let free = plan.order().filter(|&node| left[node] == 0).collect();
        Stop { left, free, ..Stop::EMPTY }
    }

    /// The stop of these nodes, which are in start order.
    fn stop_of_part(&self, nodes: &[usize]) -> Stop {
        let graph = &self.run.plan.graph;
        let units = self.lives.len();
        let mut left = vec![RELEASED; graph.nodes()];
        for node in nodes.iter().copied().chain(units..graph.nodes()) {
            left[node] = 0;
        }
        let mut chain = HashMap::new();
        let mut last: HashMap<usize, usize> = HashMap::new();
        for &node in nodes.iter().rev() {
            let Some(group) = self.entry(node).unit.options.group else { continue };
            if let Some(later) = last.insert(std::ptr::from_ref(group).addr(), node) {
                chain.insert(later, node);
                left[node] += 1;
            }
        }
        let concerned: Vec<usize> = nodes.iter().copied().chain(units..graph.nodes()).collect();
        for &node in &concerned {
            for dependency in graph.dependencies.of(node) {
                if left[dependency] != RELEASED {
                    left[dependency] += 1;
                }
            }
        }
        let mut holds_context = vec![false; graph.nodes()];
        let mut open: Vec<usize> = nodes.iter().copied().filter(|&node| self.entry(node).is_context()).collect();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut holds_context[node], true) {
                open.extend(graph.dependencies.of(node).filter(|&dependency| left[dependency] != RELEASED));
                open.extend(chain.get(&node));
            }
        }
        let free = concerned.iter().copied().filter(|&node| left[node] == 0).collect();
        let released = left.len() - concerned.len();
        Stop { left, free, released, chain: Some(chain), holds_context: Some(holds_context.into()), ..Stop::EMPTY }
    }

    /// How long a unit may take to stop: its grace, or its teardown.
    pub(super) fn stop_limit(&self, node: usize) -> Duration {
        let limits = &self.run.limits;
        let default = if self.entry(node).is_context() { limits.teardown } else { limits.grace };
        self.entry(node).shutdown_timeout().unwrap_or(default)
    }

    /// Looks at nodes that have become free, and at the next context; whether that were all.
    pub(super) fn walk(&mut self) -> bool {
        for _ in 0..self.stride {
            if let Some(node) = self.stop.as_mut().and_then(|stop| stop.free.pop()) {
                self.look_at(node);
            } else if !self.tear_down_next() {
                return true;
            }
        }
        false
    }

    /// Nothing waits for this node any more.
    fn look_at(&mut self, node: usize) {
        let Some(&life) = self.lives.get(node) else { return self.release(node) };
        match life {
            Life::Waiting | Life::Over | Life::Stuck => self.release(node),
            Life::Starting | Life::Up if !self.entry(node).is_context() => self.stop_task(node),
            // Its future goes, or its turn among the contexts comes.
            _ => {}
        }
    }

    fn release(&mut self, node: usize) {
        if node < self.lives.len() {
            self.drop_resource(node);
        }
        let Some(stop) = &mut self.stop else { return };
        // It may end of itself while it is still to be looked at.
        if std::mem::replace(&mut stop.left[node], RELEASED) == RELEASED {
            return;
        }
        stop.released += 1;
        let earlier = stop.chain.as_ref().and_then(|chain| chain.get(&node)).copied();
        for dependency in self.run.plan.graph.dependencies.of(node).chain(earlier) {
            if stop.left[dependency] == RELEASED {
                continue;
            }
            stop.left[dependency] -= 1;
            if stop.left[dependency] == 0 {
                stop.free.push(dependency);
            }
        }
    }

    /// Called for each unit whose future is gone, or can't be got rid of.
    pub(super) fn ended_while_stopping(&mut self, node: usize) {
        let plain = !self.run.plan.holds_context[node];
        let Some(stop) = &mut self.stop else { return };
        if !stop.concerns(node) {
            return;
        }
        if stop.holds_context.as_ref().map_or(plain, |holds| !holds[node]) {
            stop.plain_tasks -= 1;
        }
        if stop.left[node] == 0 {
            self.release(node);
        }
    }

    fn stop_task(&mut self, node: usize) {
        let now = self.now;
        match self.entry(node).on_shutdown() {
            OnShutdown::Drop => self.drop_unit(node, Outcome::Dropped, now),
            OnShutdown::Tell | OnShutdown::Finish => {
                let grace = self.stop_limit(node);
                let budget = self.stop.as_ref().and_then(|stop| stop.budget.as_ref());
                let until = budget.map_or(now + grace, |budget| budget.task(now, grace));
                self.remind(until, node, Due::Stop);
                self.tell(node);
            }
        }
    }

    fn tell(&mut self, node: usize) {
        self.lives[node] = Life::Stopping;
        self.unit_is(node, Status::Stopping);
        self.run.cells.of(node).tell();
    }

    /// Begins the teardown of a context whose turn it is; whether there may be another.
    fn tear_down_next(&mut self) -> bool {
        let concurrent = self.run.limits.concurrent_startup;
        let Some(stop) = &mut self.stop else { return false };
        if stop.plain_tasks > 0 {
            return false;
        }
        let lives = &self.lives;
        let next = if concurrent {
            stop.contexts.iter().rposition(|&node| stop.left[node] == 0)
        } else if stop.current.iter().any(|&current| is_under_way(lives[current])) {
            None
        } else {
            let last = stop.contexts.last();
            last.filter(|&&node| stop.left[node] == 0 || lives[node] == Life::Over).map(|_| stop.contexts.len() - 1)
        };
        let Some(position) = next else { return false };
        let node = stop.contexts.remove(position);
        stop.current = vec![node];
        self.tear_down(node);
        true
    }

    fn tear_down(&mut self, node: usize) {
        let (now, limit) = (self.now, self.stop_limit(node));
        let Some(stop) = &mut self.stop else { return };
        let until = stop.budget.as_mut().map_or(now + limit, |budget| budget.context(now, limit));
        match self.lives[node] {
            Life::Up => {
                self.remind(until, node, Due::Stop);
                self.tell(node);
            }
            Life::Holding => {
                self.unit_is(node, Status::Stopping);
                self.lives[node] = Life::Stopping;
                if self.drop_resource(node) {
                    self.stopped(node, Outcome::Stopped);
                } else {
                    self.stopped(node, Outcome::Failed);
                }
            }
            _ => {}
        }
    }

    /// Drops what a unit has provided and left behind; whether its destructor went well.
    fn drop_resource(&mut self, node: usize) -> bool {
        let unit = self.entry(node).unit;
        if unit.returns.is_none() && !self.entry(node).is_context() || self.lives[node] == Life::Waiting {
            return true;
        }
        let left = provides(unit).and_then(|ty| self.run.app.resources().remove(ty.id));
        if left.is_none() {
            return true;
        }
        let dropped = panics::guard(self.run.cells.of(node), || drop(left));
        // A destructor takes the time that it takes.
        self.look_at_the_clock();
        match dropped {
            Ok(()) => true,
            Err(broken) => {
                self.fail(node, broken);
                false
            }
        }
    }

    /// By when the future of a unit that is about to be dropped must be gone.
    pub(super) fn gone_by(&self, node: usize, now: Instant) -> Instant {
        // A thread can only be told, and is told late where its startup is over: it has its grace, as far as that eats
        // nothing of what a stop reserves for contexts.
        let late = self.entry(node).unit.options.blocking && self.lives[node] == Life::Starting;
        let grace = || self.stop_limit(node).min(self.run.limits.shutdown / 2);
        let allowed = now + if late { grace() } else { DROP_ALLOWANCE };
        match &self.stop {
            _ if self.forced.is_some() => now + FORCED_ALLOWANCE,
            Some(Stop { budget: Some(budget), .. }) => allowed.max(budget.tasks_end()),
            _ => allowed,
        }
    }

    /// A second signal: no order, no grace.
    async fn drop_everything(&mut self) {
        let now = self.now;
        for node in 0..self.lives.len() {
            match self.lives[node] {
                Life::Waiting | Life::Over | Life::Stuck => {}
                Life::Holding => {
                    self.unit_is(node, Status::Stopping);
                    self.drop_resource(node);
                    self.stopped(node, Outcome::Forced);
                }
                _ => self.drop_unit(node, Outcome::Forced, now),
            }
        }
        while self.lives.iter().any(|life| matches!(life, Life::Dropping(_))) {
            self.turn().await;
        }
    }
}

/// Whether the future of a context that ends is still there.
fn is_under_way(life: Life) -> bool {
    matches!(life, Life::Failing | Life::Stopping | Life::Dropping(_))
}
