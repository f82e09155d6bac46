//! Restarts in place at the hub: those that no reader of events hears of.

use tokio::time::Instant;

use super::hub::Hub;
use super::moment::{Moment, Record};
use super::status::State;
use crate::failure::Broken;
use crate::log;
use crate::machine::Phase;
use crate::machine::plan::UnitIndex;
use crate::unwind::drop_quietly;

impl Hub {
    /// Counts a restart in place, and keeps what broke, where nobody would hear of it and the unit is to go on; else gives
    /// that back.
    pub(crate) fn restarted_in_place(
        &self,
        index: u32,
        broken: Option<Broken>,
        (now, so_far): (Instant, u32),
    ) -> Result<(), Option<Broken>> {
        if log::is_wanted() {
            return Err(broken);
        }
        let mut inner = self.lock();
        if broken.is_some() && self.prints() && self.stderr.is_due(index) {
            return Err(broken);
        }
        let changes_nothing = inner.facts.machine.may_restart_in_place(UnitIndex(index), broken.is_some(), so_far);
        if !changes_nothing || inner.is_read() || inner.facts.state != State::Up {
            return Err(broken);
        }
        let facts = &mut inner.facts;
        let unheard = facts.unheard.entry(index).or_default();
        unheard.restarts = unheard.restarts.saturating_add(1);
        unheard.has_failed |= broken.is_some();
        let now = Moment::after(facts.launched, now);
        facts.records[index as usize] = Record { started: now, up: now };
        let before = if broken.is_some() { std::mem::replace(&mut unheard.broken, broken) } else { None };
        drop(inner);
        drop_quietly(before);
        Ok(())
    }

    /// Takes what broke last in a task that restarted in place.
    pub(crate) fn take_unheard(&self, index: u32) -> Option<Broken> {
        self.lock().facts.unheard.get_mut(&index)?.broken.take()
    }

    /// Returns whether a task that is up has failed and restarted in place since this was asked last.
    pub(crate) fn has_failed_in_place(&self, unit: UnitIndex) -> bool {
        let facts = &mut self.lock().facts;
        let Some(unheard) = facts.unheard.get_mut(&unit.0) else { return false };
        facts.machine.phase(unit) == Phase::Up && std::mem::take(&mut unheard.has_failed)
    }

    /// Returns the tasks that have restarted in place, in registration order.
    pub(crate) fn unheard(&self) -> Vec<UnitIndex> {
        let mut units: Vec<_> = self.read(|facts| facts.unheard.keys().copied().map(UnitIndex).collect());
        units.sort_unstable();
        units
    }
}
