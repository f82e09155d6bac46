//! Starts units: the order of the startup, and the conditions for a start.

use super::cause::Cause;
use super::command::{Command, Commands};
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

    /// Starts the next unit of the startup. In sequential mode, all units before it are settled.
    pub(super) fn start_next(&mut self, now: Nanos, then: &mut Commands) -> bool {
        let is_its_turn = self.plan.concurrent || self.count(UNSETTLED) == 0;
        let Some(&unit) = self.plan.order.get(self.turns).filter(|_| is_its_turn) else { return false };
        self.turns += 1;
        if self.phase(unit) == Phase::Waiting && self.plan.runs(unit) {
            self.start_in_time(unit, Outcome::NotStarted, now, then);
        }
        true
    }

    /// Starts a unit, or makes it pending until it may start.
    pub(super) fn start_in_time(&mut self, unit: UnitIndex, ended: Outcome, now: Nanos, then: &mut Commands) {
        if self.may_start(unit) && (self.standing(unit).has(KEPT) || self.is_its_turn()) {
            return self.start(unit, now, then);
        }
        self.change(unit, self.standing(unit).at(Phase::Pending(ended)).to(Goal::Run), then);
        self.look.push(unit);
    }

    /// Starts a pending unit that may start. In sequential mode it waits until it is the first of the ready units.
    pub(super) fn start_in_turn(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        if self.plan.concurrent || self.standing(unit).has(KEPT) {
            self.start(unit, now, then);
        } else {
            self.ready.insert(self.plan.place(unit));
        }
    }

    #[inline]
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

    /// Returns whether a unit may start now. In sequential mode, units start one at a time, and none while a part
    /// stops.
    pub(super) fn is_its_turn(&self) -> bool {
        self.plan.concurrent || self.count(STARTING) == 0 && self.count(GOING) == 0
    }

    /// Returns whether all dependencies of a unit are there and stay, and all users of its earlier incarnation have
    /// ended.
    #[inline]
    pub(super) fn may_start(&self, unit: UnitIndex) -> bool {
        let standing = self.standing(unit);
        let is_used = self.needs.is_used(unit) && !standing.has(NEW) && !mutant!(self, StartsWhileUsed);
        !self.is_stopping()
            && (self.needs.is_missing_nothing(unit) || mutant!(self, StartsBeforeItsNeeds))
            && (standing.has(KEPT) || self.next.is_none() && !is_used)
            && !self.waits_for_order(unit)
            && !self.waits_for_group(unit)
    }

    /// Returns whether a unit waits for `Live`, `first` or `last`: they order only the first start of each unit.
    fn waits_for_order(&self, unit: UnitIndex) -> bool {
        self.app == AppPhase::Starting && !self.standing(unit).has(STARTED) && !self.follows.is_missing_nothing(unit)
    }

    #[inline]
    fn start(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        let mut generation = 0;
        if standing.has(STARTED) {
            let last = self.generations.entry(unit).or_default();
            *last += 1;
            generation = *last;
            // A delay of an earlier incarnation that was not used.
            if let Some(attempts) = self.attempts.get_mut(&unit) {
                attempts.delay = None;
            }
        }
        let kept = standing.flags & (KEPT | RECOVERING | NEW);
        let up_when = self.plan.spec(unit).up_when;
        let mut starting = standing.at(Phase::Starting).to(Goal::Run);
        starting.flags = kept | STARTED;
        self.change(unit, starting, then);
        let until = self.startup_deadline(unit, now);
        then.push(Command::Spawn { unit, up_when, generation, until });
    }

    /// Returns the deadline of a start, which begins. Until the unit is up, one limit covers all starts of a task that restarts alone; for
    /// a context or a group member, this holds only until the app is up.
    #[inline]
    fn startup_deadline(&mut self, unit: UnitIndex, now: Nanos) -> Nanos {
        let spec = self.plan.spec(unit);
        if spec.startup_limit == NEVER {
            return NEVER;
        }
        let ends = now.saturating_add(spec.startup_limit);
        let is_kept = self.standing(unit).has(KEPT);
        let has_restarts = spec.restart.is_some() && !is_kept && (spec.restarts_alone() || !self.was_up);
        // Other units need no entry: they never extend the limit, and no new plan takes effect before the app is up.
        if has_restarts || self.was_up || spec.up_when == UpWhen::Notified {
            return self.startups.entry(unit).or_insert(Startup { begun: now, ends, has_restarts }).ends;
        }
        ends
    }

    /// Returns the end of a startup limit that covers several starts.
    pub(super) fn common_end(&self, unit: UnitIndex) -> Option<Nanos> {
        self.startups.get(&unit).filter(|startup| startup.has_restarts).map(|startup| startup.ends)
    }

    /// Ends one start of a unit that is not up. Its startup goes on if the limit covers all starts.
    pub(super) fn end_start(&mut self, unit: UnitIndex) {
        if self.common_end(unit).is_none() {
            self.startups.remove(&unit);
        }
    }

    /// Forgets the startup of a unit that is up or has ended.
    pub(super) fn forget_startup(&mut self, unit: UnitIndex) {
        if !self.startups.is_empty() {
            self.startups.remove(&unit);
        }
    }

    /// Returns the startup limit of a unit.
    pub(super) fn startup_limit(&self, unit: UnitIndex) -> Nanos {
        let in_force = self.startups.get(&unit).map(|startup| startup.ends.saturating_sub(startup.begun));
        in_force.unwrap_or(self.plan.spec(unit).startup_limit)
    }

    /// Returns the startup deadline of a unit that was started at this time; `None` if it has no limit.
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
            // The context provided before the drop reached it, so it is up and has to be torn down.
            Phase::Dropping(_) if self.plan.spec(unit).is_context() && !self.forced => self.came_up(unit, now, then),
            // A task that was up before has notified.
            Phase::Up if standing.has(RECOVERING) && self.plan.spec(unit).up_when == UpWhen::Notified => {
                self.change(unit, standing.without(RECOVERING), then);
            }
            _ => {}
        }
    }

    pub(super) fn came_up(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        let spec = self.plan.spec(unit);
        let notified = !spec.is_context() && spec.up_when == UpWhen::Notified;
        let cleared = KEPT | NEW | if notified { RECOVERING } else { 0 };
        self.change(unit, standing.at(Phase::Up).without(cleared), then);
        self.forget_startup(unit);
        self.forget_pending(unit);
        if standing.goal != Goal::Run || self.is_stopping() {
            self.look.push(unit);
        }
        self.probation(unit, now, then);
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

    /// Stops the app if all tasks that keep it up have ended.
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
