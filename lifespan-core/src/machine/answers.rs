//! Answers to callers: all their units are up again, or the app is stopping.

use super::call::Call;
use super::command::{Answer, Command, Commands};
use super::machine::Machine;
use super::phase::{AWAITED, Goal, KEPT, UNSETTLED, WAITS};
use super::plan::UnitIndex;

impl Machine {
    /// Answers the callers whose units are all up again.
    #[inline]
    pub(super) fn answer(&mut self, then: &mut Commands) {
        if !self.calls.is_empty() {
            self.answer_calls(then);
        }
    }

    fn answer_calls(&mut self, then: &mut Commands) {
        let mut calls = std::mem::take(&mut self.calls);
        calls.retain_mut(|call| {
            let answer =
                if self.is_stopping() { Some(Answer::GoingDown) } else { self.has_all(call).then_some(Answer::Done) };
            then.extend(answer.map(|answer| Command::Answer(call.id, answer)));
            answer.is_none()
        });
        self.calls = calls;
    }

    fn has_all(&self, call: &mut Call) -> bool {
        let only_waits = call.is_for_plan && self.count(UNSETTLED) == self.count(WAITS);
        let has = |unit: UnitIndex| {
            let standing = self.standing(unit);
            let is_up = standing.phase.is_settled() && standing.goal == Goal::Run;
            is_up || standing.has(KEPT) || only_waits && self.class(unit) & AWAITED != 0
        };
        if call.units.get(call.last_seen).is_some_and(|&unit| !has(unit)) {
            return false;
        }
        let missing = call.units.iter().position(|&unit| !has(unit));
        call.last_seen = missing.unwrap_or(0);
        missing.is_none()
    }
}
