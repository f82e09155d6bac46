//! Replaces the plan: the units that the new plan stops have stopped before, and those that it starts start after.

use std::sync::Arc;

use super::call::Call;
use super::command::{Answer, Command, Commands, PartReason};
use super::group_state::GroupState;
use super::machine::Machine;
use super::next_plan::Next;
use super::phase::{AWAITED, AppPhase, GOING, Goal, KEPT, NEW, Phase, Standing};
use super::plan::{Plan, UnitIndex};
use crate::base::Outcome;
use crate::machine::subject::CallId;

impl Machine {
    /// Replaces the plan. The changed units are those with other arguments, or with a resource that they lacked before.
    pub(super) fn replace(&mut self, call: CallId, plan: &Arc<Plan>, changed: &[UnitIndex], then: &mut Commands) {
        debug_assert!(plan.units() >= self.units.len(), "an index means one unit for the whole run");
        if self.is_stopping() {
            return then.push(Command::Answer(call, Answer::GoingDown));
        }
        if self.app != AppPhase::Up || self.next.is_some() {
            return then.push(Command::Answer(call, Answer::NotNow));
        }
        let added: Vec<UnitIndex> = plan.all().filter(|&unit| plan.runs(unit) && !self.plan.runs(unit)).collect();
        let removed: Vec<UnitIndex> =
            self.plan.all().filter(|&unit| self.plan.runs(unit) && !plan.runs(unit)).collect();
        let changed: Vec<UnitIndex> = changed.iter().copied().filter(|&unit| self.is_in_use(unit)).collect();
        // What has returned leaves nothing that another unit would miss.
        let leaving = removed.iter().filter(|unit| self.is_in_use(**unit));
        let roots: Vec<UnitIndex> = changed.iter().chain(leaving).copied().collect();
        let followers = self.plan.followers(&roots);
        let known = added.iter().copied().filter(|unit| unit.at() < self.units.len());
        let concerned: Vec<UnitIndex> = followers.into_iter().chain(known).collect();
        if let Some(stuck) = self.stuck(&concerned) {
            return then.push(Command::Answer(call, Answer::Stuck(stuck)));
        }
        for &unit in &removed {
            self.take_out(unit, then);
        }
        for &unit in &changed {
            self.forget_attempts(unit, then);
            self.restart_named(unit, then);
        }
        self.next = Some(Next { call, plan: Arc::clone(plan), added });
        if let Some(&first) = changed.first() {
            self.restart_part(&roots, first, PartReason::Reload, then);
        }
        let concerned = self.plan.followers(&roots);
        for &unit in &concerned {
            self.mark(unit, then);
        }
        self.look.extend(concerned);
    }

    /// Returns whether a unit runs, will run or has failed. A unit that has returned is not restarted.
    pub(crate) fn is_in_use(&self, unit: UnitIndex) -> bool {
        !matches!(self.phase(unit), Phase::Waiting | Phase::Ended(Outcome::Returned | Outcome::Stopped))
    }

    fn take_out(&mut self, unit: UnitIndex, then: &mut Commands) {
        if mutant!(self, ForgetsWhatIsTakenOut) {
            self.pending_failures.remove(&unit);
        }
        match self.phase(unit) {
            Phase::Pending(outcome) | Phase::BackingOff(outcome) => self.end(unit, outcome, then),
            phase if phase.is_alive() => {
                self.change(unit, self.standing(unit).to(Goal::Off).without(KEPT), then);
                self.look.push(unit);
            }
            _ => {}
        }
    }

    /// Replaces the plan, if all units that the next plan stops have stopped.
    pub(super) fn put_plan_in_place(&mut self, then: &mut Commands) -> bool {
        if self.next.is_none() || self.count(GOING) > 0 && !mutant!(self, PlanComesTooEarly) {
            return false;
        }
        let Some(Next { call, plan, added }) = self.next.take() else { return false };
        self.units.resize(plan.units(), Standing::WAITING);
        self.times.make_room(plan.units());
        self.groups.resize(plan.groups.len(), GroupState::default());
        self.turns = plan.order.len();
        self.plan = plan;
        self.ready.clear();
        self.recount();
        then.push(Command::PlanInPlace);
        self.revise_recoveries(then);
        for unit in added {
            let outcome = match self.phase(unit) {
                Phase::Ended(outcome) => outcome,
                _ => Outcome::NotStarted,
            };
            self.await_start(unit, outcome, then);
            self.change(unit, self.standing(unit).with(NEW), then);
        }
        let pending: Vec<UnitIndex> = self.plan.all().filter(|&unit| self.class(unit) & AWAITED != 0).collect();
        self.look.extend_from_slice(&pending);
        self.calls.push(Call::for_plan(call, pending));
        true
    }
}
