//! Restarts on request: checks that the units can be restarted, and answers the callers.

use super::Driver;
use super::callers::Caller;
use crate::facts::RestartError;
use crate::machine::{Answer, CallId, Input, Phase, UnitIndex};
use crate::run::blueprint::unit_index;
use crate::shared::RestartCall;

impl Driver {
    pub(super) fn restart_called(&mut self, mut call: RestartCall) {
        if self.is_stopping() {
            // The caller may have stopped waiting.
            let _ = call.done.send(Err(RestartError::NotRunning { state: self.run.app.state() }));
            return;
        }
        let registrations = &self.run.plan.registrations;
        // A reload may have removed it since the call.
        call.units.retain(|unit| registrations.runs(*unit) && self.reloads.keeps(*unit));
        if let Some(error) = self.cannot_restart(&call.units, &[]) {
            let _ = call.done.send(Err(error));
            return;
        }
        let units: Vec<UnitIndex> = call.units.iter().map(|&unit| unit_index(unit)).collect();
        let call = self.callers.add(Caller::Restart(call.done));
        self.handle(Input::Restart { call, units: &units });
    }

    pub(super) fn answer(&mut self, call: CallId, answer: Answer) {
        let state = || self.run.app.state();
        match self.callers.remove(call) {
            None => {}
            Some(Caller::Reload) => self.reload_answered(answer),
            Some(Caller::Restart(done)) => {
                let answer = match answer {
                    Answer::Done => Ok(()),
                    Answer::Stuck(unit) => {
                        Err(RestartError::NotYielding { unit: self.run.plan.registrations.name(unit.at()).to_string() })
                    }
                    Answer::NotNow | Answer::GoingDown => Err(RestartError::NotRunning { state: state() }),
                };
                // The caller may have stopped waiting.
                let _ = done.send(answer);
            }
        }
    }

    /// Returns why a part can't be restarted, before anything of it is stopped. Units in `given` have a new config.
    pub(super) fn cannot_restart(&self, roots: &[usize], given: &[usize]) -> Option<RestartError> {
        let name = |unit: usize| self.run.plan.registrations.name(unit).to_string();
        let roots: Vec<UnitIndex> = roots.iter().copied().map(unit_index).collect();
        let (stuck, part) = self.machine(|machine| (machine.stuck_with(&roots), machine.part_of(&roots)));
        if let Some(stuck) = stuck {
            return Some(RestartError::NotYielding { unit: name(stuck.at()) });
        }
        part.into_iter().map(UnitIndex::at).filter(|unit| !given.contains(unit)).find_map(|unit| {
            let entry = self.entry(unit);
            if let Some(argument) = entry.cannot_be_cloned() {
                return Some(RestartError::NotClone { unit: name(unit), argument: argument.name, ty: argument.ty });
            }
            let has_ended = matches!(self.phase(unit_index(unit)), Phase::Ended(_) | Phase::Held);
            let lacks_config = has_ended && !entry.unit.arguments.is_empty() && !self.run.configs.has(unit);
            lacks_config.then(|| RestartError::Ended { unit: name(unit) })
        })
    }
}
