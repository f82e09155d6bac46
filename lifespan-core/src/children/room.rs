//! The isolated children of one handle that are alive, and how many of them there may be.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts the isolated children of one handle that are alive.
pub(crate) struct Alive(watch::Sender<usize>);

impl Default for Alive {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

/// The place of one child. It is free again when this is dropped.
pub(crate) struct Place(Arc<Alive>);

impl Alive {
    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Takes a place, even above the limit.
    pub(crate) fn take(self: &Arc<Self>) -> Place {
        self.0.send_modify(|alive| *alive += 1);
        Place(Arc::clone(self))
    }

    /// Waits until fewer than this number are alive, and takes a place.
    pub(crate) async fn take_below(self: &Arc<Self>, most: usize) -> Place {
        let mut changes = self.0.subscribe();
        loop {
            let takes = |alive: &mut usize| {
                let is_free = *alive < most;
                *alive += usize::from(is_free);
                is_free
            };
            if self.0.send_if_modified(takes) {
                return Place(Arc::clone(self));
            }
            // It can't fail: `self` holds the sender.
            let _ = changes.wait_for(|alive| *alive < most).await;
        }
    }

    /// Waits until none is alive.
    pub(crate) async fn none(&self) {
        // It can't fail: `self` holds the sender.
        let _ = self.0.subscribe().wait_for(|alive| *alive == 0).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.send_modify(|alive| *alive -= 1);
    }
}
