//! The running future of a unit's function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::children::ChildSet;
use crate::unit::ending::Ending;
use crate::unit::thread::Thread;

/// The running future of a unit's function.
///
/// The index of its registration is stored beside the future: this keeps tokio's task for the supervising future at 128
/// bytes instead of 256.
pub trait Body: Future<Output = Ending> + Send {
    fn index(self: Pin<&mut Self>) -> &mut u32;

    /// Returns the unit's children, which must have ended before the unit has.
    fn child_set(self: Pin<&mut Self>) -> Option<Arc<ChildSet>> {
        None
    }

    /// Returns the thread that may keep running after this body is dropped.
    fn thread(self: Pin<&mut Self>) -> Option<Thread> {
        None
    }
}

/// A boxed body; every unit is run as one.
pub type BoxBody = Pin<Box<dyn Body>>;
