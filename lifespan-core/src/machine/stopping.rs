//! Stops units: the request, the reverse order, and force.

use super::cause::Cause;
use super::command::{Answer, Command, Commands};
use super::machine::Machine;
use super::phase::{AppPhase, CONTEXT, GOING, PLAIN, Phase, Why};
use super::plan::{OnShutdown, UnitIndex};
use super::time::Nanos;
use crate::base::ExitCode;
use crate::base::Outcome;

impl Machine {
    pub(super) fn shut_down(&mut self, code: u8, then: &mut Commands) {
        if code != 0 {
            self.blame(ExitCode::Asked(code));
        }
        self.begin_stop(Cause::Requested, then);
    }

    /// Begins the stop of the app. Its units are stopped after the present input was handled.
    pub(super) fn begin_stop(&mut self, cause: Cause, then: &mut Commands) {
        if !self.is_stopping() {
            self.app = AppPhase::Stopping;
            self.stop_begins = true;
            then.push(Command::AppStopping(cause));
        }
    }

    /// Begins to stop all units.
    pub(super) fn enter_stop(&mut self, now: Nanos, then: &mut Commands) {
        if let Some(next) = self.next.take() {
            then.push(Command::Answer(next.call, Answer::GoingDown));
        }
        self.ready.clear();
        self.set_severity(then);
        let plan = std::sync::Arc::clone(&self.plan);
        self.budget = self.stop_budget(now);
        if !plan.concurrent {
            let alive = plan.contexts.iter().copied().filter(|unit| self.phase(*unit).is_alive());
            self.teardowns = alive.map(|unit| plan.place(unit)).collect();
        }
        for &unit in &plan.order {
            match self.phase(unit) {
                Phase::Starting | Phase::Up => self.look.push(unit),
                Phase::Held => {
                    if !mutant!(self, ValueIsForgotten) {
                        self.look.push(unit);
                    }
                }
                // A unit that was stopping with its part is limited by the stop of the app, too.
                Phase::Stopping => then.push(Command::Deadline(unit, self.stop_deadline(unit, now))),
                Phase::Pending(Outcome::NotStarted) => self.enter(unit, Phase::Waiting, then),
                Phase::Pending(outcome) => self.end(unit, outcome, then),
                Phase::BackingOff(outcome) => {
                    if !mutant!(self, DelayOutlivesShutdown) {
                        self.end(unit, outcome, then);
                    }
                }
                Phase::Waiting | Phase::Dropping(_) | Phase::Releasing(_) | Phase::Stuck(_) | Phase::Ended(_) => {}
            }
        }
    }

    /// Returns whether a unit has to stop, and all its users have ended.
    #[inline]
    pub(super) fn may_stop(&self, unit: UnitIndex) -> bool {
        let is_stopping = self.is_stopping();
        let is_used = || !self.needs.is_empty() && (self.needs.is_used(unit) || self.is_held_through(unit.0));
        if !is_stopping && self.class(unit) & GOING == 0 || is_used() && !mutant!(self, StopsBeforeItsUsers) {
            return false;
        }
        let is_context = self.plan.masks[unit.at()] & CONTEXT != 0;
        // It has provided nothing yet that a unit could use.
        if is_context && self.phase(unit) == Phase::Starting {
            return true;
        }
        let is_followed =
            if is_stopping { self.follows.is_used(unit) } else { self.follows.is_used_by_what_goes(unit) };
        !(is_followed || is_context && self.waits_for_teardowns(unit) || self.waits_for_later_members(unit))
    }

    /// Returns whether a context that used this node has ended before its own users: its resource, which they still
    /// hold, may use this node.
    fn is_held_through(&self, node: u32) -> bool {
        self.plan.needs.backwards.slice(node).iter().any(|&user| match self.plan.unit(user) {
            Some(user) if self.phase(user).is_alive() => self.is_stopping() || self.class(user) & GOING != 0,
            Some(user) if !self.plan.spec(user).is_context() => false,
            _ => self.is_held_through(user),
        })
    }

    /// Returns whether a context waits for others: tasks that may use it without an edge stop before it and, in
    /// sequential mode, the contexts that came up after it.
    fn waits_for_teardowns(&self, unit: UnitIndex) -> bool {
        if mutant!(self, TeardownsOutOfOrder) {
            return false;
        }
        let is_last = || self.teardowns.last().is_none_or(|&last| last == self.plan.place(unit));
        self.is_stopping() && self.count(PLAIN) > 0 || !self.plan.concurrent && !is_last()
    }

    #[inline]
    pub(super) fn stop(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let spec = self.plan.spec(unit);
        match (self.phase(unit), spec.is_context()) {
            (Phase::Held, true) => self.release(unit, Outcome::Stopped, now, then),
            (Phase::Held, false) => self.release(unit, Outcome::Returned, now, then),
            (Phase::Starting, true) => self.drop_unit(unit, Why::Asked, now, then),
            (_, false) if spec.on_shutdown == OnShutdown::Drop => self.drop_unit(unit, Why::Asked, now, then),
            _ => self.ask_to_stop(unit, now, then),
        }
    }

    #[inline]
    pub(super) fn ask_to_stop(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        self.enter(unit, Phase::Stopping, then);
        then.push(Command::Stop(unit, self.stop_deadline(unit, now)));
    }

    /// Drops the value that a unit has returned, and waits for the end of its destructor, which is user code.
    pub(super) fn release(&mut self, unit: UnitIndex, outcome: Outcome, now: Nanos, then: &mut Commands) {
        self.enter(unit, Phase::Releasing(outcome), then);
        then.push(Command::Release(unit, self.stop_deadline(unit, now)));
    }

    /// Drops everything after a second signal, without order and grace.
    pub(super) fn force(&mut self, signal: u8, now: Nanos, then: &mut Commands) {
        if std::mem::replace(&mut self.forced, true) {
            return;
        }
        self.blame(ExitCode::Forced(signal));
        self.begin_stop(Cause::Forced, then);
        if std::mem::take(&mut self.stop_begins) {
            self.enter_stop(now, then);
        }
        self.look.clear();
        for unit in self.plan.all() {
            match self.phase(unit) {
                Phase::Held => self.release(unit, Outcome::Forced, now, then),
                Phase::Starting | Phase::Up | Phase::Stopping => self.drop_unit(unit, Why::Forced, now, then),
                Phase::Dropping(why @ (Why::Asked | Why::Failed | Why::Forced)) => {
                    let why = if why == Why::Asked { Why::Forced } else { why };
                    self.drop_unit(unit, why, now, then);
                }
                Phase::Dropping(why) => self.drop_unit(unit, why, now, then),
                _ => {}
            }
        }
    }
}
