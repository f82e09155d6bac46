//! Handles one input and every step that becomes possible.

use super::command::{Command, Commands};
use super::input::Input;
use super::machine::Machine;
use super::phase::{ALIVE, AppPhase, Phase};
use super::plan::UnitIndex;
use super::time::Nanos;

impl Machine {
    /// Handles an input: adds the commands that follow from it to `then`.
    pub(crate) fn handle(&mut self, input: Input<'_>, now: Nanos, then: &mut Commands) {
        if self.app == AppPhase::Over {
            return;
        }
        match input {
            Input::Launch => self.launch(),
            Input::Up(unit) => self.up(unit, now, then),
            Input::Extend(unit, until) => self.extend(unit, until, then),
            Input::Failed(unit, fault) => self.failed(unit, fault, now, then),
            Input::Unexplained(unit, fault) => self.failed_unexplained(unit, fault, now, then),
            Input::Ended(unit, ending) => self.ended(unit, ending, now, then),
            Input::Deadline(unit) => self.deadline(unit, now, then),
            Input::Starved(unit) => self.starve(unit, now, then),
            Input::HadTurn(unit) => self.had_turn(unit, now, then),
            Input::Forgive(counted) => self.forgive(counted),
            Input::RestartedInPlace(unit, at) => self.restarted_in_place(unit, at, then),
            Input::NotStable(unit, failed) => self.recover_again(unit, failed, then),
            Input::Shutdown(code) => self.shut_down(code, then),
            Input::Force(signal) => self.force(signal, now, then),
            Input::Restart { call, units } => self.restart(call, units, then),
            Input::Replace { call, plan, changed } => self.replace(call, plan, changed, then),
            Input::GoOn => {}
        }
        self.settle(now, then);
    }

    /// Takes every step that is possible now.
    pub(super) fn settle(&mut self, now: Nanos, then: &mut Commands) {
        self.goes_on = true;
        loop {
            if std::mem::take(&mut self.stop_begins) {
                self.enter_stop(now, then);
            }
            while let Some(unit) = self.look.pop() {
                self.look_at(unit, now, then);
                if self.is_long_enough(then) {
                    return;
                }
            }
            let goes_on = self.put_plan_in_place(then)
                || match self.app {
                    AppPhase::Planned | AppPhase::Over | AppPhase::Stopping => false,
                    AppPhase::Starting => {
                        self.start_ready(now, then) || self.start_next(now, then) || self.is_app_up(then)
                    }
                    AppPhase::Up => self.start_ready(now, then) || self.stop_if_finished(then),
                };
            if !goes_on && self.look.is_empty() && !self.stop_begins {
                break;
            }
            if self.is_long_enough(then) {
                return;
            }
        }
        self.goes_on = false;
        self.answer(then);
        if self.app == AppPhase::Stopping && self.count(ALIVE) == 0 {
            self.app = AppPhase::Over;
            then.push(Command::Finish(self.exit_code()));
        }
    }

    /// Returns whether the rest waits for the next input. A stop that begins is entered first.
    pub(super) fn is_long_enough(&self, commands: &Commands) -> bool {
        commands.len() >= self.stride && !self.stop_begins
    }

    pub(super) fn look_at(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        match self.phase(unit) {
            Phase::Pending(_) if self.may_start(unit) => self.start_in_turn(unit, now, then),
            Phase::Starting | Phase::Up | Phase::Held if self.may_stop(unit) => self.stop(unit, now, then),
            // A context that ended before its user: once the user has ended, the units that the context needs may stop.
            phase if !phase.is_alive() && self.plan.spec(unit).is_context() => self.look_at_needs(unit.0),
            _ => {}
        }
    }
}
