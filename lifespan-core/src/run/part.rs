//! Restart of a part: units and all that can't do without them are stopped in reverse and started again in order. Groups,
//! lost resources, contexts that failed and [`App::restart`](crate::App::restart) all end here.
//!
//! # Invariants
//! - `rising` holds just those units that are to be started again, or at least to be stopped; one leaves it as it starts.
//!   A unit that is not started yet is not in it: its turn in the startup comes.
//! - There is at most one stop at a time. Asked for more while one is under way, it is made anew for all that is in
//!   `rising`: what is told already is not told again, and nothing is started before it has stopped.
//! - While the app goes down nothing rises: the stop of the whole takes over whatever it finds.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::attempts::{Backoff, Intensity};
use super::deadlines::Due;
use super::sequencer::{Life, Sequencer, count};
use crate::app::restart::RestartError;
use crate::event::{Event, RestartReason};
use crate::failure::{Broken, Cause, Exhausted, Failure, Stage, Weight};
use crate::plan::edges::provides;
use crate::state::{Outcome, Status};
use crate::unit::{Group, Restart, Strategy, When};

/// What was asked for with `App::restart`, and who waits for it.
pub(crate) struct RestartCall {
    /// Those that are meant; once it is heard, also those that are restarted with them.
    pub(crate) units: Vec<usize>,
    pub(crate) done: oneshot::Sender<Result<(), RestartError>>,
}

/// A unit that is to be stopped and started again.
#[derive(Clone, Copy)]
struct Rise {
    node: usize,
    /// Not before, after a failure.
    at: Option<Instant>,
    /// Whether it is started again: not one that failed and whose failure is ignored.
    anew: bool,
}

/// What is known of parts that are being restarted.
#[derive(Default)]
pub(super) struct Parts {
    /// By their places in the start order.
    rising: BTreeMap<u32, Rise>,
    /// More is to rise than is being stopped. The stop is made anew once all word is heard that came together.
    has_grown: bool,
    /// The units that were started again and may not be up yet.
    climbing: Vec<usize>,
    calls: Vec<RestartCall>,
    /// The place of each node in the start order; made at the first restart.
    places: OnceCell<Vec<u32>>,
    intensities: HashMap<Counted, Intensity>,
    backoffs: HashMap<usize, Backoff>,
    /// Contexts that have lost what they hold, until they are set up anew.
    lost: HashSet<usize>,
    /// When units were started first that did not come up then.
    begun: HashMap<usize, Instant>,
}

/// Whose restarts are counted together.
#[derive(PartialEq, Eq, Hash)]
enum Counted {
    Unit(usize),
    /// By where it stands in memory.
    Group(usize),
}

impl Sequencer {
    /// Whether units are being restarted.
    pub(super) fn is_mending(&self) -> bool {
        self.stop.is_some() || !self.parts.rising.is_empty() || self.is_climbing() || self.reloads.has_next()
    }

    fn is_climbing(&self) -> bool {
        self.parts.climbing.iter().any(|&node| self.is_coming_up(node))
    }

    /// Whether the unit is among those that are being restarted.
    pub(super) fn is_rising(&self, node: usize) -> bool {
        !self.parts.rising.is_empty() && self.parts.rising.contains_key(&self.place(node))
    }

