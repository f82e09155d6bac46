//! Starting: the order of the startup, and when a unit may start.

use super::command::{Command, Commands};
use super::exit_code::Cause;
use super::machine::Machine;
use super::phase::{AppPhase, GOING, Goal, KEPT, NEW, OPEN, Phase, RECOVERING, STARTED, STARTING, UNSETTLED};
use super::plan::{UnitIndex, UpWhen};
use super::startup::Startup;
use super::time::{NEVER, Nanos};
use crate::base::Outcome;

impl Machine {
    pub(super) fn launch(&mut self) {
        if self.app == AppPhase::Planned {
            self.app = AppPhase::Starting;
        }
    }

    /// Gives the next unit of the startup its turn: in order, when all before it is settled.
    pub(super) fn start_next(&mut self, now: Nanos, then: &mut Commands) -> bool {
        let is_its_turn = self.plan.concurrent || self.count(UNSETTLED) == 0;
        let Some(&unit) = self.plan.order.get(self.turns).filter(|_| is_its_turn) else { return false };
        self.turns += 1;
        if self.phase(unit) == Phase::Waiting && self.plan.runs(unit) {
            self.start_in_time(unit, Outcome::NotStarted, now, then);
        }
        true
    }

    /// Starts a unit, or has it wait until it may start: then it is looked at.
    pub(super) fn start_in_time(&mut self, unit: UnitIndex, ended: Outcome, now: Nanos, then: &mut Commands) {
        if self.may_start(unit) && (self.standing(unit).has(KEPT) || self.is_its_turn()) {
            return self.start(unit, now, then);
        }
        self.change(unit, self.standing(unit).at(Phase::Pending(ended)).to(Goal::Run), then);
        self.look.push(unit);
    }

    /// A pending unit may start: in order, one at a time, the first of the start order first.
    pub(super) fn start_in_turn(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        if self.plan.concurrent || self.standing(unit).has(KEPT) {
            self.start(unit, now, then);
        } else {
            self.ready.insert(self.plan.place(unit));
        }
    }

    pub(super) fn start_ready(&mut self, now: Nanos, then: &mut Commands) -> bool {
        if self.ready.is_empty() || !self.is_its_turn() {
            return false;
        }
        let Some(place) = self.ready.pop_first() else { return false };
        let unit = self.plan.order[place as usize];
        if matches!(self.phase(unit), Phase::Pending(_)) && self.may_start(unit) {
            self.start(unit, now, then);
        }
        true
    }

    /// In order, units start one at a time, and none while a part stops.
    pub(super) fn is_its_turn(&self) -> bool {
        self.plan.concurrent || self.count(STARTING) == 0 && self.count(GOING) == 0
    }

    /// Returns whether all that a unit needs is there and stays, and all that used its earlier life has gone.
    pub(super) fn may_start(&self, unit: UnitIndex) -> bool {
        let standing = self.standing(unit);
        let is_used = self.needs.is_used(unit) && !standing.has(NEW) && !mutant!(self, StartsWhileUsed);
        !self.is_stopping()
            && (self.needs.is_missing_nothing(unit) || mutant!(self, StartsBeforeItsNeeds))
            && (standing.has(KEPT) || self.next.is_none() && !is_used)
            && !self.waits_for_order(unit)
            && !self.waits_for_group(unit)
    }

    /// `Live`, `first` and `last` order the first start of each unit, and no other.
    fn waits_for_order(&self, unit: UnitIndex) -> bool {
        self.app == AppPhase::Starting && !self.standing(unit).has(STARTED) && !self.follows.is_missing_nothing(unit)
    }

    fn start(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        let mut generation = 0;
        if standing.has(STARTED) {
            let last = self.generations.entry(unit).or_default();
            *last += 1;
            generation = *last;
            // What was set for an earlier life, which did not come to it.
            if let Some(attempts) = self.attempts.get_mut(&unit) {
                attempts.delay = None;
            }
        }
        let kept = standing.flags & (KEPT | RECOVERING | NEW);
        let up_when = self.plan.spec(unit).up_when;
        let mut starting = standing.at(Phase::Starting).to(Goal::Run);
        starting.flags = kept | STARTED;
        self.change(unit, starting, then);
        then.push(Command::Spawn { unit, up_when, generation });
        self.limit_startup(unit, now, then);
    }

