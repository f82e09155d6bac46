//! Restart policy: intensity, delays, and the recovery of a unit that is up again.

use super::attempts::Step;
use super::command::{Command, Commands};
use super::machine::Machine;
use super::phase::{Goal, KEPT, Phase, RECOVERING};
use super::plan::{Restart, UnitIndex};
use super::time::{NEVER, Nanos};
use crate::machine::subject::Counted;

impl Machine {
    /// Returns the number of restarts that count, of this unit or its group, and the limit.
    pub(super) fn intensity(&self, unit: UnitIndex, policy: &Restart) -> (u32, u32) {
        match self.plan.group(unit) {
            Some((index, group)) => (self.groups[usize::from(index.0)].count, group.intensity),
            None => (self.attempts.get(&unit).map_or(0, |attempts| attempts.count), policy.intensity),
        }
    }

    /// Counts a restart, and restarts the unit with all that restart with it.
    pub(super) fn restart_by_policy(&mut self, unit: UnitIndex, failed: bool, now: Nanos, then: &mut Commands) {
        let Some(policy) = self.plan.spec(unit).restart else { return };
        self.count_restart(unit, &policy, now, then);
        let delay = self.next_delay(unit, &policy);
        let attempts = self.attempts.entry(unit).or_default();
        attempts.number += 1;
        attempts.delay = Some(delay);
        if !self.withheld.contains_key(&unit) {
            then.push(Command::Restarting { unit, number: attempts.number, delay });
        }
        let standing = self.standing(unit);
        let standing = if failed { standing.with(RECOVERING) } else { standing };
        if self.plan.spec(unit).restarts_alone() {
            let is_kept = standing.phase == Phase::Up || standing.has(KEPT);
            let standing = if is_kept { standing.with(KEPT) } else { standing };
            self.change(unit, standing.to(Goal::Again), then);
        } else {
            self.change(unit, standing.to(Goal::Again), then);
            let (roots, reason) = self.concerned(unit);
            self.restart_part(&roots, unit, reason, then);
        }
    }

    fn count_restart(&mut self, unit: UnitIndex, policy: &Restart, now: Nanos, then: &mut Commands) {
        let (counted, period) = if let Some((index, group)) = self.plan.group(unit) {
            let period = group.period;
            self.groups[usize::from(index.0)].count += 1;
            (Counted::Group(index), period)
        } else {
            self.attempts.entry(unit).or_default().count += 1;
            (Counted::Unit(unit), policy.period)
        };
        then.push(Command::Forgive(counted, now.saturating_add(period)));
    }

    pub(super) fn next_delay(&self, unit: UnitIndex, policy: &Restart) -> Nanos {
        policy.delay(self.attempts.get(&unit).map_or(0, |attempts| attempts.number), self.chance)
    }

    pub(super) fn forgive(&mut self, counted: Counted) {
        let count = match counted {
            Counted::Unit(unit) => self.attempts.get_mut(&unit).map(|attempts| &mut attempts.count),
            Counted::Group(group) => self.group_mut(group).map(|group| &mut group.count),
        };
        if let Some(count) = count {
            *count = count.saturating_sub(1);
        }
    }

    /// Resets a unit's restarts, since it gets other arguments.
    pub(super) fn forget_attempts(&mut self, unit: UnitIndex, then: &mut Commands) {
        if let Some(attempts) = self.attempts.get_mut(&unit) {
            (attempts.count, attempts.number, attempts.delay) = (0, 0, None);
            then.push(Command::ForgetForgiving(Counted::Unit(unit)));
        }
    }

    /// Counts a restart in place: after a return, or after a failure while the task was recovering from another.
    pub(super) fn restarted_in_place(&mut self, unit: UnitIndex, at: Nanos, then: &mut Commands) {
        // A unit that stops for new arguments counts from 0 again.
        let counts = self.phase(unit) == Phase::Up || self.phase(unit).is_alive() && self.next.is_none();
        let Some(policy) = self.plan.spec(unit).restart.filter(|_| counts) else { return };
        self.count_restart(unit, &policy, at, then);
        let attempts = self.attempts.entry(unit).or_default();
        attempts.number = attempts.number.saturating_add(1);
        self.recover_again(unit, at, then);
    }

    /// Starts the recovery of a unit again, if it is up: it has failed in place meanwhile.
    pub(super) fn recover_again(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        if self.phase(unit) == Phase::Up {
            self.probation(unit, now, then);
        }
    }

    /// Starts the recovery of a unit that is up, if it has restarted.
    pub(super) fn probation(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        if let Some(attempts) = self.attempts.get_mut(&unit) {
            attempts.since = now;
            self.next_step(unit, then);
        }
    }

