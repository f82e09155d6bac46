//! The callers that wait for an answer of the machine.

use std::collections::HashMap;

use tokio::sync::oneshot;

use crate::facts::RestartError;
use crate::machine::CallId;

pub(super) enum Caller {
    Restart(oneshot::Sender<Result<(), RestartError>>),
    /// The callers of the reload that is under way.
    Reload,
}

#[derive(Default)]
pub(super) struct Callers {
    waiting: HashMap<u32, Caller>,
    last: u32,
}

impl Callers {
    pub(super) fn add(&mut self, caller: Caller) -> CallId {
        self.last = self.last.wrapping_add(1);
        self.waiting.insert(self.last, caller);
        CallId(self.last)
    }

    pub(super) fn remove(&mut self, call: CallId) -> Option<Caller> {
        self.waiting.remove(&call.0)
    }
}
