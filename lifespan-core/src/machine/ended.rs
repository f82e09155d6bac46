//! The end of a unit's future, or of its value.

use super::command::{Command, Commands};
use super::exit_code::Cause;
use super::input::Ending;
use super::machine::Machine;
use super::phase::{FAILED, Goal, KEPT, NEW, Phase, RECOVERING, Why};
use super::plan::{Kind, UnitIndex, UpWhen, When};
use super::time::Nanos;
use crate::base::Outcome;
use crate::machine::fault::Fault;

impl Machine {
    /// A unit's future has gone, or its value.
    pub(super) fn ended(&mut self, unit: UnitIndex, ending: Ending, now: Nanos, then: &mut Commands) {
        if ending == Ending::Failed && self.explain(unit, Fault::Own, then) {
            return self.gone(unit, Outcome::Failed, now, then);
        }
        self.tell_withheld(unit, then);
        match (self.phase(unit), ending) {
            (Phase::Starting | Phase::Up, Ending::Returned) => self.returned(unit, now, then),
            (Phase::Starting | Phase::Up, Ending::Value) => self.returned_a_value(unit, now, then),
            (Phase::Starting | Phase::Up, Ending::Dropped) => self.fail_and_go(unit, Fault::CutOff, now, then),
            (Phase::Stopping, Ending::Failed) if mutant!(self, LosesAFailure) => {
                self.gone(unit, Outcome::Stopped, now, then);
            }
            (Phase::Starting | Phase::Up | Phase::Stopping | Phase::Dropping(_), Ending::Failed) => {
                self.fail_and_go(unit, Fault::Own, now, then);
            }
            (Phase::Stopping, Ending::Value) => self.release(unit, Outcome::Stopped, now, then),
            (Phase::Stopping, Ending::Returned | Ending::Dropped) => self.gone(unit, Outcome::Stopped, now, then),
            (Phase::Dropping(why), ending) => self.dropped(unit, why, ending, now, then),
            (Phase::Releasing(_), Ending::Failed) => self.fail_and_go(unit, Fault::Own, now, then),
            (Phase::Releasing(outcome), _) => self.gone(unit, outcome, now, then),
            (Phase::Stuck(_), ending) => self.yielded_after_all(unit, ending, now, then),
            (Phase::Waiting | Phase::Pending(_) | Phase::Held | Phase::BackingOff(_) | Phase::Ended(_), _) => {}
        }
    }

    /// A unit that was dropped is gone; it may have come to its own end before.
    fn dropped(&mut self, unit: UnitIndex, why: Why, ending: Ending, now: Nanos, then: &mut Commands) {
        let is_wanted = !self.is_stopping() && self.standing(unit).goal == Goal::Run;
        let outcome = match (why, ending) {
            (Why::SetupLimit, Ending::Dropped) => return self.fail_and_go(unit, Fault::TimedOut, now, then),
            (Why::SetupStarved, Ending::Dropped) => return self.fail_and_go(unit, Fault::Starved, now, then),
            // It was just in time.
            (Why::SetupLimit | Why::SetupStarved, Ending::Value) if is_wanted => {
                return self.returned_a_value(unit, now, then);
            }
            (Why::SetupLimit | Why::SetupStarved, _) if is_wanted => return self.returned(unit, now, then),
            (Why::TimedOut, _) => Outcome::TimedOut,
            (Why::Starved, _) => Outcome::Starved,
            (Why::SetupLimit | Why::SetupStarved | Why::Asked, _) => Outcome::Dropped,
            (Why::Failed, _) => Outcome::Failed,
            (Why::Forced, _) => Outcome::Forced,
        };
        if ending == Ending::Value {
            self.release(unit, outcome, now, then);
        } else {
            self.gone(unit, outcome, now, then);
        }
    }

    /// A unit that was given up has gone.
    fn yielded_after_all(&mut self, unit: UnitIndex, ending: Ending, now: Nanos, then: &mut Commands) {
        match ending {
            Ending::Value => then.push(Command::Release(unit)),
            Ending::Failed => _ = self.fail(unit, Fault::Own, now, then),
            Ending::Returned | Ending::Dropped => {}
        }
        self.enter(unit, Phase::Ended(Outcome::TimedOut), then);
    }

