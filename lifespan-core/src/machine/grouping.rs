//! Groups: the members that a failure restarts, and their order.

use std::collections::BTreeSet;

use super::command::PartReason;
use super::group_state::GroupState;
use super::machine::Machine;
use super::phase::{AWAITED, GOING, MEMBER, STARTED};
use super::plan::{GroupIndex, Strategy, UnitIndex};

impl Machine {
    pub(super) fn group_mut(&mut self, group: GroupIndex) -> Option<&mut GroupState> {
        self.groups.get_mut(usize::from(group.0))
    }

    /// Returns the units that restart after a failure of this unit, without those that need them.
    pub(super) fn concerned(&self, unit: UnitIndex) -> (Vec<UnitIndex>, PartReason) {
        let Some((_, group)) = self.plan.group(unit) else { return (vec![unit], PartReason::Failed) };
        let from = self.plan.place(unit);
        let concerns = |member: UnitIndex| match group.strategy {
            Strategy::OneForOne => false,
            Strategy::RestForOne => self.plan.place(member) >= from,
            Strategy::OneForAll => true,
        };
        let is_meant = |member: &UnitIndex| *member == unit || self.phase(*member).is_alive() && concerns(*member);
        (group.members.iter().copied().filter(is_meant).collect(), PartReason::Group)
    }

    /// Counts a member's change of class, and looks at the next member.
    pub(super) fn count_in_group(&mut self, unit: UnitIndex, was: u16, is: u16) {
        let (Some(group), place) = (self.plan.spec(unit).group, self.plan.place(unit)) else { return };
        let order = &self.plan.order;
        let Some(state) = self.groups.get_mut(usize::from(group.0)) else { return };
        let keep = |places: &mut BTreeSet<u32>, bit: u16| match (was & bit != 0, is & bit != 0) {
            (false, true) => _ = places.insert(place),
            (true, false) => _ = places.remove(&place),
            _ => {}
        };
        keep(&mut state.going, GOING);
        keep(&mut state.awaited, AWAITED);
        let next = [state.going.last(), state.awaited.first()];
        self.look.extend(next.into_iter().flatten().map(|&place| order[place as usize]));
    }

    /// Returns whether a member waits: members restart in order, after all that have to stop have stopped.
    pub(super) fn waits_for_group(&self, unit: UnitIndex) -> bool {
        if self.plan.masks[unit.at()] & MEMBER == 0 || !self.standing(unit).has(STARTED) {
            return false;
        }
        let Some((index, group)) = self.plan.group(unit) else { return false };
        let state = &self.groups[usize::from(index.0)];
        let is_first = state.awaited.first().is_none_or(|&first| first == self.plan.place(unit));
        group.strategy != Strategy::OneForOne && !(state.going.is_empty() && is_first)
    }

    /// Returns whether a member waits for later ones: in a part, members stop one at a time, the last first.
    pub(super) fn waits_for_later_members(&self, unit: UnitIndex) -> bool {
        if self.plan.masks[unit.at()] & MEMBER == 0 || self.is_stopping() {
            return false;
        }
        let Some((index, _)) = self.plan.group(unit) else { return false };
        let state = &self.groups[usize::from(index.0)];
        state.going.last().is_some_and(|&last| last != self.plan.place(unit))
    }
}
