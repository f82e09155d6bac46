//! Restarts in place at the hub: those that no reader of events hears of.

use std::sync::Arc;

use tokio::time::Instant;

use super::facts::Unheard;
use super::hub::Hub;
use super::moment::Timestamp;
use crate::base::sorting::sort_by_number;
use crate::base::verdict::Severity;
use crate::base::{RawFailure, Stage, drop_quietly};
use crate::facts::{Failure, State};
use crate::log::wanted;
use crate::machine::{Phase, UnitIndex};

impl Hub {
    /// Counts a restart in place, and keeps what broke, where nobody would hear of it and the unit is to go on; else gives
    /// that back.
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
        let unheard = facts.unheard.entry(index).or_default();
        unheard.restarts = unheard.restarts.saturating_add(1);
        unheard.has_failed |= broken.is_some();
        facts.machine.note_restart_in_place(UnitIndex(index), Timestamp::after(facts.launched, now));
        let before = if broken.is_some() { std::mem::replace(&mut unheard.broken, broken) } else { None };
        drop(inner);
        drop_quietly(before);
        Ok(())
    }

    /// Keeps what broke last in a task that restarted in place for the report. The error tells its text, which is user
    /// code.
    pub(crate) fn keep_unheard(&self, unit: UnitIndex) {
        let mut inner = self.lock();
        let broken = inner.facts.unheard.get_mut(&unit.0).and_then(|unheard| unheard.broken.take());
        let Some(broken) = broken else { return };
        let unit = inner.facts.registrations.get(unit.at());
        drop(inner);
        self.keep(&Arc::new(Failure::new(unit, Stage::Running, broken, Severity::Recovered)));
    }

    /// The same for all tasks, in registration order.
    pub(crate) fn keep_all_unheard(&self) {
        for unit in self.unheard() {
            self.keep_unheard(unit);
        }
    }

    /// Returns whether a task that is up has failed and restarted in place since this was asked last.
    pub(crate) fn has_failed_in_place(&self, unit: UnitIndex) -> bool {
        let facts = &mut self.lock().facts;
        let Some(unheard) = facts.unheard.get_mut(&unit.0) else { return false };
        facts.machine.phase(unit) == Phase::Up && std::mem::take(&mut unheard.has_failed)
    }

    /// Returns the tasks of which an error is to be kept, in registration order.
    pub(crate) fn unheard(&self) -> Vec<UnitIndex> {
        let units: Vec<_> = self.read(|facts| {
            let has_error = |(index, unheard): (&u32, &Unheard)| unheard.broken.is_some().then_some(UnitIndex(*index));
            facts.unheard.iter().filter_map(has_error).collect()
        });
        sort_by_number(units, |unit| unit.0)
    }
}