    /// A unit has returned without being asked to.
    fn returned(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        self.catch_up(unit, now, then);
        let (spec, standing) = (*self.plan.spec(unit), self.standing(unit));
        let is_up = standing.phase == Phase::Up;
        if spec.is_context() && is_up && standing.has(FAILED) {
            // It is known that it has given up.
            return self.gone(unit, Outcome::Failed, now, then);
        }
        if spec.is_context() {
            let fault = if is_up { Fault::GaveUp } else { Fault::NothingProvided };
            return self.fail_and_go(unit, fault, now, then);
        }
        if !is_up && spec.up_when == UpWhen::Said && !standing.has(KEPT) {
            return self.fail_and_go(unit, Fault::NeverReady, now, then);
        }
        if !is_up {
            // It has come as far as its first await would be.
            self.came_up(unit, now, then);
        }
        let restarts = spec.kind == Kind::Task && spec.restart.is_some_and(|policy| policy.when == When::Permanent);
        if restarts && !self.is_stopping() && self.standing(unit).goal == Goal::Run {
            return self.restart_after_return(unit, now, then);
        }
        self.gone(unit, Outcome::Returned, now, then);
        if spec.return_stops_app && matches!(self.phase(unit), Phase::Ended(_)) {
            self.begin_stop(Cause::Returned(unit), then);
        }
    }

    fn restart_after_return(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let Some(policy) = self.plan.spec(unit).restart else { return };
        let (count, intensity) = self.intensity(unit, &policy);
        if count < intensity {
            self.restart_by_policy(unit, false, now, then);
            self.gone(unit, Outcome::Returned, now, then);
        } else {
            self.fail_and_go(unit, Fault::ReturnedTooOften, now, then);
        }
    }

    /// A unit has returned a value, which is kept for others.
    fn returned_a_value(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        match (self.plan.spec(unit).kind, self.phase(unit)) {
            (Kind::Task, _) | (Kind::Context, Phase::Up) => self.returned(unit, now, then),
            (Kind::Once | Kind::Context, _) => {
                then.push(Command::no_deadline(unit));
                self.forget_startup(unit);
                self.forget_pending(unit);
                self.change(unit, self.standing(unit).at(Phase::Held).without(RECOVERING | NEW), then);
                self.look.push(unit);
            }
        }
    }

    /// A unit's future has gone for this reason.
    pub(super) fn fail_and_go(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) {
        self.catch_up(unit, now, then);
        self.fail(unit, fault, now, then);
        let outcome = match fault {
            Fault::TimedOut => Outcome::TimedOut,
            Fault::Starved => Outcome::Starved,
            _ => Outcome::Failed,
        };
        self.gone(unit, outcome, now, then);
    }

    /// A unit has gone: it is over, or starts again.
    pub(super) fn gone(&mut self, unit: UnitIndex, outcome: Outcome, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        let has_failed =
            standing.has(FAILED) && !self.plan.spec(unit).is_context() && !mutant!(self, OutcomeHidesAFailure);
        let outcome = match outcome {
            Outcome::Returned | Outcome::Stopped | Outcome::Dropped if has_failed => Outcome::Failed,
            outcome => outcome,
        };
        let is_over = self.is_stopping() && !mutant!(self, RestartsAfterShutdown);
        if is_over || standing.goal != Goal::Again {
            // What was to be recovered from by a unit that another plan takes out is judged at the stop.
            if standing.goal == Goal::Run || mutant!(self, ForgetsWhatIsTakenOut) {
                self.forget_failure(unit);
            }
            return self.end(unit, outcome, then);
        }
        self.end_start(unit);
        let delay = self.attempts.get_mut(&unit).and_then(|attempts| attempts.delay.take());
        if let Some(delay) = delay.filter(|&delay| delay > 0) {
            self.change(unit, standing.at(Phase::BackingOff(outcome)).to(Goal::Run), then);
            self.back_off(unit, delay, now, then);
        } else {
            then.push(Command::no_deadline(unit));
            self.change(unit, standing.at(Phase::Pending(outcome)).to(Goal::Run), then);
            self.start_in_time(unit, outcome, now, then);
        }
    }

    /// A unit is over.
    pub(super) fn end(&mut self, unit: UnitIndex, outcome: Outcome, then: &mut Commands) {
        self.forget_startup(unit);
        let over = self.standing(unit).at(Phase::Ended(outcome)).to(Goal::Run);
        self.change(unit, over.without(KEPT | RECOVERING | NEW), then);
    }
}