    /// Returns whether a unit that is up has a step of its recovery before it.
    pub(super) fn is_in_a_step(&self, unit: UnitIndex) -> bool {
        self.attempts.get(&unit).is_some_and(|attempts| attempts.step != Step::None)
    }

    /// Chooses the next step of the recovery of a unit that is up, and sets its deadline.
    fn next_step(&mut self, unit: UnitIndex, then: &mut Commands) {
        let is_recovering = self.standing(unit).has(RECOVERING);
        let (stable_after, reset_after) = (self.step_after(unit, Step::Stable), self.step_after(unit, Step::Reset));
        let Some(attempts) = self.attempts.get_mut(&unit) else { return };
        attempts.step = match (is_recovering, attempts.number > 0) {
            (true, true) if stable_after > reset_after => Step::Reset,
            (true, _) => Step::Stable,
            (false, true) => Step::Reset,
            (false, false) => Step::None,
        };
        then.push(Command::Deadline(unit, self.step_ends(unit)));
    }

    /// Returns the time up after which a step of the recovery is complete.
    fn step_after(&self, unit: UnitIndex, step: Step) -> Nanos {
        let spec = self.plan.spec(unit);
        match step {
            Step::None => NEVER,
            Step::Stable => spec.stable_after,
            Step::Reset => spec.restart.map_or(NEVER, |policy| policy.reset_after),
        }
    }

    /// Returns the deadline of the present step of a unit's recovery.
    fn step_ends(&self, unit: UnitIndex) -> Nanos {
        let attempts = self.attempts.get(&unit).copied().unwrap_or_default();
        attempts.since.saturating_add(self.step_after(unit, attempts.step))
    }

    /// Chooses the steps of all recoveries again, since a new plan may have other times.
    pub(super) fn revise_recoveries(&mut self, then: &mut Commands) {
        let recovers = |unit: &UnitIndex| self.phase(*unit) == Phase::Up && self.is_in_a_step(*unit);
        let units: Vec<UnitIndex> = self.attempts.keys().copied().filter(recovers).collect();
        for unit in units {
            self.next_step(unit, then);
        }
    }

    /// Completes a recovery step: the unit has stayed up until its deadline.
    pub(super) fn pass_step(&mut self, unit: UnitIndex, then: &mut Commands) {
        let Some(attempts) = self.attempts.get_mut(&unit) else { return };
        let step = std::mem::take(&mut attempts.step);
        match step {
            Step::None => return,
            Step::Stable => self.change(unit, self.standing(unit).without(RECOVERING), then),
            Step::Reset => attempts.number = 0,
        }
        self.next_step(unit, then);
    }

    /// Completes the recovery steps whose deadlines have passed: the driver may send another input of the unit before
    /// the deadline.
    pub(super) fn catch_up(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        let is_due = |machine: &Self| machine.is_in_a_step(unit) && machine.step_ends(unit) <= now;
        while self.phase(unit) == Phase::Up && is_due(self) {
            self.pass_step(unit, then);
        }
    }

    /// Begins the delay of a unit that has stopped.
    pub(super) fn back_off(&mut self, unit: UnitIndex, delay: Nanos, now: Nanos, then: &mut Commands) {
        self.attempts.entry(unit).or_default().until = now.saturating_add(delay);
        then.push(Command::Deadline(unit, self.delay_ends(unit)));
    }

    /// Returns the end of a unit's delay, which is the end of its startup at the latest.
    pub(super) fn delay_ends(&self, unit: UnitIndex) -> Nanos {
        let until = self.attempts.get(&unit).map_or(0, |attempts| attempts.until);
        self.common_end(unit).map_or(until, |ends| ends.min(until))
    }

    /// Returns whether the delay of a unit ends with its startup, so that no start follows.
    pub(super) fn is_late(&self, unit: UnitIndex) -> bool {
        let attempts = self.attempts.get(&unit).zip(self.common_end(unit));
        attempts.is_some_and(|(attempts, ends)| attempts.until >= ends)
    }

    /// Restarts the startup limit with the unit's next start, so that the limit no longer shortens its delay.
    pub(super) fn forget_startup_limit(&mut self, unit: UnitIndex, then: &mut Commands) {
        let is_cut_short = matches!(self.phase(unit), Phase::BackingOff(_)) && self.is_late(unit);
        self.startups.remove(&unit);
        if is_cut_short {
            then.push(Command::Deadline(unit, self.delay_ends(unit)));
        }
    }

    /// Returns whether the next start of a context or a group member would lie beyond its startup limit.
    pub(super) fn is_past_its_startup(&self, unit: UnitIndex, policy: &Restart, now: Nanos) -> bool {
        let ends = self.common_end(unit).filter(|_| !self.plan.spec(unit).restarts_alone());
        ends.is_some_and(|ends| now.saturating_add(self.next_delay(unit, policy)) >= ends)
    }
}
