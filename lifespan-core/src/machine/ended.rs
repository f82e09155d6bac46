//! The end of a unit's future, or of its value.

use super::cause::Cause;
use super::command::{Command, Commands};
use super::input::Ending;
use super::machine::Machine;
use super::phase::{FAILED, Goal, KEPT, NEW, Phase, RECOVERING, Why};
use super::plan::{Kind, UnitIndex, UpWhen, When};
use super::time::{NEVER, Nanos};
use crate::base::Outcome;
use crate::machine::fault::Fault;

impl Machine {
    /// Handles the end of a unit's future or of its value.
    pub(super) fn ended(&mut self, unit: UnitIndex, ending: Ending, now: Nanos, then: &mut Commands) {
        if ending == Ending::Failed && self.explain(unit, Fault::Own, then) {
            return self.end_or_restart(unit, Outcome::Failed, now, then);
        }
        self.report_withheld(unit, then);
        match (self.phase(unit), ending) {
            (Phase::Starting | Phase::Up, Ending::Returned) => self.returned(unit, now, then),
            (Phase::Starting | Phase::Up, Ending::Value) => self.returned_a_value(unit, now, then),
            (Phase::Starting | Phase::Up, Ending::Dropped) => self.fail_and_end(unit, Fault::CutOff, now, then),
            (Phase::Stopping, Ending::Failed) if mutant!(self, LosesAFailure) => {
                self.end_or_restart(unit, Outcome::Stopped, now, then);
            }
            (Phase::Starting | Phase::Up | Phase::Stopping | Phase::Dropping(_), Ending::Failed) => {
                self.fail_and_end(unit, Fault::Own, now, then);
            }
            (Phase::Stopping, Ending::Value) => self.release(unit, Outcome::Stopped, now, then),
            (Phase::Stopping, Ending::Returned | Ending::Dropped) => {
                self.end_or_restart(unit, Outcome::Stopped, now, then);
            }
            (Phase::Dropping(why), ending) => self.dropped(unit, why, ending, now, then),
            (Phase::Releasing(_), Ending::Failed) => self.fail_and_end(unit, Fault::Own, now, then),
            (Phase::Releasing(outcome), _) => self.end_or_restart(unit, outcome, now, then),
            (Phase::Stuck(_), ending) => self.yielded_after_all(unit, ending, now, then),
            (Phase::Waiting | Phase::Pending(_) | Phase::Held | Phase::BackingOff(_) | Phase::Ended(_), _) => {}
        }
    }

    /// Handles the end of a unit that was dropped. It may have ended by itself before the drop.
    fn dropped(&mut self, unit: UnitIndex, why: Why, ending: Ending, now: Nanos, then: &mut Commands) {
        let is_wanted = !self.is_stopping() && self.standing(unit).goal == Goal::Run;
        let outcome = match (why, ending) {
            (Why::SetupLimit, Ending::Dropped) => return self.fail_and_end(unit, Fault::TimedOut, now, then),
            (Why::SetupStarved, Ending::Dropped) => return self.fail_and_end(unit, Fault::Starved, now, then),
            // The setup has provided before the drop.
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
            self.end_or_restart(unit, outcome, now, then);
        }
    }

    /// Handles the end of a unit that was given up.
    fn yielded_after_all(&mut self, unit: UnitIndex, ending: Ending, now: Nanos, then: &mut Commands) {
        match ending {
            Ending::Value => then.push(Command::Release(unit, NEVER)),
            Ending::Failed => _ = self.fail(unit, Fault::Own, now, then),
            Ending::Returned | Ending::Dropped => {}
        }
        self.enter(unit, Phase::Ended(Outcome::TimedOut), then);
    }

