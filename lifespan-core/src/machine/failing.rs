//! Failures: the stage at which they happen, what they weigh, and what they lead to.

use super::command::{Command, Commands, Judged};
use super::exit_code::{Cause, ExitCode};
use super::machine::Machine;
use super::phase::{FAILED, Goal, KEPT, LOST, Phase, Why};
use super::plan::{UnitIndex, When};
use super::time::Nanos;
use super::withheld::Withheld;
use crate::base::Stage;
use crate::base::verdict::Severity;
use crate::machine::fault::Fault;

/// When a failure is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    Now,
    /// Once the unit's own error is known.
    Withheld,
    /// Now, and it is the reason of the unit's last failure.
    Explains,
}

impl Machine {
    /// A unit has failed, and its future is still there.
    pub(super) fn failed(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) {
        if matches!(fault, Fault::Own | Fault::ResourceLost) && self.explain(unit, fault, then) {
            return;
        }
        self.failing(unit, fault, Telling::Now, now, then);
    }

    /// The same; the failure may wait for the unit's own error.
    pub(super) fn failing(&mut self, unit: UnitIndex, fault: Fault, telling: Telling, now: Nanos, then: &mut Commands) {
        let phase = self.phase(unit);
        if fault == Fault::ResourceLost && phase.is_alive() {
            self.change(unit, self.standing(unit).with(LOST), then);
            if self.is_stopping() {
                // Nobody is to use it any more.
                return;
            }
        }
        match phase {
            // A task that was up before need not say so again.
            Phase::Starting if fault == Fault::NeverReady && self.standing(unit).has(KEPT) => {
                self.came_up(unit, now, then);
            }
            Phase::Starting if telling == Telling::Withheld => _ = self.fail_and_tell(unit, fault, telling, now, then),
            Phase::Starting => {
                self.fail(unit, fault, now, then);
                self.drop_unit(unit, Why::Failed, now, then);
            }
            Phase::Up => self.failed_while_up(unit, fault, telling, now, then),
            Phase::Held | Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_) => {
                self.fail_and_tell(unit, fault, telling, now, then);
            }
            // It was given up, or has ended: this is a word of an earlier life.
            Phase::Waiting | Phase::Pending(_) | Phase::BackingOff(_) | Phase::Stuck(_) | Phase::Ended(_) => {}
        }
    }

    /// A context is torn down once its users have gone. A task is asked to stop at once where the app goes on.
    fn failed_while_up(&mut self, unit: UnitIndex, fault: Fault, telling: Telling, now: Nanos, then: &mut Commands) {
        self.catch_up(unit, now, then);
        let was_going = self.is_stopping() || self.standing(unit).goal != Goal::Run;
        let severity = self.fail_and_tell(unit, fault, telling, now, then);
        let spec = self.plan.spec(unit);
        if was_going || spec.is_context() || self.phase(unit) != Phase::Up || self.is_stopping() {
            return;
        }
        if severity == Severity::Ignored {
            self.change(unit, self.standing(unit).to(Goal::Off).with(KEPT), then);
        }
        if self.standing(unit).has(KEPT) {
            self.stop(unit, now, then);
        }
    }

    /// Keeps a failure and decides what it does: the unit starts again, the app stops, or neither.
    pub(super) fn fail(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) -> Severity {
        self.tell_withheld(unit, then);
        self.fail_and_tell(unit, fault, Telling::Now, now, then)
    }

    pub(super) fn fail_and_tell(
        &mut self,
        unit: UnitIndex,
        fault: Fault,
        telling: Telling,
        now: Nanos,
        then: &mut Commands,
    ) -> Severity {
        let (stage, was_up) = (self.stage(unit), self.phase(unit) == Phase::Up);
        let is_going = self.is_stopping() || self.standing(unit).goal != Goal::Run;
        let failure = self.judge(unit, fault, stage, now);
        let Judged { severity, restarts, .. } = failure;
        if telling == Telling::Withheld {
            let is_unfinished = self.is_incomplete(unit, fault, stage);
            self.withhold(unit, Withheld { failure, is_unfinished, is_told: false, deadline: None }, now, then);
        } else {
            let (failure, explains) = (Box::new(failure), telling == Telling::Explains);
            let failure = Command::Failure { unit, failure, explains };
            if mutant!(self, FailureCountsTwice) {
                then.push(failure.clone());
            }
            then.push(failure);
        }
        self.change(unit, self.standing(unit).with(FAILED), then);
        match severity {
            Severity::Recovered => {
                if restarts {
                    self.restart_by_policy(unit, true, now, then);
                }
                if telling != Telling::Withheld {
                    self.keep_in_mind(unit, self.is_incomplete(unit, fault, stage));
                }
            }
            Severity::Ignored if was_up && !is_going && self.plan.spec(unit).is_context() => {
                self.go_without(unit, then);
            }
            Severity::Full => {
                self.blame(self.code(unit, fault, stage));
                if !mutant!(self, FailureIsIgnored) {
                    self.begin_stop(Cause::Failed(unit), then);
                }
            }
            Severity::Ignored | Severity::Absorbed | Severity::Unrecovered => {}
        }
        severity
    }

    /// The part of its life that a unit is in.
    pub(super) fn stage(&self, unit: UnitIndex) -> Stage {
        let standing = self.standing(unit);
        match standing.phase {
            Phase::Waiting
            | Phase::Pending(_)
            | Phase::BackingOff(_)
            | Phase::Starting
            | Phase::Dropping(Why::SetupLimit | Why::SetupStarved | Why::Failed) => Stage::Startup,
            // The setup of a context, which has provided nothing: one that is up is asked to stop.
            Phase::Dropping(Why::Asked) if self.plan.spec(unit).is_context() => Stage::Startup,
            Phase::Up if !self.is_stopping() && standing.goal == Goal::Run || mutant!(self, StageForgetsTheStop) => {
                Stage::Running
            }
            _ => Stage::Shutdown,
        }
    }

    fn judge(&self, unit: UnitIndex, fault: Fault, stage: Stage, now: Nanos) -> Judged {
        let (spec, standing) = (self.plan.spec(unit), self.standing(unit));
        let is_ignored = || if spec.ignores_failure { Severity::Ignored } else { Severity::Full };
        let is_going = !self.is_stopping() && standing.goal != Goal::Run;
        let limit = if stage == Stage::Startup { self.startup_limit(unit) } else { spec.stop_limit };
        let judged =
            |severity| Judged { stage, fault, severity, restarts: false, exhausted: false, too_late: None, limit };
        // What can't be stopped can't start again beside itself.
        if matches!(fault, Fault::NotYielding | Fault::HeldUp) {
            let is_awaited = is_going && standing.goal == Goal::Again;
            return judged(if is_awaited || self.is_stopping() { Severity::Full } else { is_ignored() });
        }
        if is_going {
            let is_off = standing.goal == Goal::Off && spec.ignores_failure;
            return judged(if is_off { Severity::Ignored } else { Severity::Recovered });
        }
        // That a unit may fail does not mean that it may be left behind.
        if self.is_stopping() && self.is_incomplete(unit, fault, stage) && !standing.has(LOST) {
            return judged(Severity::Full);
        }
        let (mut exhausted, mut too_late) = (false, None);
        if let Some(policy) = spec.restart.filter(|policy| policy.when != When::Temporary)
            && self.is_for_the_policy(unit, fault, stage)
        {
            let (count, intensity) = self.intensity(unit, &policy);
            match (count < intensity, self.is_stopping() && !mutant!(self, RestartsAfterShutdown)) {
                (true, true) => return judged(Severity::Absorbed),
                (true, false) if !self.is_stopping() && self.is_past_its_startup(unit, &policy, now) => {
                    too_late = Some(self.attempts.get(&unit).map_or(0, |attempts| attempts.number) + 1);
                }
                (true, false) => return Judged { restarts: true, ..judged(Severity::Recovered) },
                (false, _) => exhausted = true,
            }
        }
        if self.is_stopping() && standing.has(LOST) && fault == Fault::Own {
            return judged(Severity::Absorbed);
        }
        Judged { exhausted, too_late, ..judged(is_ignored()) }
    }

    /// Returns whether a restart policy is for such failures: not for a teardown, and not for what took too long to stop.
    fn is_for_the_policy(&self, unit: UnitIndex, fault: Fault, stage: Stage) -> bool {
        let is_asked = matches!(self.phase(unit), Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_));
        match fault {
            // It was given up, and yields after all.
            _ if matches!(self.phase(unit), Phase::Stuck(_)) => false,
            Fault::Own | Fault::NothingProvided | Fault::GaveUp | Fault::ResourceLost | Fault::NeverReady => {
                !(self.is_stopping() && is_asked && self.plan.spec(unit).is_context()) || stage == Stage::Startup
            }
            // Where all starts lie within one limit, that is over.
            Fault::TimedOut | Fault::Starved => {
                stage == Stage::Startup && !self.is_stopping() && self.common_end(unit).is_none()
            }
            Fault::NotYielding | Fault::HeldUp | Fault::ReturnedTooOften | Fault::CutOff => false,
        }
    }

    /// The exit code of a failure that is the first cause.
    fn code(&self, unit: UnitIndex, fault: Fault, stage: Stage) -> ExitCode {
        if self.is_incomplete(unit, fault, stage) {
            ExitCode::Incomplete
        } else if self.was_up || self.plan.is_batch {
            ExitCode::Failed
        } else {
            ExitCode::NeverUp
        }
    }

    /// Returns whether a unit was not stopped as it should be: a teardown is missing, or may be.
    fn is_incomplete(&self, unit: UnitIndex, fault: Fault, stage: Stage) -> bool {
        match fault {
            Fault::NotYielding | Fault::HeldUp | Fault::CutOff => true,
            Fault::TimedOut | Fault::Starved => stage == Stage::Shutdown,
            Fault::Own | Fault::NothingProvided | Fault::GaveUp => {
                stage == Stage::Shutdown && self.plan.spec(unit).is_context()
            }
            Fault::ResourceLost | Fault::NeverReady | Fault::ReturnedTooOften => false,
        }
    }

    /// The first cause decides.
    pub(super) fn blame(&mut self, code: ExitCode) {
        if self.verdict.is_none() || mutant!(self, LastCauseDecides) {
            self.verdict = Some(code);
        }
    }

    /// Remembers a failure that was told, after which the unit is to start again, until it does; and one of a unit that
    /// goes.
    pub(super) fn keep_in_mind(&mut self, unit: UnitIndex, is_incomplete: bool) {
        let severity = self.pending_failures.entry(unit).or_insert(Severity::Unrecovered);
        if is_incomplete && !mutant!(self, ForgetsAnUnfinishedTeardown) {
            *severity = Severity::Full;
        }
    }

    /// A unit is up: it has started again, unless it is about to stop with its part.
    pub(super) fn forget_pending(&mut self, unit: UnitIndex) {
        if self.standing(unit).goal == Goal::Run {
            self.forget_failure(unit);
        }
    }

    pub(super) fn forget_failure(&mut self, unit: UnitIndex) {
        if !self.pending_failures.is_empty() {
            self.pending_failures.remove(&unit);
        }
    }

    /// The stop comes before these units have started again.
    pub(super) fn set_severity(&mut self, then: &mut Commands) {
        for (unit, severity) in std::mem::take(&mut self.pending_failures) {
            let severity = self.weigh_at_stop(unit, severity);
            then.push(Command::SetSeverity(unit, severity));
            self.reweigh_told(unit, severity);
        }
        self.reweigh_withheld();
    }

    /// Returns what a failure weighs, and decides the exit code, now that the unit does not start again.
    pub(super) fn weigh_at_stop(&mut self, unit: UnitIndex, severity: Severity) -> Severity {
        if severity != Severity::Full {
            return severity;
        }
        if self.plan.spec(unit).ignores_failure {
            return Severity::Ignored;
        }
        self.blame(ExitCode::Incomplete);
        severity
    }
}
