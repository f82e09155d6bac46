//! Restarts in place at the hub: those that are not reported as events.

use std::sync::Arc;

use tokio::time::Instant;

use super::hub::Hub;
use super::moment::Timestamp;
use super::unit_facts::Unreported;
use crate::base::sorting::sort_by_number;
use crate::base::verdict::Severity;
use crate::base::{RawFailure, Stage, drop_quietly};
use crate::facts::{Failure, State};
use crate::log::wanted;
use crate::machine::{Phase, UnitIndex};

impl Hub {
    /// Counts a restart in place and keeps the failure, if no log or reader wants the event and the machine allows the
    /// restart. Otherwise returns the failure.
    pub(crate) fn restarted_in_place(
        &self,
        index: u32,
        broken: Option<RawFailure>,
        (now, so_far): (Instant, u32),
    ) -> Result<(), Option<RawFailure>> {
        if wanted::is_wanted() {
            return Err(broken);
        }
        let mut inner = self.lock();
        if broken.is_some() && self.prints() && self.stderr.is_due(index) {
            return Err(broken);
        }
        let changes_nothing = inner.facts.machine.may_restart_in_place(UnitIndex(index), broken.is_some(), so_far);
        if !changes_nothing || inner.is_read() || inner.facts.state() != State::Up {
            return Err(broken);
        }
        let facts = &mut inner.facts;
        let unreported = facts.unreported.entry(index).or_default();
        unreported.restarts = unreported.restarts.saturating_add(1);
        if broken.is_some() {
            unreported.failed = Some(now);
        }
        facts.machine.note_restart_in_place(UnitIndex(index), Timestamp::after(facts.launched, now));
        let before = if broken.is_some() { std::mem::replace(&mut unreported.broken, broken) } else { None };
        drop(inner);
        drop_quietly(before);
        Ok(())
    }

    /// Keeps the last failure of a task that restarted in place, for the report. Calls the error's `Display`, which is
    /// user code.
    pub(crate) fn keep_unreported(&self, unit: UnitIndex) {
        let mut inner = self.lock();
        let broken = inner.facts.unreported.get_mut(&unit.0).and_then(|unreported| unreported.broken.take());
        let Some(broken) = broken else { return };
        let unit = inner.facts.registrations.get(unit.at());
        drop(inner);
        self.keep(&Arc::new(Failure::new(unit, Stage::Running, broken, Severity::Recovered)));
    }

    /// Keeps the last failures of all tasks that restarted in place, in registration order.
    pub(crate) fn keep_all_unreported(&self) {
        for unit in self.unreported() {
            self.keep_unreported(unit);
        }
    }

    /// Returns when a task that is up has last failed and restarted in place, if it has since the last call.
    pub(crate) fn failed_in_place(&self, unit: UnitIndex) -> Option<Instant> {
        let facts = &mut self.lock().facts;
        let unreported = facts.unreported.get_mut(&unit.0)?;
        if facts.machine.phase(unit) == Phase::Up { unreported.failed.take() } else { None }
    }

    /// Returns the tasks with an error that was not reported, in registration order.
    pub(crate) fn unreported(&self) -> Vec<UnitIndex> {
        let units: Vec<_> = self.read(|facts| {
            let has_error =
                |(index, unreported): (&u32, &Unreported)| unreported.broken.is_some().then_some(UnitIndex(*index));
            facts.unreported.iter().filter_map(has_error).collect()
        });
        sort_by_number(units, |unit| unit.0)
    }
}
