//! Failures: their stage, their severity and their consequences.

use super::cause::Cause;
use super::command::{Command, Commands, Judged};
use super::machine::Machine;
use super::phase::{FAILED, Goal, KEPT, LOST, Phase, Why};
use super::plan::{UnitIndex, When};
use super::time::Nanos;
use super::withheld::Withheld;
use crate::base::ExitCode;
use crate::base::Stage;
use crate::base::verdict::Severity;
use crate::machine::fault::Fault;

/// The time at which a failure is reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reporting {
    Now,
    /// Later, once the unit's own error is known.
    Withheld,
    /// Now, as the reason of the unit's last failure.
    Explains,
}

impl Machine {
    /// Handles a failure of a unit whose future has not ended.
    pub(super) fn failed(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) {
        if matches!(fault, Fault::Own | Fault::ResourceLost) && self.explain(unit, fault, then) {
            return;
        }
        self.failing(unit, fault, Reporting::Now, now, then);
    }

    /// Handles a failure of a unit whose future has not ended. The report of the failure may wait for the unit's own
    /// error.
    pub(super) fn failing(
        &mut self,
        unit: UnitIndex,
        fault: Fault,
        reporting: Reporting,
        now: Nanos,
        then: &mut Commands,
    ) {
        let phase = self.phase(unit);
        if fault == Fault::ResourceLost && phase.is_alive() {
            self.change(unit, self.standing(unit).with(LOST), then);
            if self.is_stopping() {
                // No unit uses the resource any more.
                return;
            }
        }
        match phase {
            // A task that was up before need not notify again.
            Phase::Starting if fault == Fault::NeverReady && self.standing(unit).has(KEPT) => {
                self.came_up(unit, now, then);
            }
            Phase::Starting if reporting == Reporting::Withheld => {
                _ = self.fail_and_report(unit, fault, reporting, now, then);
            }
            Phase::Starting => {
                self.fail(unit, fault, now, then);
                self.drop_unit(unit, Why::Failed, now, then);
            }
            Phase::Up => self.failed_while_up(unit, fault, reporting, now, then),
            Phase::Held | Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_) => {
                self.fail_and_report(unit, fault, reporting, now, then);
            }
            // The unit was given up or has ended: the failure is of an earlier incarnation.
            Phase::Waiting | Phase::Pending(_) | Phase::BackingOff(_) | Phase::Stuck(_) | Phase::Ended(_) => {}
        }
    }

    /// Handles a failure of a unit that is up. A context is torn down after its users have ended. A task is asked to
    /// stop at once if the app stays up.
    fn failed_while_up(
        &mut self,
        unit: UnitIndex,
        fault: Fault,
        reporting: Reporting,
        now: Nanos,
        then: &mut Commands,
    ) {
        self.catch_up(unit, now, then);
        let was_going = self.is_stopping() || self.standing(unit).goal != Goal::Run;
        let severity = self.fail_and_report(unit, fault, reporting, now, then);
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

    /// Reports a failure and decides its consequences: the unit restarts, the app stops, or neither.
    pub(super) fn fail(&mut self, unit: UnitIndex, fault: Fault, now: Nanos, then: &mut Commands) -> Severity {
        self.report_withheld(unit, then);
        self.fail_and_report(unit, fault, Reporting::Now, now, then)
    }

    pub(super) fn fail_and_report(
        &mut self,
        unit: UnitIndex,
        fault: Fault,
        reporting: Reporting,
        now: Nanos,
        then: &mut Commands,
    ) -> Severity {
        let (stage, was_up) = (self.stage(unit), self.phase(unit) == Phase::Up);
        let is_going = self.is_stopping() || self.standing(unit).goal != Goal::Run;
        let failure = self.judge(unit, fault, stage, now);
        let Judged { severity, restarts, .. } = failure;
        if reporting == Reporting::Withheld {
            let is_unfinished = self.is_incomplete(unit, fault, stage);
            self.withhold(unit, Withheld { failure, is_unfinished, is_reported: false, deadline: None }, now, then);
        } else {
            let (failure, explains) = (Box::new(failure), reporting == Reporting::Explains);
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
                if reporting != Reporting::Withheld {
                    self.remember_failure(unit, self.is_incomplete(unit, fault, stage));
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

    /// Returns the stage of a unit.
    pub(super) fn stage(&self, unit: UnitIndex) -> Stage {
        let standing = self.standing(unit);
        match standing.phase {
            Phase::Waiting
            | Phase::Pending(_)
            | Phase::BackingOff(_)
            | Phase::Starting
            | Phase::Dropping(Why::SetupLimit | Why::SetupStarved | Why::Failed) => Stage::Startup,
            // The setup of a context that has provided nothing: a context that is up would be asked to stop.
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
        // A unit that does not stop can't restart: a second instance would run beside it.
        if matches!(fault, Fault::NotYielding | Fault::HeldUp) {
            let is_awaited = is_going && standing.goal == Goal::Again;
            return judged(if is_awaited || self.is_stopping() { Severity::Full } else { is_ignored() });
        }
        if is_going {
            let is_off = standing.goal == Goal::Off && spec.ignores_failure;
            return judged(if is_off { Severity::Ignored } else { Severity::Recovered });
        }
        // `on_failure = "ignore"` does not cover an incomplete stop.
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

    /// Returns whether the restart policy covers such a failure: it does not cover teardowns and stops that time out.
    fn is_for_the_policy(&self, unit: UnitIndex, fault: Fault, stage: Stage) -> bool {
        let is_asked = matches!(self.phase(unit), Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_));
        match fault {
            // The unit was given up and has ended later.
            _ if matches!(self.phase(unit), Phase::Stuck(_)) => false,
            Fault::Own | Fault::NothingProvided | Fault::GaveUp | Fault::ResourceLost | Fault::NeverReady => {
                !(self.is_stopping() && is_asked && self.plan.spec(unit).is_context()) || stage == Stage::Startup
            }
            // If one limit covers all starts, no time is left for another.
            Fault::TimedOut | Fault::Starved => {
                stage == Stage::Startup && !self.is_stopping() && self.common_end(unit).is_none()
            }
            Fault::NotYielding | Fault::HeldUp | Fault::ReturnedTooOften | Fault::CutOff => false,
        }
    }

    /// Remembers a reported failure of a unit until it has restarted: if the app stops first, the severity changes.
    pub(super) fn remember_failure(&mut self, unit: UnitIndex, is_incomplete: bool) {
        let severity = self.pending_failures.entry(unit).or_insert(Severity::Unrecovered);
        if is_incomplete && !mutant!(self, ForgetsAnUnfinishedTeardown) {
            *severity = Severity::Full;
        }
    }

    /// Forgets the pending failure of a unit that is up, unless the unit is about to stop with its part.
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

    /// Sets the severity of failures whose units have not restarted before the stop.
    pub(super) fn set_severity(&mut self, then: &mut Commands) {
        for (unit, severity) in std::mem::take(&mut self.pending_failures) {
            let severity = self.weigh_at_stop(unit, severity);
            then.push(Command::SetSeverity(unit, severity));
            self.reweigh_reported(unit, severity);
        }
        self.reweigh_withheld();
    }

    /// Returns the severity of a failure whose unit does not restart because of the stop, and sets the exit code.
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