    /// A unit has failed, or has returned: starts it again with whom that concerns, where its policy says so; else the
    /// failure is given back.
    pub(super) fn recover(&mut self, node: usize, stage: Stage, broken: Option<Broken>) -> Result<(), Option<Broken>> {
        let entry = self.entry(node);
        let group = entry.unit.options.group;
        let Some(policy) = entry.restart().filter(|_| !entry.restarts_in_place()) else { return Err(broken) };
        let anew = match policy.when {
            When::Permanent => true,
            When::Transient => broken.is_some(),
            When::Temporary => false,
        };
        if !anew || self.due || self.is_rising(node) {
            return Err(broken);
        }
        let (counted, intensity, period) = match group {
            Some(group) => (Counted::Group(std::ptr::from_ref(group).addr()), group.intensity, group.period),
            None => (Counted::Unit(node), policy.intensity, policy.period),
        };
        if !self.parts.intensities.entry(counted).or_default().allows(intensity, period, self.now) {
            let by = Exhausted { intensity, period, group: group.map(|group| group.name) };
            let too_often = || Broken::Other(Cause::RestartedTooOften { intensity, period });
            let exhausted = |broken| Broken::Exhausted { broken: Box::new(broken), by };
            return Err(Some(broken.map_or_else(too_often, exhausted)));
        }
        let (delay, attempt) = self.next_delay(node, &policy);
        if stage == Stage::Startup && self.is_past_its_startup(node, self.now + delay) {
            return Err(broken);
        }
        let unit = self.run.plan.roster.get(node);
        // The error tells its text here, outside the lock on the facts: it is user code.
        let failure = broken.map(|broken| Failure::new(unit.clone(), stage, broken, Weight::Recovered).into());
        self.send(|_| Event::Restarting { unit, failure, attempt, delay });
        let roots = group.map_or_else(|| vec![node], |group| self.concerned(node, group));
        let reason = group.map_or(RestartReason::Failed, |group| RestartReason::Group(group.name));
        self.restart(&roots, node, Some(delay), reason);
        Ok(())
    }

    fn next_delay(&mut self, node: usize, policy: &Restart) -> (Duration, u32) {
        let started = self.run.app.hub().read(|facts| facts.records[node].started.since_launch());
        let ran = self.now.duration_since(self.launched).saturating_sub(started.unwrap_or_default());
        self.parts.backoffs.entry(node).or_default().next(policy, ran)
    }

    /// Whether a start then would be past the limit of a unit's startup, in which all its starts lie while the app comes
    /// up. Later only its policy limits them: what it connects to may be away for long.
    fn is_past_its_startup(&mut self, node: usize, then: Instant) -> bool {
        let (was_up, started) =
            self.run.app.hub().read(|facts| (facts.was_up, facts.records[node].started.since_launch()));
        let begun = *self.parts.begun.entry(node).or_insert(self.launched + started.unwrap_or_default());
        !was_up && self.startup_limit(node).is_some_and(|limit| then >= begun + limit)
    }

    /// Whom a failure in a group concerns, in OTP's sense.
    fn concerned(&mut self, node: usize, group: &Group) -> Vec<usize> {
        let from = self.place(node);
        let members = (0..self.lives.len())
            .filter(|&other| self.entry(other).unit.options.group.is_some_and(|other| other.is(group)))
            .collect::<Vec<_>>();
        let concerns = |other: usize, place: u32| match group.strategy {
            Strategy::OneForOne => other == node,
            Strategy::RestForOne => place >= from,
            Strategy::OneForAll => true,
        };
        members
            .into_iter()
            .filter(|&other| other == node || self.runs(other) && concerns(other, self.place(other)))
            .collect()
    }

    fn runs(&self, node: usize) -> bool {
        !matches!(self.lives[node], Life::Waiting | Life::Over | Life::Stuck)
    }

    /// The place of a node in the start order.
    fn place(&self, node: usize) -> u32 {
        self.parts.places.get_or_init(|| {
            let mut places = vec![0; self.run.plan.graph.nodes()];
            for (place, node) in self.run.plan.order().enumerate() {
                places[node] = count(place);
            }
            places
        })[node]
    }

    /// A context holds nothing of use any more. Once the app goes down, that is no failure: nobody is to use it any more.
    pub(super) fn lost(&mut self, node: usize, broken: Option<Broken>) {
        let is_known = broken.is_some();
        self.parts.lost.insert(node);
        if self.due && !is_known {
            return;
        }
        self.broke(node, broken.unwrap_or(Broken::Other(Cause::ResourceLost)));
        if self.due && !is_known {
            // It was for good, and what the context makes of it counts.
            self.parts.lost.remove(&node);
        }
    }

    /// Whether it is the error that a context returns for a loss which the app has not gone down for.
    pub(super) fn is_of_a_loss(&self, node: usize, broken: &Broken) -> bool {
        self.due && matches!(broken, Broken::Error(_)) && self.parts.lost.contains(&node)
    }

    /// A context has failed while it is up, and its failure is ignored: what holds its resource starts again without.
    pub(super) fn go_without(&mut self, node: usize) {
        if self.due || self.is_rising(node) {
            return;
        }
        self.restart(&[node], node, None, RestartReason::Failed);
        let place = self.place(node);
        if let Some(rise) = self.parts.rising.get_mut(&place) {
            rise.anew = false;
        }
    }

