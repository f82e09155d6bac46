//! What is asked of a run from outside, with the way back to who waits for the answer.

use tokio::sync::oneshot;

use crate::facts::{ConfigChange, ReloadError, RestartError};
use crate::plan::{Prepared, Reading};

/// What was asked for with `App::restart`, and who waits for it.
pub(crate) struct RestartCall {
    pub(crate) units: Vec<usize>,
    pub(crate) done: oneshot::Sender<Result<(), RestartError>>,
}

/// Who asked for a reload, if that is anybody who waits.
pub(crate) type ReloadCall = Option<oneshot::Sender<Result<Vec<ConfigChange>, ReloadError>>>;

/// What became of reading the sources anew.
pub(crate) struct ReadAnew {
    pub(crate) reading: Reading,
    pub(crate) prepared: Result<Box<Prepared>, ReloadError>,
}

impl ReadAnew {
    /// Drops it, where nobody wants it any more: destructors of arguments are user code.
    pub(crate) fn discard(self) {
        if let Ok(prepared) = self.prepared {
            prepared.discard();
        }
    }
}
