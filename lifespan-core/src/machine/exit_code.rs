//! The exit code: the first cause decides.

use super::fault::Fault;
use super::machine::Machine;
use super::plan::UnitIndex;
use crate::base::{ExitCode, Stage};

impl Machine {
    /// Returns the exit code for a failure that is the first cause.
    pub(super) fn code(&self, unit: UnitIndex, fault: Fault, stage: Stage) -> ExitCode {
        if self.is_incomplete(unit, fault, stage) {
            ExitCode::Incomplete
        } else if self.was_up || self.plan.is_batch {
            ExitCode::Failed
        } else {
            ExitCode::NeverUp
        }
    }

    /// Returns whether the stop of a unit is incomplete: its teardown did not run, or not to its end.
    pub(super) fn is_incomplete(&self, unit: UnitIndex, fault: Fault, stage: Stage) -> bool {
        match fault {
            Fault::NotYielding | Fault::HeldUp | Fault::CutOff => true,
            Fault::TimedOut | Fault::Starved => stage == Stage::Shutdown,
            Fault::Own | Fault::NothingProvided | Fault::GaveUp => {
                stage == Stage::Shutdown && self.plan.spec(unit).is_context()
            }
            Fault::ResourceLost | Fault::NeverReady | Fault::ReturnedTooOften => false,
        }
    }

    /// Sets the exit code, unless an earlier cause has set it.
    pub(super) fn blame(&mut self, code: ExitCode) {
        if self.verdict.is_none() || mutant!(self, LastCauseDecides) {
            self.verdict = Some(code);
        }
    }
}
