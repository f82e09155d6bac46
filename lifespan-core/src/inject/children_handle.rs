//! `ChildrenHandle`: the test side of `Children`.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use crate::children::{ChildFailures, ChildSet};

/// The test side of a [`Children`](crate::Children) pair. Dropping it cancels the children.
///
/// ```
/// use lifespan::{Children, Shutdown};
///
/// async fn serve(children: Children, shutdown: Shutdown) {
///     children.spawn("conn", std::future::pending::<()>());
///     shutdown.requested().await;
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let ((handle, children), (trigger, shutdown)) = (Children::pair(), Shutdown::pair());
/// trigger.shutdown();
/// serve(children, shutdown).await;
/// assert_eq!(handle.end().await, Ok(()));
/// # }
/// ```
pub struct ChildrenHandle {
    child_set: Arc<ChildSet>,
}

impl ChildrenHandle {
    pub(super) fn of(child_set: Arc<ChildSet>) -> Self {
        Self { child_set }
    }

    /// Returns the children that are running: each name, with how many have it.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, children) = Children::pair();
    /// for _ in 0..3 {
    ///     children.spawn("conn", std::future::pending::<()>());
    /// }
    /// assert_eq!(handle.alive(), [("conn".to_owned(), 3)]);
    /// # }
    /// ```
    #[must_use]
    pub fn alive(&self) -> Vec<(String, usize)> {
        self.child_set.alive()
    }

    /// Ends the children as the end of their unit does: cancels them, and waits until they are gone.
    ///
    /// # Errors
    /// Returns the error with which the unit would have failed: the first failure that no caller received, as text.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, children) = Children::pair();
    /// children.spawn("conn", std::future::pending::<()>());
    /// assert_eq!(handle.end().await, Ok(()), "it is cancelled, which is no failure");
    /// # }
    /// ```
    pub async fn end(self) -> Result<(), String> {
        self.child_set.close();
        match poll_fn(|context| self.child_set.poll_ended(context)).await {
            Some(ChildFailures::First(failure) | ChildFailures::Late(failure)) => Err(failure.words()),
            None => Ok(()),
        }
    }
}

impl Drop for ChildrenHandle {
    fn drop(&mut self) {
        self.child_set.close();
    }
}

impl fmt::Debug for ChildrenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildrenHandle").field("alive", &self.alive()).finish()
    }
}
