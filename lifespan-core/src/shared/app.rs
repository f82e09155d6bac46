//! The state that an app shares with its run, its units and the watch thread.

use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

#[cfg(feature = "testing")]
use super::faults::Faults;
use super::inbox::{Inbox, Request};
use super::stop_signals::{StopLimits, StopSignals};
use crate::facts::{Reason, State};
use crate::hub::{Facts, Hub};
use crate::signal::{Here, Resources, StopSignal};

/// The state that an app shares with its run, its units and the watch thread.
#[derive(Default)]
pub(crate) struct AppShared {
    hub: Hub,
    inbox: Inbox,
    resources: Arc<Resources>,
    /// The stop signals of the run, once the app is launched.
    stop_signals: OnceLock<Arc<StopSignals>>,
    /// Counts the time of the stop, once the app is launched.
    watch: OnceLock<Arc<dyn WatchStop>>,
    /// The faults that a test injects into units.
    #[cfg(feature = "testing")]
    faults: OnceLock<Faults>,
    /// Set if a test has paused time.
    paused_time: OnceLock<()>,
}

/// Counts the time that a stop takes.
pub(crate) trait WatchStop: Send + Sync {
    /// Notes that shutdown was requested.
    fn stop_began(&self);
}

impl StopLimits for AppShared {
    fn stop_deadline(&self, index: u32) -> Option<Instant> {
        self.hub.read(|facts| facts.stop_deadline(index))
    }
}

impl AppShared {
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(crate) fn resources(&self) -> &Arc<Resources> {
        &self.resources
    }

    /// Requests shutdown.
    pub(crate) fn request(&self, reason: Reason) {
        if let Some(watch) = self.watch.get() {
            watch.stop_began();
        }
        self.inbox.request(Request::Shutdown(reason));
    }

    /// Sets what counts the time of the stop. An app is launched once.
    pub(crate) fn set_watch(&self, watch: Arc<dyn WatchStop>) {
        let _ = self.watch.set(watch);
    }

    /// Sets the stop signals of the run, and returns them. An app has one run.
    pub(crate) fn set_stop_signals(&self, signals: Arc<StopSignals>) -> Arc<StopSignals> {
        Arc::clone(self.stop_signals.get_or_init(|| signals))
    }

    /// Returns the stop signal of a registration, once the app is launched.
    pub(crate) fn stop_signal(&self, index: u32) -> Option<&StopSignal> {
        self.stop_signals.get().map(|signals| signals.of(index as usize))
    }

    /// Returns the unit whose code this thread is running, if it is a unit of this app.
    pub(crate) fn unit_here(&self) -> Option<(u32, Here)> {
        let here = Here::now()?;
        let index = self.stop_signals.get()?.position(here.address)?;
        Some((u32::try_from(index).ok()?, here))
    }

    /// Returns the state of the app.
    pub(crate) fn state(&self) -> State {
        match self.hub.read(Facts::state) {
            // A requested shutdown counts at once, even before the run has seen it.
            State::Starting | State::Up if self.inbox.is_requested() => State::Draining,
            state => state,
        }
    }

    /// Returns the faults that a test injects into units, if it may.
    #[cfg(feature = "testing")]
    pub(crate) fn faults(&self) -> Option<&Faults> {
        self.faults.get()
    }

    /// Lets a test inject faults.
    #[cfg(feature = "testing")]
    pub(crate) fn allow_faults(&self) {
        self.faults.get_or_init(Faults::default);
    }

    /// Notes that a test has paused time.
    #[cfg(feature = "testing")]
    pub(crate) fn note_paused_time(&self) {
        self.paused_time.get_or_init(|| ());
    }

    /// Returns whether a test has paused time.
    pub(crate) fn is_time_paused(&self) -> bool {
        self.paused_time.get().is_some()
    }
}
