//! Restart of a part: units, and all that need them.

use super::call::Call;
use super::command::{Answer, Command, Commands, PartReason};
use super::machine::Machine;
use super::phase::{AWAITED, Goal, KEPT, Phase};
use super::plan::UnitIndex;
use crate::base::Outcome;
use crate::base::sorting::sort_by_number;
use crate::machine::subject::CallId;

impl Machine {
    /// Restarts these units and all that need them.
    pub(super) fn restart(&mut self, call: CallId, units: &[UnitIndex], then: &mut Commands) {
        if self.is_stopping() {
            return then.push(Command::Answer(call, Answer::GoingDown));
        }
        let units: Vec<UnitIndex> = units.iter().copied().filter(|&unit| self.will_run(unit)).collect();
        let followers = self.plan.followers(&units);
        if let Some(stuck) = self.stuck(&followers) {
            return then.push(Command::Answer(call, Answer::Stuck(stuck)));
        }
        for &unit in &units {
            self.restart_named(unit, then);
        }
        if let Some(&first) = units.first() {
            self.restart_part(&units, first, PartReason::Asked, then);
        }
        let is_meant = |unit: &UnitIndex| units.contains(unit) || self.class(*unit) & AWAITED != 0;
        self.calls.push(Call::new(call, followers.into_iter().filter(is_meant).collect()));
    }

    /// Returns the units that a restart of these would restart, in start order. The driver checks first whether each of
    /// them can be started once more.
    pub(crate) fn part_of(&self, units: &[UnitIndex]) -> Vec<UnitIndex> {
        let mut part = self.plan.followers(units);
        part.retain(|unit| units.contains(unit) || self.phase(*unit).is_alive());
        part
    }

    /// Returns whether a unit is in the plan and stays in it.
    fn will_run(&self, unit: UnitIndex) -> bool {
        self.plan.runs(unit) && self.next.as_ref().is_none_or(|next| next.plan.runs(unit))
    }

    /// Returns one of these units that was given up: a second instance would run beside it.
    pub(crate) fn stuck(&self, units: &[UnitIndex]) -> Option<UnitIndex> {
        let is_stuck = |unit: &&UnitIndex| matches!(self.units.get(unit.at()), Some(it) if it.phase.is_stuck());
        units.iter().find(is_stuck).copied()
    }

    /// Returns a unit that was given up, of these and of those that need them.
    pub(crate) fn stuck_with(&self, units: &[UnitIndex]) -> Option<UnitIndex> {
        self.stuck(&self.plan.followers(units))
    }

    /// Restarts a unit that a caller named: without a delay, and even if it has ended.
    pub(super) fn restart_named(&mut self, unit: UnitIndex, then: &mut Commands) {
        match self.phase(unit) {
            Phase::Waiting | Phase::Stuck(_) => {}
            Phase::Pending(outcome) | Phase::BackingOff(outcome) | Phase::Ended(outcome) => {
                self.await_start(unit, outcome, then);
            }
            _ => {
                if let Some(attempts) = self.attempts.get_mut(&unit) {
                    attempts.delay = None;
                }
                self.startups.remove(&unit);
                self.change(unit, self.standing(unit).to(Goal::Run), then);
                self.mark(unit, then);
            }
        }
    }

    pub(super) fn await_start(&mut self, unit: UnitIndex, outcome: Outcome, then: &mut Commands) {
        self.startups.remove(&unit);
        self.change(unit, self.standing(unit).at(Phase::Pending(outcome)).to(Goal::Run).without(KEPT), then);
        self.look.push(unit);
    }

    /// Restarts these units and all that need them, and reports it.
    pub(super) fn restart_part(
        &mut self,
        roots: &[UnitIndex],
        first: UnitIndex,
        reason: PartReason,
        then: &mut Commands,
    ) {
        let mut followers = self.plan.followers(roots);
        if mutant!(self, FollowersStay) {
            followers.retain(|unit| roots.contains(unit));
        }
        for &unit in &followers {
            if unit != first || reason != PartReason::Failed && reason != PartReason::Group {
                self.forget_startup_limit(unit, then);
            }
            self.mark(unit, then);
        }
        let others: Vec<UnitIndex> = followers
            .into_iter()
            .filter(|&unit| {
                unit != first && (self.class(unit) & AWAITED != 0 || self.standing(unit).goal == Goal::Again)
            })
            .collect();
        if matches!(reason, PartReason::Asked | PartReason::Reload) || !others.is_empty() {
            let others = sort_by_number(others, |unit| unit.0);
            then.push(Command::RestartingPart { unit: first, others: others.into(), reason });
        }
    }

    /// Marks a unit for a restart, if it is alive. A unit that has ended by itself stays ended. A kept value is
    /// dropped, since it may hold resources of the part.
    pub(super) fn mark(&mut self, unit: UnitIndex, then: &mut Commands) {
        let standing = self.standing(unit);
        if standing.phase.is_alive() && standing.goal != Goal::Off {
            self.change(unit, standing.to(Goal::Again).without(KEPT), then);
            self.look.push(unit);
        }
    }

    /// Stops a context that has failed with an ignored failure, and restarts its users without its resource.
    pub(super) fn go_without(&mut self, unit: UnitIndex, then: &mut Commands) {
        self.change(unit, self.standing(unit).to(Goal::Off), then);
        self.look.push(unit);
        self.restart_part(&[unit], unit, PartReason::Failed, then);
    }
}
