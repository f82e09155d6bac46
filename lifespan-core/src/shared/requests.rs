//! Requests to a run from outside, with the channels for the answers.

use tokio::sync::oneshot;

use crate::facts::{ConfigChange, ReloadError, RestartError};
use crate::plan::{Prepared, Reading};

/// A call of `App::restart`, with the channel for the answer.
pub(crate) struct RestartCall {
    pub(crate) units: Vec<usize>,
    pub(crate) done: oneshot::Sender<Result<(), RestartError>>,
}

/// The channel for the answer to a reload, if its caller waits.
pub(crate) type ReloadCall = Option<oneshot::Sender<Result<Vec<ConfigChange>, ReloadError>>>;

/// The result of reading the sources again.
pub(crate) struct SourcesRead {
    pub(crate) reading: Reading,
    pub(crate) prepared: Result<Box<Prepared>, ReloadError>,
}

impl SourcesRead {
    /// Drops the result, which is not used. The destructors of arguments are user code.
    pub(crate) fn discard(self) {
        if let Ok(prepared) = self.prepared {
            prepared.discard();
        }
    }
}
