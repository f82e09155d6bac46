//! Deadlines: a startup, a stop or a drop that takes too long, a delay or a step of recovery that is over.

use super::budget::Budget;
use super::command::{Command, Commands};
use super::failing::Reporting;
use super::machine::Machine;
use super::phase::{ALIVE, Goal, KEPT, Phase, Why};
use super::plan::UnitIndex;
use super::time::{NEVER, Nanos};
use super::withheld::Withheld;
use crate::base::Outcome;
use crate::machine::fault::Fault;

const SECOND: Nanos = 1_000_000_000;
/// The time for the drop of a future: only a body that blocks its thread needs more.
const DROP_ALLOWANCE: Nanos = SECOND / 4;
/// The time for the drop of a future after a second signal.
const FORCED_ALLOWANCE: Nanos = SECOND;

impl Machine {
    /// Returns whether something follows if a unit's deadline passes now. A deadline is set for a phase: in a later one
    /// without a deadline it has no effect.
    pub(crate) fn awaits_deadline(&self, unit: UnitIndex) -> bool {
        match self.phase(unit) {
            Phase::Starting | Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_) | Phase::BackingOff(_) => true,
            Phase::Up => self.is_in_a_step(unit) || self.withheld.contains_key(&unit),
            Phase::Waiting | Phase::Pending(_) | Phase::Held | Phase::Stuck(_) | Phase::Ended(_) => false,
        }
    }

    pub(super) fn deadline(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let starved = self.starved.remove(&unit);
        self.judge_by_time(unit, starved, now, then);
    }

    /// Gives a unit one poll before it is judged, since another unit blocked its thread.
    pub(super) fn starve(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let is_judged =
            self.standing(unit).class() & ALIVE != 0 && !matches!(self.phase(unit), Phase::Up | Phase::Held);
        if is_judged && self.starved.insert(unit) {
            then.push(Command::GiveTurn(unit));
            then.push(Command::Deadline(unit, now.saturating_add(DROP_ALLOWANCE)));
        } else {
            self.deadline(unit, now, then);
        }
    }

    pub(super) fn had_turn(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        if self.starved.remove(&unit) {
            self.judge_by_time(unit, true, now, then);
        }
    }

    fn judge_by_time(&mut self, unit: UnitIndex, starved: bool, now: Nanos, then: &mut Commands) {
        if self.own_error_is_late(unit, now, then) {
            return;
        }
        match self.phase(unit) {
            // The setup may have provided already.
            Phase::Starting if self.plan.spec(unit).is_context() => {
                let why = if starved { Why::SetupStarved } else { Why::SetupLimit };
                self.drop_unit(unit, why, now, then);
            }
            Phase::Starting | Phase::Stopping => {
                let (fault, why) =
                    if starved { (Fault::Starved, Why::Starved) } else { (Fault::TimedOut, Why::TimedOut) };
                self.fail(unit, fault, now, then);
                self.drop_unit(unit, why, now, then);
            }
            Phase::Dropping(_) | Phase::Releasing(_) => self.give_up(unit, starved, now, then),
            Phase::BackingOff(outcome) => self.delay_is_over(unit, outcome, now, then),
            Phase::Up => self.pass_step(unit, then),
            Phase::Waiting | Phase::Pending(_) | Phase::Held | Phase::Stuck(_) | Phase::Ended(_) => {}
        }
    }

    fn delay_is_over(&mut self, unit: UnitIndex, outcome: Outcome, now: Nanos, then: &mut Commands) {
        if self.is_late(unit) {
            self.fail(unit, Fault::TimedOut, now, then);
            return self.end(unit, Outcome::TimedOut, then);
        }
        self.start_in_time(unit, outcome, now, then);
    }

    /// Gives up a unit that does not yield.
    fn give_up(&mut self, unit: UnitIndex, starved: bool, now: Nanos, then: &mut Commands) {
        let phase = self.phase(unit);
        match phase {
            Phase::Dropping(Why::SetupLimit) => _ = self.fail(unit, Fault::TimedOut, now, then),
            Phase::Dropping(Why::SetupStarved) => _ = self.fail(unit, Fault::Starved, now, then),
            _ => {}
        }
        let (fault, outcome) =
            if starved { (Fault::HeldUp, Outcome::Starved) } else { (Fault::NotYielding, Outcome::NotYielding) };
        // Not yielding is the reason why the unit was not up, or not stopped, within its limit.
        let is_reason = match phase {
            Phase::Dropping(Why::SetupLimit | Why::TimedOut) => !starved,
            Phase::Dropping(Why::SetupStarved | Why::Starved) => starved,
            _ => false,
        };
        let reporting = if is_reason { Reporting::Explains } else { Reporting::Now };
        self.report_withheld(unit, then);
        self.fail_and_report(unit, fault, reporting, now, then);
        self.forget_startup(unit);
        self.change(unit, self.standing(unit).at(Phase::Stuck(outcome)).to(Goal::Run).without(KEPT), then);
    }

    /// Drops a unit's future.
    pub(super) fn drop_unit(&mut self, unit: UnitIndex, why: Why, now: Nanos, then: &mut Commands) {
        let until = self.drop_deadline(unit, why, now);
        let is_setup = self.phase(unit) == Phase::Starting && self.plan.spec(unit).is_context() && !self.forced;
        self.enter(unit, Phase::Dropping(why), then);
        let until = if mutant!(self, DropWithoutDeadline) { NEVER } else { until };
        then.push(if is_setup { Command::DropSetup(unit, until) } else { Command::Drop(unit, until) });
        if mutant!(self, DroppedCountsAsEnded) {
            self.end_or_restart(unit, Outcome::Dropped, now, then);
        }
    }

    /// Returns the deadline for the drop of a unit's future.
    fn drop_deadline(&self, unit: UnitIndex, why: Why, now: Nanos) -> Nanos {
        if self.forced {
            return now.saturating_add(FORCED_ALLOWANCE);
        }
        let spec = self.plan.spec(unit);
        let is_slow = spec.blocking && self.phase(unit) == Phase::Starting;
        // While the app stays up there is more time: if the unit does not yield, the app stops.
        let is_restarted = !self.is_stopping()
            && self.standing(unit).goal != Goal::Run
            && !matches!(why, Why::TimedOut | Why::Starved);
        let allowance = match (is_restarted, is_slow) {
            (true, _) => DROP_ALLOWANCE.max(spec.stop_limit),
            (false, true) => DROP_ALLOWANCE.max(spec.stop_limit.min(self.plan.stop_limit / 2)),
            (false, false) => DROP_ALLOWANCE,
        };
        let until = now.saturating_add(allowance);
        if self.is_stopping() { until.max(self.budget.tasks_end()) } else { until }
    }

    /// Returns a unit's deadline for its stop, which begins.
    #[inline]
    pub(super) fn stop_deadline(&mut self, unit: UnitIndex, now: Nanos) -> Nanos {
        let spec = self.plan.spec(unit);
        let until = match (self.is_stopping(), spec.is_context()) {
            (false, _) => now.saturating_add(spec.stop_limit),
            (true, true) => self.budget.context(now, spec.stop_limit),
            (true, false) => self.budget.task(now, spec.stop_limit),
        };
        let next = self.until_reported(unit, until, now);
        if self.phase(unit) == Phase::Stopping {
            let is_dropped_then = self.withheld.get(&unit).is_some_and(Withheld::drops_when_late);
            self.set_stop_end(unit, if is_dropped_then { next } else { until });
        }
        next
    }

    fn set_stop_end(&mut self, unit: UnitIndex, end: Nanos) {
        if self.stops.len() <= unit.at() {
            self.stops.resize(self.plan.units(), NEVER);
        }
        self.stops[unit.at()] = end;
    }

    /// Returns the end of the time that a unit has to stop. If the stop of the app is about to begin, returns the end
    /// that a task gets now if it is asked to stop. `None` if the unit is not to stop, or has no time left.
    pub(crate) fn stop_end(&self, unit: UnitIndex, now: Nanos) -> Option<Nanos> {
        match self.units.get(unit.at())?.phase {
            Phase::Stopping => self.stops.get(unit.at()).copied(),
            Phase::Starting | Phase::Up => {
                let is_begun = self.is_stopping() && !self.stop_begins;
                let budget = if is_begun { self.budget } else { self.stop_budget(now) };
                Some(budget.task(now, self.plan.spec(unit).stop_limit))
            }
            _ => None,
        }
    }

    /// Returns the budget of a stop that begins now.
    pub(super) fn stop_budget(&self, now: Nanos) -> Budget {
        let torn_down = |unit: &UnitIndex| matches!(self.phase(*unit), Phase::Up | Phase::Held | Phase::Stopping);
        let contexts = self.plan.contexts.iter().copied().filter(torn_down);
        Budget::new(now, self.plan.stop_limit, contexts.map(|unit| self.plan.spec(unit).stop_limit))
    }
}
