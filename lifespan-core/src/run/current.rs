//! A plan being carried out.

use std::ops::Deref;
use std::sync::Arc;

use tokio::time::Instant;

use crate::base::RawFailure;
use crate::plan::Plan;
use crate::shared::{Fact, RunShared};
use crate::signal::{Listener, UnitRef, panics};

/// A plan being carried out, as the driver and the units that it started know it. Once another plan has come in its
/// place, units that go on still know this one, and have the same index in both.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    shared: Arc<RunShared>,
}

impl Deref for Run {
    type Target = RunShared;

    fn deref(&self) -> &RunShared {
        &self.shared
    }
}

impl Run {
    pub(crate) fn new(plan: Plan, shared: Arc<RunShared>) -> Arc<Self> {
        Arc::new(Self { plan, shared })
    }

    /// The same run with another plan.
    pub(super) fn with(&self, plan: Plan) -> Arc<Self> {
        Self::new(plan, Arc::clone(&self.shared))
    }

    /// What outlasts its plan.
    pub(crate) fn shared(&self) -> &Arc<RunShared> {
        &self.shared
    }
}

impl Listener for Run {
    fn provided(&self, who: UnitRef) {
        self.stop_signals.of(who.index as usize).say_up(who.incarnation);
        self.app.inbox().fact(who.index, Fact::Up(who.incarnation));
    }

    /// While this thread polls the body, how that poll ends says more: a panic, an error. Of another thread's poll nothing
    /// is known that would still hold when it is acted on.
    fn let_go(&self, who: UnitRef) {
        // On a thread nobody sees whether it goes on; how the function ends says more, and so does its startup limit.
        if self.plan.registrations.entries[who.index as usize].unit.options.blocking {
            return;
        }
        let cell = self.stop_signals.of(who.index as usize);
        if panics::runs(cell) && cell.incarnation() == who.incarnation {
            cell.set_let_go();
        } else {
            self.app.inbox().fact(who.index, Fact::HolderDropped(who.incarnation));
        }
    }

    fn extended(&self, who: UnitRef, until: Instant) {
        self.app.inbox().fact(who.index, Fact::Extended(who.incarnation, Box::new(until)));
    }

    fn lost(&self, who: UnitRef, broken: Option<RawFailure>) {
        self.app.inbox().fact(who.index, Fact::Lost(who.incarnation, broken.map(Box::new)));
    }
}
