//! Facts of single units that are stored only for those that have them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::RawFailure;
use crate::children::{ChildSet, ChildrenReport};

/// A unit that blocks its thread, or did.
pub(super) struct Blocked {
    pub(super) unit: u32,
    pub(super) ended: Option<Instant>,
}

impl Blocked {
    pub(super) fn is_recent(&self) -> bool {
        const JUST_NOW: Duration = Duration::from_secs(1);
        self.ended.is_none_or(|ended| ended.elapsed() < JUST_NOW)
    }
}

/// The restarts of a task in place that were not reported as events.
#[derive(Default)]
pub(super) struct Unreported {
    pub(super) restarts: u32,
    /// The last failure.
    pub(super) broken: Option<RawFailure>,
    /// The time of the last failure, if it was since the driver asked last.
    pub(super) failed: Option<Instant>,
}

/// The children of one unit.
#[derive(Default)]
pub(super) struct Account {
    /// The children of its present body; `None` once the run has ended.
    pub(super) child_set: Option<Arc<ChildSet>>,
    /// The report of the children of its earlier bodies.
    pub(super) earlier: ChildrenReport,
}

impl Account {
    /// Replaces the set of children. Returns the earlier one, to be dropped outside the lock.
    pub(super) fn replace(&mut self, child_set: Option<Arc<ChildSet>>) -> Option<Arc<ChildSet>> {
        let old = std::mem::replace(&mut self.child_set, child_set);
        if let Some(old) = &old {
            self.earlier.add(old.report());
        }
        old
    }

    pub(super) fn report(&self) -> ChildrenReport {
        let mut all = self.earlier.clone();
        if let Some(child_set) = &self.child_set {
            all.add(child_set.report());
        }
        all
    }
}
