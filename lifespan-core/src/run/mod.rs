//! Carries a plan out: startup, task supervision, shutdown, deadlines.

pub(crate) mod blocking;
mod blueprint;
pub(crate) mod configs;
pub(crate) mod driver;
pub(crate) mod ending;
pub(crate) mod family;
pub(crate) mod here;
pub(crate) mod inbox;
pub(crate) mod isolation;
pub(crate) mod offspring;
pub(crate) mod panics;
mod parent;
mod polls;
mod reading;
pub(crate) mod requests;
mod restart;
mod schedule;
pub(crate) mod start;
pub(crate) mod stop_signal;
pub(crate) mod stop_signals;
mod supervise;
mod timers;
mod waiters;

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Span;

use crate::app::App;
use crate::app::options::{CurrentLimits, Limits};
use crate::failure::Broken;
use crate::inject::{Keeper, Who};
use crate::plan::Plan;
use crate::report::Report;
use configs::{Config, Configs};
use inbox::Fact;
use stop_signals::StopSignals;

/// A plan being carried out, as the driver and the units that it started know it. Once another plan has come in its
/// place, units that go on still know this one, and have the same index in both.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    lasting: Arc<Lasting>,
}

/// What a run is from its launch to its report, whatever its plan becomes.
pub(crate) struct Lasting {
    pub(crate) app: App,
    pub(crate) stop_signals: Arc<StopSignals>,
    pub(crate) span: Span,
    pub(crate) configs: Configs,
    /// The app's limits, which a reload may change.
    pub(crate) limits: CurrentLimits,
    /// Who waits for the report.
    waiting: Mutex<Option<oneshot::Sender<Report>>>,
}

impl Deref for Run {
    type Target = Lasting;

    fn deref(&self) -> &Lasting {
        &self.lasting
    }
}

impl Run {
    pub(crate) fn new(
        app: App,
        plan: Plan,
        limits: Limits,
        configs: Vec<Config>,
    ) -> (Arc<Self>, oneshot::Receiver<Report>) {
        let (sender, receiver) = oneshot::channel();
        let stop_signals = Arc::new(StopSignals::new(plan.roster.entries.len(), Arc::clone(app.inbox().requested())));
        let span = tracing::info_span!(target: crate::log::TARGET, "run");
        let configs = Configs::new(configs);
        let lasting = Arc::new(Lasting {
            app,
            stop_signals,
            span,
            configs,
            limits: CurrentLimits::new(limits),
            waiting: Mutex::new(Some(sender)),
        });
        (Arc::new(Self { plan, lasting }), receiver)
    }

    /// The same run with another plan.
    fn with(&self, plan: Plan) -> Arc<Self> {
        Arc::new(Self { plan, lasting: Arc::clone(&self.lasting) })
    }

    /// What outlasts its plan.
    pub(crate) fn lasting(&self) -> &Arc<Lasting> {
        &self.lasting
    }
}

impl Lasting {
    /// Hands the report to whoever waits for it; only the first counts.
    pub(crate) fn deliver(&self, report: Report) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            // Nobody waits when the future of `launch` was dropped.
            let _ = waiting.send(report);
        }
    }
}

impl Keeper for Run {
    fn provided(&self, who: Who) {
        self.stop_signals.of(who.index as usize).say_up(who.incarnation);
        self.app.inbox().fact(who.index, Fact::Up(who.incarnation));
    }

    /// While this thread polls the body, how that poll ends says more: a panic, an error. Of another thread's poll nothing
    /// is known that would still hold when it is acted on.
    fn let_go(&self, who: Who) {
        // On a thread nobody sees whether it goes on; how the function ends says more, and so does its startup limit.
        if self.plan.roster.entries[who.index as usize].unit.options.blocking {
            return;
        }
        let cell = self.stop_signals.of(who.index as usize);
        if panics::runs(cell) && cell.incarnation() == who.incarnation {
            cell.set_let_go();
        } else {
            self.app.inbox().fact(who.index, Fact::LetGo(who.incarnation));
        }
    }

    fn extended(&self, who: Who, until: Instant) {
        self.app.inbox().fact(who.index, Fact::Extended(who.incarnation, Box::new(until)));
    }

    fn lost(&self, who: Who, broken: Option<Broken>) {
        self.app.inbox().fact(who.index, Fact::Lost(who.incarnation, broken.map(Box::new)));
    }
}