    /// All starts of a unit that restarts lie within one limit, until it is up; those of a context or a group, while the
    /// app comes up.
    fn limit_startup(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let spec = self.plan.spec(unit);
        if spec.startup_limit == NEVER {
            return;
        }
        let mut ends = now.saturating_add(spec.startup_limit);
        let is_kept = self.standing(unit).has(KEPT);
        let has_restarts = spec.restart.is_some() && !is_kept && (spec.restarts_alone() || !self.was_up);
        // A task that comes up by itself asks for no more time, and no other plan comes before the app is up.
        if has_restarts || self.was_up || spec.up_when == UpWhen::Said {
            ends = self.startups.entry(unit).or_insert(Startup { begun: now, ends, has_restarts }).ends;
        }
        then.push(Command::Deadline(unit, ends));
    }

    /// Returns the end of the startup of a unit that may be started several times within it.
    pub(super) fn common_end(&self, unit: UnitIndex) -> Option<Nanos> {
        self.startups.get(&unit).filter(|startup| startup.has_restarts).map(|startup| startup.ends)
    }

    /// A start of a unit is over, and the unit is not up: its startup goes on where all its starts lie within one.
    pub(super) fn end_start(&mut self, unit: UnitIndex) {
        if self.common_end(unit).is_none() {
            self.startups.remove(&unit);
        }
    }

    /// A unit is up, or over.
    pub(super) fn forget_startup(&mut self, unit: UnitIndex) {
        if !self.startups.is_empty() {
            self.startups.remove(&unit);
        }
    }

    /// Returns how long the startup of a unit may take.
    pub(super) fn startup_limit(&self, unit: UnitIndex) -> Nanos {
        let in_force = self.startups.get(&unit).map(|startup| startup.ends.saturating_sub(startup.begun));
        in_force.unwrap_or(self.plan.spec(unit).startup_limit)
    }

    /// Returns by when a unit that was started then is to be up; none where there is no limit.
    pub(crate) fn startup_end(&self, unit: UnitIndex, started: Nanos) -> Option<Nanos> {
        let limit = self.plan.spec(unit).startup_limit;
        let by_plan = || (limit != NEVER).then(|| started.saturating_add(limit));
        self.startups.get(&unit).map(|startup| startup.ends).or_else(by_plan)
    }

    pub(super) fn extend(&mut self, unit: UnitIndex, until: Nanos, then: &mut Commands) {
        if self.phase(unit) == Phase::Starting {
            if let Some(startup) = self.startups.get_mut(&unit) {
                startup.ends = until;
            }
            then.push(Command::Deadline(unit, until));
        }
    }

    pub(super) fn up(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        match standing.phase {
            Phase::Starting => self.came_up(unit, now, then),
            // It has provided before it heard that it is dropped: it has something to tear down, and so is up.
            Phase::Dropping(_) if self.plan.spec(unit).is_context() && !self.forced => self.came_up(unit, now, then),
            // A task that was up before has notified.
            Phase::Up if standing.has(RECOVERING) && self.plan.spec(unit).up_when == UpWhen::Said => {
                self.change(unit, standing.without(RECOVERING), then);
            }
            _ => {}
        }
    }

    pub(super) fn came_up(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        let spec = self.plan.spec(unit);
        let notified = !spec.is_context() && spec.up_when == UpWhen::Said;
        let gone = KEPT | NEW | if notified { RECOVERING } else { 0 };
        self.change(unit, standing.at(Phase::Up).without(gone), then);
        self.forget_startup(unit);
        self.forget_pending(unit);
        if standing.goal != Goal::Run || self.is_stopping() {
            self.look.push(unit);
        }
        if !self.probation(unit, now, then) && self.plan.spec(unit).startup_limit != NEVER {
            then.push(Command::no_deadline(unit));
        }
    }

    pub(super) fn is_app_up(&mut self, then: &mut Commands) -> bool {
        let is_up = self.turns == self.plan.order.len() && self.count(UNSETTLED) == 0;
        if is_up {
            self.app = AppPhase::Up;
            self.was_up = true;
            then.push(Command::AppUp);
        }
        is_up
    }

    /// Stops the app when all has ended that keeps it up.
    pub(super) fn stop_if_finished(&mut self, then: &mut Commands) -> bool {
        let is_finished = self.plan.keeps_up
            && !self.plan.stay_up
            && self.count(OPEN) == 0
            && self.count(UNSETTLED) == 0
            && self.next.is_none();
        if is_finished {
            self.begin_stop(Cause::AllFinished, then);
        }
        is_finished
    }
}