    /// Someone has asked for a restart.
    pub(super) fn restart_called(&mut self, mut call: RestartCall) {
        if self.due {
            // Whoever asked may have gone.
            let _ = call.done.send(Err(RestartError::going_down(self.run.app.state())));
            return;
        }
        let roster = &self.run.plan.roster;
        // A reload may have taken it out since.
        call.units.retain(|node| roster.runs(*node) && self.reloads.keeps(*node));
        if let Some(error) = self.cannot_restart(&call.units, &HashSet::new()) {
            let _ = call.done.send(Err(error));
            return;
        }
        if let Some(&first) = call.units.first() {
            self.restart(&call.units, first, None, RestartReason::Asked);
            let followers: Vec<usize> = self.followers(&call.units).filter(|&node| self.is_rising(node)).collect();
            call.units.extend(followers);
        }
        self.parts.calls.push(call);
    }

    /// Units and those that can't do without them, in registration order.
    fn followers(&self, roots: &[usize]) -> impl Iterator<Item = usize> + use<> {
        let units = self.lives.len();
        self.run.plan.graph.followers(roots.iter().copied()).into_iter().take_while(move |&node| node < units)
    }

    /// Why a part can't be started again, before anything of it is stopped. What is given for some is there.
    fn cannot_restart(&self, roots: &[usize], given: &HashSet<usize>) -> Option<RestartError> {
        self.followers(roots).find_map(|node| {
            let (entry, life) = (self.entry(node), self.lives[node]);
            let unit = || self.run.plan.roster.name(node).to_string();
            if life == Life::Stuck {
                return Some(RestartError::stuck(&unit()));
            }
            if given.contains(&node) || !self.joins(node, roots.contains(&node)) {
                return None;
            }
            let is_gone = || life == Life::Over && !entry.unit.arguments.is_empty() && !self.run.configs.has(node);
            match entry.cannot_be_cloned() {
                Some(argument) => Some(RestartError::not_clone(&unit(), argument.name, argument.ty)),
                None => is_gone().then(|| RestartError::ended(&unit())),
            }
        })
    }

    /// Whether a unit is stopped and started again with a part that it is of.
    fn joins(&self, node: usize, is_root: bool) -> bool {
        match self.lives[node] {
            // It waits for its next start.
            Life::Waiting => is_root && self.is_rising(node),
            Life::Stuck => false,
            // What has ended by itself stays so, unless what it left behind may hold on to what goes now.
            Life::Over => is_root || self.leaves_a_value(node),
            _ => true,
        }
    }

    /// Whether what a task returned is a resource.
    fn leaves_a_value(&self, node: usize) -> bool {
        !self.entry(node).is_context() && provides(self.entry(node).unit).is_some()
    }

    /// Whether a unit that has ended may be started again, for the sake of what it depends on.
    pub(super) fn may_be_dragged_along(&self, node: usize) -> bool {
        let graph = &self.run.plan.graph;
        self.leaves_a_value(node) && graph.dependencies.of(node).any(|dependency| !graph.is_loose(node, dependency))
    }

    /// Stops units and all that can't do without them; they start again when that is done, `failed` not before `delay`.
    fn restart(&mut self, roots: &[usize], failed: usize, delay: Option<Duration>, reason: RestartReason) {
        let mut others = Vec::new();
        for node in self.followers(roots) {
            let is_root = roots.contains(&node);
            let at = delay.filter(|_| node == failed).map(|delay| self.now + delay);
            if self.joins(node, is_root) {
                let place = self.place(node);
                let rise = self.parts.rising.entry(place).or_insert(Rise { node, at, anew: true });
                if reason == RestartReason::Asked && is_root {
                    // Whoever asks need not wait for a delay, nor do without.
                    (rise.at, rise.anew) = (None, true);
                } else {
                    rise.at = rise.at.max(at);
                }
                if node != failed {
                    others.push(self.run.plan.roster.get(node));
                }
            }
            if let Some(at) = at {
                self.remind(at, node, Due::Rise);
            }
        }
        if reason == RestartReason::Asked || !others.is_empty() {
            let unit = self.run.plan.roster.get(failed);
            self.send(|_| Event::RestartingPart { unit, others, reason });
        }
        self.parts.has_grown = true;
    }