    /// Handles the return of a unit that was not asked to stop.
    fn returned(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        self.catch_up(unit, now, then);
        let (spec, standing) = (*self.plan.spec(unit), self.standing(unit));
        let is_up = standing.phase == Phase::Up;
        if spec.is_context() && is_up && standing.has(FAILED) {
            // Its failure was reported when it lost its resource.
            return self.end_or_restart(unit, Outcome::Failed, now, then);
        }
        if spec.is_context() {
            let fault = if is_up { Fault::GaveUp } else { Fault::NothingProvided };
            return self.fail_and_end(unit, fault, now, then);
        }
        if !is_up && spec.up_when == UpWhen::Notified && !standing.has(KEPT) {
            return self.fail_and_end(unit, Fault::NeverReady, now, then);
        }
        if !is_up {
            // A return counts as the first await.
            self.came_up(unit, now, then);
        }
        let restarts = spec.kind == Kind::Task && spec.restart.is_some_and(|policy| policy.when == When::Permanent);
        if restarts && !self.is_stopping() && self.standing(unit).goal == Goal::Run {
            return self.restart_after_return(unit, now, then);
        }
        self.end_or_restart(unit, Outcome::Returned, now, then);
        if spec.return_stops_app && matches!(self.phase(unit), Phase::Ended(_)) {
            self.begin_stop(Cause::Returned(unit), then);
        }
    }

    fn restart_after_return(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let Some(policy) = self.plan.spec(unit).restart else { return };
        let (count, intensity) = self.intensity(unit, &policy);
        if count < intensity {
            self.restart_by_policy(unit, false, now, then);
            self.end_or_restart(unit, Outcome::Returned, now, then);
        } else {
            self.fail_and_end(unit, Fault::ReturnedTooOften, now, then);
        }
    }

    /// Handles the return of a value, which is kept for other units.
    fn returned_a_value(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        match (self.plan.spec(unit).kind, self.phase(unit)) {
            (Kind::Task, _) | (Kind::Context, Phase::Up) => self.returned(unit, now, then),
            (Kind::Once | Kind::Context, _) => {
                self.forget_startup(unit);
                self.forget_pending(unit);
                self.change(unit, self.standing(unit).at(Phase::Held).without(RECOVERING | NEW), then);
                self.look.push(unit);
            }
        }
    }

    /// Handles the end of a unit's future with this failure.
    pub(super) fn fail_and_end(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) {
        self.catch_up(unit, now, then);
        self.fail(unit, fault, now, then);
        let outcome = match fault {
            Fault::TimedOut => Outcome::TimedOut,
            Fault::Starved => Outcome::Starved,
            _ => Outcome::Failed,
        };
        self.end_or_restart(unit, outcome, now, then);
    }

    /// Ends a unit whose future has ended, or prepares its next start.
    #[inline]
    pub(super) fn end_or_restart(&mut self, unit: UnitIndex, outcome: Outcome, now: Nanos, then: &mut Commands) {
        let standing = self.standing(unit);
        let has_failed =
            standing.has(FAILED) && !self.plan.spec(unit).is_context() && !mutant!(self, OutcomeHidesAFailure);
        let outcome = match outcome {
            Outcome::Returned | Outcome::Stopped | Outcome::Dropped if has_failed => Outcome::Failed,
            outcome => outcome,
        };
        let is_over = self.is_stopping() && !mutant!(self, RestartsAfterShutdown);
        if is_over || standing.goal != Goal::Again {
            // A unit that a new plan removes keeps its pending failure, which is judged at the stop.
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
            self.change(unit, standing.at(Phase::Pending(outcome)).to(Goal::Run), then);
            self.start_in_time(unit, outcome, now, then);
        }
    }

    /// Ends a unit: it does not start again by itself.
    pub(super) fn end(&mut self, unit: UnitIndex, outcome: Outcome, then: &mut Commands) {
        self.forget_startup(unit);
        let over = self.standing(unit).at(Phase::Ended(outcome)).to(Goal::Run);
        self.change(unit, over.without(KEPT | RECOVERING | NEW), then);
    }
}
