//! The state of a group.

use std::collections::BTreeSet;

/// The members of a group that have to stop or to start, by their places in the start order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupState {
    /// The restarts that count.
    pub(super) count: u32,
    /// Members that have to stop: the last stops next.
    pub(super) going: BTreeSet<u32>,
    /// Members that have to start: the first starts next.
    pub(super) awaited: BTreeSet<u32>,
}

impl GroupState {
    /// Removes all members, so that they are counted again.
    pub(super) fn forget_members(&mut self) {
        self.going.clear();
        self.awaited.clear();
    }
}