    /// Why a part can't be changed, before anything of it is stopped.
    pub(super) fn cannot_change(
        &self,
        roots: &[usize],
        removed: &[usize],
        given: &HashSet<usize>,
    ) -> Option<RestartError> {
        let roots: Vec<usize> = roots.iter().chain(removed).copied().filter(|&node| self.is_in_use(node)).collect();
        self.cannot_restart(&roots, &given.iter().chain(removed).copied().collect())
    }

    /// Stops units whose arguments have changed, those that are removed, and all that can't do without them; all but the
    /// removed start again when that is done.
    pub(super) fn change_part(&mut self, roots: &[usize], removed: &[usize]) {
        let all: Vec<usize> = roots.iter().chain(removed).copied().filter(|&node| self.is_in_use(node)).collect();
        let mut again = Vec::new();
        for node in self.followers(&all) {
            let (is_root, anew) = (all.contains(&node), !removed.contains(&node));
            if !self.joins(node, is_root) {
                continue;
            }
            let place = self.place(node);
            let rise = self.parts.rising.entry(place).or_insert(Rise { node, at: None, anew });
            if is_root {
                // What failed with the old arguments need not wait.
                (rise.at, rise.anew) = (None, anew);
                self.parts.backoffs.remove(&node);
                self.parts.intensities.remove(&Counted::Unit(node));
            }
            if rise.anew {
                again.push(self.run.plan.roster.get(node));
            }
        }
        if !again.is_empty() {
            let unit = again.remove(0);
            self.send(|_| Event::RestartingPart { unit, others: again, reason: RestartReason::Reload });
        }
        self.parts.has_grown = true;
    }

    /// Whether a unit runs, or has something to do with what runs: not one that has returned.
    fn is_in_use(&self, node: usize) -> bool {
        let failed = || {
            let status = self.run.app.hub().read(|facts| facts.records[node].status);
            !matches!(status, Status::Ended(Outcome::Returned | Outcome::Stopped) | Status::Waiting)
        };
        self.lives[node] != Life::Over || self.is_rising(node) || self.leaves_a_value(node) || failed()
    }

    /// The places in the start order are others.
    pub(super) fn reorder_part(&mut self) {
        self.parts.places = OnceCell::new();
        for rise in std::mem::take(&mut self.parts.rising).into_values() {
            let place = self.place(rise.node);
            self.parts.rising.insert(place, rise);
        }
    }

    /// What is being started again, or is to be.
    pub(super) fn all_that_rises(&self) -> Vec<usize> {
        self.parts.rising.values().map(|rise| rise.node).collect()
    }

    /// Whether a unit that was started again is up, or over.
    pub(super) fn has_come_up(&self, node: usize) -> bool {
        matches!(self.lives[node], Life::Up | Life::Holding | Life::Over) && !self.is_rising(node)
    }

    /// Stops all that is to rise and still runs.
    fn stop_part(&mut self) {
        self.parts.has_grown = false;
        let nodes: Vec<usize> = self.parts.rising.values().map(|rise| rise.node).collect();
        self.begin_stop(Some(&nodes));
    }

    /// One turn of the sequencer while the app is not stopped: parts that are being restarted go on, and word is waited
    /// for.
    pub(super) async fn turn_and_mend(&mut self) {
        self.begin_reload();
        let mends = self.is_mending();
        while self.is_mending() && !self.due {
            if self.parts.has_grown {
                self.stop_part();
            }
            if self.stop.is_some() && !self.walk() {
                self.let_run().await;
                continue;
            }
            if self.stop.as_ref().is_some_and(super::stop::Stop::is_over) {
                self.stop = None;
                self.ready_to_rise();
            }
            if self.stop.is_some() || !self.rise() {
                break;
            }
        }
        self.answer_calls();
        if mends && !self.is_mending() {
            // What waited for that may go on, and there may be no word to wait for.
            return;
        }
        if !self.due {
            self.turn().await;
        }
        self.answer_calls();
    }

