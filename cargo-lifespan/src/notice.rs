//! The events that the waiting threads send to the session.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};

use crate::cycle::{Change, Generation};

/// An event from one of the waiting threads.
#[derive(Debug)]
pub(crate) enum Notice {
    Changed(Change),
    /// A build has ended, with the path of the executable if it succeeded.
    BuildEnded(Option<PathBuf>),
    /// The program uses the readiness protocol, but has not reported that it is up.
    Announces(Generation),
    /// The program reloads its configuration on SIGHUP.
    Reloads(Generation),
    Ready(Generation),
    Exited(Generation),
    Interrupted,
}

/// The sender of these events.
#[derive(Clone)]
pub(crate) struct Notices(Sender<Notice>);

/// Creates the channel on which the session waits for events.
pub(crate) fn channel() -> (Notices, Receiver<Notice>) {
    let (sender, receiver) = mpsc::channel();
    (Notices(sender), receiver)
}

impl Notices {
    /// Sends an event; returns false if the session has ended.
    pub(crate) fn send(&self, notice: Notice) -> bool {
        self.0.send(notice).is_ok()
    }
}
