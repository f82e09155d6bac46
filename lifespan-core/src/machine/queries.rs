//! Reads the state of the app and of its units.

use super::input::{Ending, Input};
use super::machine::{Machine, Reports};
use super::phase::{AppPhase, BITS, DEGRADED, Goal, KEPT, Phase, RECOVERING, Seen, Standing, UNREADY};
use super::plan::{Restart, UnitIndex};
use super::time::Nanos;
use crate::base::ExitCode;
use crate::base::{Outcome, Stage};

impl Machine {
    pub(crate) fn phase(&self, unit: UnitIndex) -> Phase {
        self.units[unit.at()].phase
    }

    /// Returns whether this unit may restart in place after a failure or a return, because no other unit and no reader
    /// would see a change: it is up, goes on, and after a failure it was recovering already.
    ///
    /// The restarts that count are those that the machine has counted, and `in_place` more.
    pub(crate) fn may_restart_in_place(&self, unit: UnitIndex, has_failed: bool, in_place: u32) -> bool {
        let standing = self.units[unit.at()];
        let is_known = !has_failed || standing.has(RECOVERING);
        let is_allowed = |policy: Restart| {
            let (count, intensity) = self.intensity(unit, &policy);
            count.saturating_add(in_place) < intensity
        };
        // A task that was up before counts as up, even before its first await.
        let goes_on = standing.phase == Phase::Up || standing.phase == Phase::Starting && standing.has(KEPT);
        goes_on
            && standing.goal == Goal::Run
            && !self.is_stopping()
            && is_known
            && self.plan.spec(unit).restart.is_some_and(is_allowed)
    }

    /// Returns the units that were given up: their futures have not ended.
    pub(crate) fn all_stuck(&self) -> impl Iterator<Item = UnitIndex> + '_ {
        self.plan.all().filter(|unit| matches!(self.phase(*unit), Phase::Stuck(_)))
    }

    /// Returns the units that have a future or a context's value, with their stages.
    pub(crate) fn all_alive(&self) -> impl Iterator<Item = (UnitIndex, Stage)> + '_ {
        let is_cut_off = |unit: &UnitIndex| match self.phase(*unit) {
            Phase::Held => self.plan.spec(*unit).is_context(),
            phase => phase.is_alive(),
        };
        self.plan.all().filter(is_cut_off).map(|unit| (unit, self.stage(unit)))
    }

    pub(crate) fn app(&self) -> AppPhase {
        self.app
    }

    /// Returns whether the app has ever been up.
    pub(crate) fn was_up(&self) -> bool {
        self.was_up
    }

    pub(crate) fn is_stopping(&self) -> bool {
        matches!(self.app, AppPhase::Stopping | AppPhase::Over)
    }

    /// Returns whether all units that a server needs, or that are required, are up and have recovered.
    pub(crate) fn is_ready(&self) -> bool {
        self.app == AppPhase::Up && self.count(UNREADY) == 0
    }

    /// Returns whether a unit that readiness does not need waits for its restart, recovers, or has failed.
    pub(crate) fn is_degraded(&self) -> bool {
        self.app == AppPhase::Up && self.count(DEGRADED) > 0
    }

    /// Returns whether all tasks are `once` or `background` tasks.
    pub(crate) fn is_batch(&self) -> bool {
        self.plan.is_batch
    }

    /// Returns whether a unit that was started again after a failure has not recovered yet.
    pub(crate) fn is_recovering(&self, unit: UnitIndex) -> bool {
        self.units[unit.at()].has(RECOVERING)
    }

    /// Returns whether a unit makes the app not ready or degraded.
    pub(crate) fn is_weak(&self, unit: UnitIndex) -> bool {
        self.class(unit) & (UNREADY | DEGRADED) != 0
    }

    /// Returns the time at which the stop of the app is over at the latest, if no unit blocks its thread.
    pub(crate) fn stop_ends(&self) -> Nanos {
        self.budget.latest()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        self.verdict.unwrap_or(ExitCode::Stopped)
    }

    /// Returns all units of the present plan.
    pub(crate) fn all(&self) -> impl Iterator<Item = UnitIndex> + use<> {
        self.plan.all()
    }

    /// Returns a unit's phase as users see it.
    pub(crate) fn seen(&self, unit: UnitIndex) -> Seen {
        self.see(unit, self.phase(unit))
    }

    /// Returns the time and the number of the restart of a unit that backs off.
    pub(crate) fn next_start(&self, unit: UnitIndex) -> (Nanos, u32) {
        (self.delay_ends(unit), self.attempts.get(&unit).map_or(0, |attempts| attempts.number))
    }

    /// Returns the phase that users see for this phase of a unit.
    #[inline]
    pub(crate) fn see(&self, unit: UnitIndex, phase: Phase) -> Seen {
        match phase {
            Phase::Waiting | Phase::Pending(_) => Seen::Waiting,
            Phase::Starting => Seen::Starting,
            Phase::Up => Seen::Up,
            Phase::Held => self.see_value(unit, Seen::Up, Outcome::Returned),
            Phase::Releasing(outcome) => self.see_value(unit, Seen::Stopping, outcome),
            Phase::BackingOff(_) => Seen::BackingOff,
            Phase::Stopping | Phase::Dropping(_) => Seen::Stopping,
            Phase::Stuck(outcome) | Phase::Ended(outcome) => Seen::Ended(outcome),
        }
    }

    /// Returns the phase that users see of a unit that has returned a value: a task has ended with it.
    fn see_value(&self, unit: UnitIndex, context: Seen, task: Outcome) -> Seen {
        if self.plan.spec(unit).is_context() { context } else { Seen::Ended(task) }
    }

    /// Returns how often a unit was restarted.
    pub(crate) fn restarts(&self, unit: UnitIndex) -> u32 {
        self.generation(unit)
    }

    /// Returns the present generation of a unit, counted from 0. The driver drops messages of earlier ones.
    pub(crate) fn generation(&self, unit: UnitIndex) -> u32 {
        self.generations.get(&unit).copied().unwrap_or(0)
    }

    /// Sets the number of commands after which an input is interrupted.
    pub(crate) fn set_stride(&mut self, commands: usize) {
        self.stride = commands;
    }

    /// Returns whether the last input was interrupted: the driver must send [`Input::GoOn`], after other inputs if it
    /// has any.
    pub(crate) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Returns whether a random delay may follow from an input.
    pub(crate) fn draws_chance(&self, input: &Input<'_>) -> bool {
        self.plan.has_jitter
            && matches!(
                input,
                Input::Ended(_, Ending::Returned | Ending::Failed) | Input::Failed(..) | Input::Unexplained(..)
            )
    }

    /// Sets which changes of phase are reported.
    pub(crate) fn set_reports(&mut self, reports: Reports) {
        self.reports = reports;
    }

    /// Sets the random number for the next delay.
    pub(crate) fn set_chance(&mut self, chance: u16) {
        self.chance = chance;
    }

    pub(super) fn standing(&self, unit: UnitIndex) -> Standing {
        self.units[unit.at()]
    }

    pub(super) fn class(&self, unit: UnitIndex) -> u16 {
        self.classes[unit.at()]
    }

    /// Returns the number of units in this class.
    pub(super) fn count(&self, bit: u16) -> u32 {
        self.counts[bit.trailing_zeros() as usize % BITS]
    }
}