    /// All that is to rise has stopped.
    fn ready_to_rise(&mut self) {
        let stopped: Vec<Rise> = self.parts.rising.values().copied().collect();
        for rise in stopped {
            if rise.anew {
                self.lives[rise.node] = Life::Waiting;
            } else if self.lives[rise.node] == Life::Waiting {
                // It was to start again, and is so no more.
                self.lives[rise.node] = Life::Over;
            }
        }
        self.parts.rising.retain(|_, rise| rise.anew);
        self.follow_next_plan();
    }

    /// Starts the next unit that may rise; whether there was one.
    fn rise(&mut self) -> bool {
        let in_order = !self.run.limits.concurrent_startup;
        if in_order && self.is_climbing() {
            return false;
        }
        let lives = &self.lives;
        self.parts.climbing.retain(|&node| is_coming_up(lives[node]));
        let Some(node) = self.next_to_rise() else { return false };
        let place = self.place(node);
        self.parts.rising.remove(&place);
        self.parts.climbing.push(node);
        self.start_anew(node);
        true
    }

    /// Whether nothing goes on but the delays after failures.
    pub(super) fn only_waits(&self) -> bool {
        self.stop.is_none() && !self.parts.has_grown && !self.is_climbing() && self.next_to_rise().is_none()
    }

    fn next_to_rise(&self) -> Option<usize> {
        // Of a group that starts in order, the first that has to wait keeps those behind it.
        let mut kept: Vec<&Group> = Vec::new();
        let may_rise = |rise: &&Rise| {
            let group = self.entry(rise.node).unit.options.group;
            let group = group.filter(|group| group.strategy != Strategy::OneForOne);
            let may = rise.at.is_none_or(|at| at <= self.now)
                && group.is_none_or(|group| !kept.iter().any(|kept| kept.is(group)))
                && self.has_what_it_needs(rise.node);
            if !may {
                kept.extend(group);
            }
            may
        };
        self.parts.rising.values().find(may_rise).map(|rise| rise.node)
    }

    pub(super) fn is_coming_up(&self, node: usize) -> bool {
        is_coming_up(self.lives[node])
    }

    /// Whether what a unit can't do without is up, or over.
    pub(super) fn has_what_it_needs(&self, node: usize) -> bool {
        let graph = &self.run.plan.graph;
        graph.dependencies.of(node).filter(|&dependency| !graph.is_loose(node, dependency)).all(|dependency| {
            if dependency >= self.lives.len() {
                return self.has_what_it_needs(dependency);
            }
            let is_settled = matches!(self.lives[dependency], Life::Up | Life::Holding | Life::Over | Life::Stuck);
            is_settled && !self.is_rising(dependency)
        })
    }

    /// A unit that is to be started later, since what it needs is being restarted.
    pub(super) fn rises_later(&mut self, node: usize) {
        let place = self.place(node);
        self.parts.rising.insert(place, Rise { node, at: None, anew: true });
    }

    fn start_anew(&mut self, node: usize) {
        self.parts.lost.remove(&node);
        self.run.cells.of(node).live_anew();
        let lived = self.lived.entry(node).or_default();
        *lived = lived.wrapping_add(1);
        self.extended.remove(&node);
        self.start(node);
    }

    /// Tells those whose units are up again.
    fn answer_calls(&mut self) {
        self.answer_reload();
        if self.parts.calls.is_empty() {
            return;
        }
        for call in std::mem::take(&mut self.parts.calls) {
            if self.due {
                let _ = call.done.send(Err(RestartError::going_down(self.run.app.state())));
            } else if call.units.iter().all(|&node| self.has_come_up(node)) {
                let _ = call.done.send(Ok(()));
            } else {
                self.parts.calls.push(call);
            }
        }
    }

    /// The app goes down: nothing rises any more.
    pub(super) fn give_up_parts(&mut self) {
        self.stop = None;
        self.parts.rising.clear();
        self.answer_calls();
    }

    /// Whether the unit is to be started again, once it has stopped.
    pub(super) fn is_to_rise(&self, node: usize) -> bool {
        self.parts.rising.get(&self.place(node)).is_some_and(|rise| rise.anew)
    }

    /// Whether a failure belongs to a restart that is under way, which it does not stop.
    pub(super) fn is_being_restarted(&self, node: usize) -> bool {
        !self.due && self.is_rising(node)
    }
}

fn is_coming_up(life: Life) -> bool {
    matches!(life, Life::Starting | Life::Valued | Life::Failing)
}
