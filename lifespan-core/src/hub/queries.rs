//! Reads from the hub: the state, the events, the lines and the children of a unit.

use std::sync::Arc;
#[cfg(feature = "testing")]
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::facts::Facts;
use super::hub::Hub;
use crate::children::ChildSet;
#[cfg(feature = "testing")]
use crate::facts::Event;
use crate::facts::{Events, State};
use crate::hub::ring::Ring;
use crate::log::{stderr, wanted};

impl Hub {
    /// Subscribes to changes: of the state or of a check, the failure of a unit, a reload and, while the app is up, the
    /// status of a unit.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Writes the pending lines, or waits until another thread has. A subscriber may block here.
    pub(crate) fn write_lines(&self) {
        self.lines.write_all();
        self.stderr.wait_until_written();
        stderr::of_process().wait_until_written();
    }

    /// Waits until the lines of all events so far are written.
    pub(crate) async fn lines_written(&self) {
        self.lines.written().await;
        self.stderr.written().await;
        stderr::of_process().written().await;
    }

    /// Returns how long the log's subscriber has been blocking on one line.
    pub(crate) fn log_blocked_for(&self) -> Option<Duration> {
        self.lines.blocked_for()
    }

    /// Waits until the state is one of those wanted.
    pub(crate) async fn wait_for_state(&self, wanted: impl Fn(State) -> bool) -> State {
        let mut changes = self.changes();
        loop {
            let state = self.read(Facts::state);
            // `self` holds the sender, so waiting can't fail.
            if wanted(state) || changes.changed().await.is_err() {
                return state;
            }
        }
    }

    /// Waits until the app is up or will never be. Returns `true` if it is up.
    pub(crate) async fn wait_until_up(&self) -> bool {
        self.wait_for_state(|state| !matches!(state, State::New | State::Starting) || self.lock().closed).await;
        self.read(|facts| facts.machine.was_up())
    }

    pub(crate) fn events(&self) -> Events {
        let mut inner = self.lock();
        let so_far = inner.facts.snapshot();
        self.has_readers.store(true, Ordering::Relaxed);
        let receiver = (!inner.closed).then(|| inner.ring.get_or_insert_with(Ring::new).subscribe());
        Events { so_far, receiver }
    }

    /// Keeps every event from now on.
    #[cfg(feature = "testing")]
    pub(crate) fn record(&self) -> Arc<Mutex<Vec<Event>>> {
        let record = Arc::default();
        self.has_readers.store(true, Ordering::Relaxed);
        self.lock().record = Some(Arc::clone(&record));
        record
    }

    /// Sets the children of a unit's new body.
    pub(crate) fn set_child_set(&self, index: u32, child_set: Arc<ChildSet>) {
        let mut inner = self.lock();
        let old = inner.facts.child_sets.entry(index).or_default().replace(Some(child_set));
        drop(inner);
        drop(old);
    }

    /// Returns the children of a unit's present body.
    pub(crate) fn child_set(&self, index: u32) -> Option<Arc<ChildSet>> {
        self.read(|facts| facts.child_set(index).cloned())
    }

    /// Returns whether events of children are read or logged.
    pub(crate) fn reads_children(&self) -> bool {
        self.has_readers.load(Ordering::Relaxed) || wanted::steps_are_wanted()
    }
}
