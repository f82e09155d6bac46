//! `IsolatedChildren`: children whose failures are counted and do not fail their unit.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::child::ChildAbortHandle;
use crate::children::{ChildSet, Isolation};
use crate::run::{ChildOutput, Owner, child};

/// A handle to spawn children whose failures are counted, from [`Children::isolated`](crate::Children::isolated). Clones are cheap and share the
/// counts.
///
/// ```
/// use lifespan::Children;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (handle, children) = Children::pair();
/// let connections = children.isolated();
/// connections.spawn("conn", async { Err::<(), _>("reset by peer") });
/// tokio::task::yield_now().await;
/// assert_eq!(connections.failed(), 1);
/// assert_eq!(handle.end().await, Ok(()), "the unit has not failed");
/// # }
/// ```
#[derive(Clone)]
pub struct IsolatedChildren {
    child_set: Arc<ChildSet>,
    isolation: Arc<Isolation>,
}

impl IsolatedChildren {
    pub(super) fn of(child_set: Arc<ChildSet>) -> Self {
        Self { child_set, isolation: Arc::default() }
    }

    /// Sets how many children may fail within `per`: one more fails the unit. The unit's error has both numbers; its
    /// source is the last child's error, which can be taken out of the report.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lifespan::Children;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, children) = Children::pair();
    /// let connections = children.isolated().fail_above(1, Duration::from_secs(60));
    /// for _ in 0..2 {
    ///     connections.spawn("conn", async { Err::<(), _>("reset by peer") });
    /// }
    /// tokio::task::yield_now().await;
    /// assert!(handle.end().await.is_err(), "two failures within a minute");
    /// # }
    /// ```
    #[must_use]
    pub fn fail_above(self, failures: u32, per: Duration) -> Self {
        self.isolation.set_limit(failures, per);
        self
    }

    /// Spawns a child, as a task of its own, as [`Children::spawn`](crate::Children::spawn) does. Its failure is counted.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated();
    /// let connection = connections.spawn("conn", std::future::pending::<()>());
    /// connection.abort();
    /// # }
    /// ```
    pub fn spawn<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> ChildAbortHandle
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        let owner = Owner::Isolated(Arc::clone(&self.isolation));
        ChildAbortHandle::of(child::spawn(&self.child_set, name.into(), owner, future))
    }

    /// Returns how many children have failed.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated();
    /// connections.spawn("conn", async { Err::<(), _>("reset by peer") });
    /// tokio::task::yield_now().await;
    /// assert_eq!(connections.failed(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.isolation.so_far().0
    }

    /// Returns the text of the last failure.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated();
    /// assert!(connections.last_failure().is_none());
    /// connections.spawn("conn", async { Err::<(), _>("reset by peer") });
    /// tokio::task::yield_now().await;
    /// assert_eq!(connections.last_failure().as_deref(), Some("reset by peer"));
    /// # }
    /// ```
    #[must_use]
    pub fn last_failure(&self) -> Option<Arc<str>> {
        self.isolation.so_far().1
    }
}

impl fmt::Debug for IsolatedChildren {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatedChildren").field("failed", &self.failed()).finish_non_exhaustive()
    }
}
