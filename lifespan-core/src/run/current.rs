//! A plan being carried out.

use std::ops::Deref;
use std::sync::Arc;

use tokio::time::Instant;

use crate::base::RawFailure;
use crate::plan::Plan;
use crate::shared::{Fact, RunShared};
use crate::signal::{Listener, UnitRef, panics};

/// A plan being carried out, shared by the driver and the units that it started. After another plan has replaced it,
/// units that keep running still hold this one; they have the same index in both.
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

    /// Returns the same run with another plan.
    pub(super) fn with(&self, plan: Plan) -> Arc<Self> {
        Self::new(plan, Arc::clone(&self.shared))
    }

    /// Returns the part of the run that outlives its plan.
    pub(crate) fn shared(&self) -> &Arc<RunShared> {
        &self.shared
    }
}

impl Listener for Run {
    fn provided(&self, who: UnitRef) {
        self.stop_signals.of(who.index as usize).set_up(who.incarnation);
        self.app.inbox().fact(who.index, Fact::Up(who.incarnation));
    }

    /// If this thread is polling the body, the end of that poll (a panic, an error) is the better explanation, so the
    /// report waits for it. A poll on another thread can't wait: it may be over by the time the report is handled.
    fn holder_dropped(&self, who: UnitRef) {
        // A function on a thread may go on; its end, or its startup limit, is the better explanation.
        if self.plan.registrations.entries[who.index as usize].unit.options.blocking {
            return;
        }
        let signal = self.stop_signals.of(who.index as usize);
        if panics::runs(signal) && signal.incarnation() == who.incarnation {
            signal.set_holder_dropped();
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
