//! The ring buffer of events for readers.
//!
//! # Invariants
//! - An error's destructor is user code, so it runs under no lock, neither that of the facts nor that of the ring. To
//!   ensure it, the failures in the ring are also held here until their events have left the ring.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::facts::{Event, Failure};

/// The number of events that a reader may lag.
const LENGTH: usize = 1024;

pub(crate) struct Ring {
    sender: broadcast::Sender<Event>,
    /// The number of events sent.
    sent: usize,
    /// The failures of the events in the ring, with the number of each event.
    failures: VecDeque<(usize, Arc<Failure>)>,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::Sender::new(LENGTH), sent: 0, failures: VecDeque::new() }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    /// Sends an event. Returns what has left the ring, to be dropped outside the locks.
    #[must_use]
    pub(crate) fn send(&mut self, event: &Event) -> Option<Arc<Failure>> {
        let number = self.sent;
        self.sent = self.sent.wrapping_add(1);
        self.failures.extend(event.failure().map(|failure| (number, Arc::clone(failure))));
        // An error means that there are no readers.
        let _ = self.sender.send(event.clone());
        // Each new event replaces one.
        let has_left = |&(of, _): &(usize, _)| number.wrapping_sub(of) >= LENGTH;
        if !self.failures.front().is_some_and(has_left) {
            return None;
        }
        self.failures.pop_front().map(|(_, failure)| failure)
    }
}
