//! Readers at the hub: of the state, of events, of lines, and of the children of a unit.

use std::sync::Arc;
#[cfg(feature = "testing")]
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::hub::Hub;
use crate::children::ChildSet;
#[cfg(feature = "testing")]
use crate::facts::Event;
use crate::facts::{Events, State};
use crate::hub::ring::Ring;
use crate::log::{stderr, wanted};

impl Hub {
    /// The state, for whoever looks at the facts again when it changes; also when a check does, a unit fails, the sources
    /// are read anew, or, while the
    /// app is up, comes to another status.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.states.subscribe()
    }

    /// Writes the lines that wait, or waits until another thread has. A subscriber may block here.
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
    pub(crate) async fn state_is(&self, wanted: impl Fn(State) -> bool) -> State {
        let mut states = self.states.subscribe();
        // The sender is in `self`: it can't be gone.
        states.wait_for(|state| wanted(*state)).await.map_or(State::Stopped, |state| *state)
    }

    /// Waits until the app is up, or will never be; which of the two.
    pub(crate) async fn comes_up(&self) -> bool {
        self.state_is(|state| !matches!(state, State::New | State::Starting) || self.lock().closed).await;
        self.read(|facts| facts.machine.was_up())
    }

    pub(crate) fn events(&self) -> Events {
        let mut inner = self.lock();
        let so_far = inner.facts.snapshot();
        self.heard.store(true, Ordering::Relaxed);
        let receiver = (!inner.closed).then(|| inner.ring.get_or_insert_with(Ring::new).subscribe());
        Events { so_far, receiver }
    }

    /// Keeps every event from now on.
    #[cfg(feature = "testing")]
    pub(crate) fn record(&self) -> Arc<Mutex<Vec<Event>>> {
        let record = Arc::default();
        self.heard.store(true, Ordering::Relaxed);
        self.lock().record = Some(Arc::clone(&record));
        record
    }

    /// Puts the children of a unit's new body in the place of the last one's.
    pub(crate) fn adopt(&self, index: u32, child_set: Arc<ChildSet>) {
        let mut inner = self.lock();
        let old = inner.facts.child_sets.entry(index).or_default().replace(Some(child_set));
        drop(inner);
        drop(old);
    }

    /// The children of a unit's body at hand.
    pub(crate) fn child_set(&self, index: u32) -> Option<Arc<ChildSet>> {
        self.read(|facts| facts.child_set(index).cloned())
    }

    /// Whether anybody would read what happens to a child.
    pub(crate) fn reads_children(&self) -> bool {
        self.heard.load(Ordering::Relaxed) || wanted::steps_are_wanted()
    }
}
