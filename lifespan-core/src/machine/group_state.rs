//! Where a group is.

use std::collections::BTreeSet;

/// The members of a group that are on their way, by their places in the start order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupState {
    /// The restarts that count.
    pub(super) count: u32,
    /// Members that are to go: the last stops next.
    pub(super) going: BTreeSet<u32>,
    /// Members that are to start: the first starts next.
    pub(super) awaited: BTreeSet<u32>,
}

impl GroupState {
    /// Forgets who is to go and to start, to be counted again.
    pub(super) fn forget_members(&mut self) {
        self.going.clear();
        self.awaited.clear();
    }
}
