//! The only place where a unit changes, with the updates of counts, units to look at and events.

use std::sync::Arc;

use super::command::{Command, Commands};
use super::links::Links;
use super::machine::{Machine, Reports};
use super::phase::{
    ALIVE, AWAITED, BITS, CONTEXT, COUNTED, DEGRADED, GOING, MEMBER, PLAIN, Phase, Seen, Standing, UNREADY,
};
use super::plan::UnitIndex;
use super::time::NEVER;

impl Machine {
    /// Changes a unit's phase, goal and flags.
    pub(super) fn change(&mut self, unit: UnitIndex, to: Standing, then: &mut Commands) {
        let from = std::mem::replace(&mut self.units[unit.at()], to);
        let mask = self.plan.masks[unit.at()];
        let is = self.class_at(unit, to);
        let was = std::mem::replace(&mut self.classes[unit.at()], is);
        if was != is {
            self.count_class(unit, was, is);
            let changed = was ^ is;
            let may_be_last = changed & PLAIN != 0 && self.count(PLAIN) == 0;
            if may_be_last || changed & GOING != 0 || mask & (CONTEXT | MEMBER) != 0 {
                self.look_at_waiting(unit, mask, was, is);
            }
        }
        if from.phase != to.phase {
            if !self.starved.is_empty() {
                self.starved.remove(&unit);
            }
            if from.phase == Phase::Stopping {
                self.stops[unit.at()] = NEVER;
            }
            self.report_phase(unit, from.phase, to.phase, then);
        }
    }

    /// Reports or notes a unit's change of phase.
    #[inline]
    fn report_phase(&mut self, unit: UnitIndex, from: Phase, to: Phase, then: &mut Commands) {
        let is_running = |seen: Seen| matches!(seen, Seen::Starting | Seen::Up | Seen::Stopping);
        let is_reported = match self.reports {
            Reports::All => true,
            reports => !is_running(self.note_now(unit, from, to)) && reports == Reports::Rests,
        };
        if is_reported {
            then.push(Command::Phase(unit, from, to));
        }
    }

    /// Returns the classes in which a unit counts in this state.
    #[inline]
    fn class_at(&self, unit: UnitIndex, standing: Standing) -> u16 {
        let class = standing.class() & self.plan.masks[unit.at()];
        if mutant!(self, FailedForGoodIsReady) && standing.phase.outcome().is_some() {
            return class & !(UNREADY | DEGRADED);
        }
        class
    }

    /// Puts a unit into a phase.
    pub(super) fn enter(&mut self, unit: UnitIndex, phase: Phase, then: &mut Commands) {
        self.change(unit, self.standing(unit).at(phase), then);
    }

    #[inline]
    fn count_class(&mut self, unit: UnitIndex, was: u16, is: u16) {
        let mut left = (was ^ is) & COUNTED;
        while left != 0 {
            let bit = left.trailing_zeros() as usize % BITS;
            let more = is >> bit & 1;
            self.counts[bit] = self.counts[bit] + u32::from(more) * 2 - 1;
            left &= left - 1;
        }
        if !(self.needs.is_empty() && self.follows.is_empty()) {
            self.count_along_edges(unit, was, is);
        }
    }

    fn count_along_edges(&mut self, unit: UnitIndex, was: u16, is: u16) {
        let plan = &*self.plan;
        let looked_at = self.look.len();
        self.needs.count((plan, &plan.needs), unit, (was ^ is, is), &mut self.look);
        if mutant!(self, LostWakeUp) {
            self.look.truncate(looked_at);
        }
        self.follows.count((plan, &plan.follows), unit, (was ^ is, is), &mut self.look);
    }

    /// Looks at the units that wait for this change for other reasons than an edge.
    fn look_at_waiting(&mut self, unit: UnitIndex, mask: u16, was: u16, is: u16) {
        let changed = was ^ is;
        if mask & CONTEXT != 0 {
            self.count_teardown(unit, was, is);
        }
        if changed & PLAIN != 0 && self.count(PLAIN) == 0 && self.is_stopping() {
            self.look_at_contexts();
        }
        if changed & !is & GOING != 0 {
            self.look_at_needs(unit.0);
        }
        if mask & MEMBER != 0 && changed & (AWAITED | GOING) != 0 {
            self.count_in_group(unit, was, is);
        }
    }

    /// Updates the teardowns. In sequential mode contexts are torn down one at a time: after one has ended, the next is
    /// looked at.
    fn count_teardown(&mut self, unit: UnitIndex, was: u16, is: u16) {
        if self.plan.concurrent {
            return;
        }
        let has_to_stop = |class: u16| class & ALIVE != 0 && (self.is_stopping() || class & GOING != 0);
        let place = self.plan.place(unit);
        match (has_to_stop(was), has_to_stop(is)) {
            (false, true) => _ = self.teardowns.insert(place),
            (true, false) => {
                self.teardowns.remove(&place);
                self.look.extend(self.teardowns.last().map(|&last| self.plan.order[last as usize]));
            }
            _ => {}
        }
    }

    /// Looks at contexts, since all tasks that may use one without an edge have ended.
    fn look_at_contexts(&mut self) {
        if self.plan.concurrent {
            let is_alive = |unit: &UnitIndex| self.phase(*unit).is_alive();
            let alive: Vec<UnitIndex> = self.plan.contexts.iter().copied().filter(is_alive).collect();
            self.look.extend(alive);
        } else {
            self.look.extend(self.teardowns.last().map(|&last| self.plan.order[last as usize]));
        }
    }

    /// Looks at the units that a node needs, since they may be able to stop.
    pub(super) fn look_at_needs(&mut self, node: u32) {
        let plan = Arc::clone(&self.plan);
        for &needed in plan.needs.forwards.slice(node) {
            match plan.unit(needed) {
                Some(unit) if self.phase(unit).is_alive() => self.look.push(unit),
                Some(unit) if !plan.spec(unit).is_context() => {}
                _ => self.look_at_needs(needed),
            }
        }
    }

    /// Counts everything again, for a new plan.
    pub(super) fn recount(&mut self) {
        let plan = Arc::clone(&self.plan);
        let plan = &*plan;
        self.counts = [0; BITS];
        self.needs = Links::new(plan, &plan.needs, false);
        self.follows = Links::new(plan, &plan.follows, true);
        for group in &mut self.groups {
            group.forget_members();
        }
        self.classes = Vec::with_capacity(plan.units());
        for unit in plan.all() {
            let class = self.class_at(unit, self.standing(unit));
            self.classes.push(class);
            if class != 0 {
                self.count_class(unit, 0, class);
            }
            if plan.masks[unit.at()] & MEMBER != 0 {
                self.count_in_group(unit, 0, class);
            }
        }
    }
}
