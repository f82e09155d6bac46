//! What a run shares from its launch to its report, whatever its plan becomes.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tracing::Span;

use super::app::AppShared;
use super::configs::Configs;
use super::stop_signals::StopSignals;
use crate::plan::{CurrentLimits, Limits};
use crate::report::Report;
use crate::unit::BoundConfig;

/// What a run is from its launch to its report, whatever its plan becomes.
pub(crate) struct RunShared {
    pub(crate) app: Arc<AppShared>,
    /// The app's public handle, which stands on a higher floor and knows itself again.
    pub(crate) handle: Arc<dyn Any + Send + Sync>,
    pub(crate) stop_signals: Arc<StopSignals>,
    pub(crate) span: Span,
    pub(crate) configs: Configs,
    /// The app's limits, which a reload may change.
    pub(crate) limits: CurrentLimits,
    /// Who waits for the report.
    waiting: Mutex<Option<oneshot::Sender<Report>>>,
}

impl RunShared {
    pub(crate) fn new(
        app: Arc<AppShared>,
        handle: Arc<dyn Any + Send + Sync>,
        limits: Limits,
        configs: Vec<BoundConfig>,
    ) -> (Arc<Self>, oneshot::Receiver<Report>) {
        let (sender, receiver) = oneshot::channel();
        let stop_signals = Arc::new(StopSignals::new(configs.len(), Arc::clone(app.inbox().requested())));
        let shared = Self {
            span: tracing::info_span!(target: crate::log::wanted::TARGET, "run"),
            stop_signals: app.adopt(stop_signals),
            app,
            handle,
            configs: Configs::new(configs),
            limits: CurrentLimits::new(limits),
            waiting: Mutex::new(Some(sender)),
        };
        (Arc::new(shared), receiver)
    }

    /// Hands the report to whoever waits for it; only the first counts.
    pub(crate) fn deliver(&self, report: Report) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            // Nobody waits when the future of `launch` was dropped.
            let _ = waiting.send(report);
        }
    }
}
