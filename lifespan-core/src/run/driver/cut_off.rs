//! A driver that is dropped before its run has ended.

use std::sync::Arc;

use super::Driver;
use crate::base::verdict::Severity;
use crate::base::{Cause, RawFailure};
use crate::facts::{Event, Failure};
use crate::hub::Facts;
use crate::report::Report;

impl Drop for Driver {
    /// Reports a run that was cut off.
    fn drop(&mut self) {
        let hub = self.run.app.hub();
        if hub.read(Facts::is_over) {
            return;
        }
        hub.all_schedules_end();
        hub.keep_all_unreported();
        for handle in self.handles.iter().flatten() {
            handle.abort();
        }
        for (unit, stage) in self.machine(|machine| machine.all_alive().collect::<Vec<_>>()) {
            let (unit, broken) = (self.run.plan.registrations.get(unit.at()), RawFailure::Other(Cause::Lost));
            let failure = Arc::new(Failure::new(unit, stage, broken, Severity::Full));
            self.send(|_| Event::Failed { failure });
        }
        self.send(|now| {
            let exit_code = now.facts.exit_code().or_incomplete();
            now.ended(exit_code)
        });
        self.run.app.inbox().close();
        self.watched.leave(false);
        self.run.deliver(hub.read(Report::cut_off));
    }
}
