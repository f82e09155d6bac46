//! The state of a run from its launch to its report. It stays when the plan changes.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tracing::Span;

use super::app::AppShared;
use super::configs::Configs;
use super::stop_signals::{StopLimit, StopLimits, StopSignals};
use crate::plan::{CurrentLimits, Limits};
use crate::report::Report;
use crate::unit::BoundConfig;

/// The state of a run from its launch to its report. It stays when the plan changes.
pub(crate) struct RunShared {
    pub(crate) app: Arc<AppShared>,
    /// The app's public handle. Its type belongs to a higher module, which downcasts it.
    pub(crate) handle: Arc<dyn Any + Send + Sync>,
    pub(crate) stop_signals: Arc<StopSignals>,
    pub(crate) span: Span,
    pub(crate) configs: Configs,
    /// The app's limits, which a reload may change.
    pub(crate) limits: CurrentLimits,
    /// The channel for the report.
    report_sender: Mutex<Option<oneshot::Sender<Report>>>,
}

impl RunShared {
    pub(crate) fn new(
        app: Arc<AppShared>,
        handle: Arc<dyn Any + Send + Sync>,
        limits: Limits,
        configs: Vec<BoundConfig>,
    ) -> (Arc<Self>, oneshot::Receiver<Report>) {
        let (sender, receiver) = oneshot::channel();
        let stop_signals = Arc::new(StopSignals::new(configs.len(), Arc::clone(app.inbox().stop())));
        let known_by_app: Arc<dyn StopLimits> = Arc::clone(&app) as _;
        stop_signals.set_limit(StopLimit::OfRun(Arc::downgrade(&known_by_app)));
        let shared = Self {
            span: tracing::info_span!(target: crate::log::wanted::TARGET, "run"),
            stop_signals: app.set_stop_signals(stop_signals),
            app,
            handle,
            configs: Configs::new(configs),
            limits: CurrentLimits::new(limits),
            report_sender: Mutex::new(Some(sender)),
        };
        (Arc::new(shared), receiver)
    }

    /// Sends the report to the caller that waits for it. Only the first report counts.
    pub(crate) fn deliver(&self, report: Report) {
        let report_sender = self.report_sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(report_sender) = report_sender {
            // The receiver is closed if the future of `launch` was dropped.
            let _ = report_sender.send(report);
        }
    }
}
