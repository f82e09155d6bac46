//! `IsolatedChildren`: children whose failures are counted and do not fail their unit.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::child::ChildAbortHandle;
use crate::children::{Alive, ChildSet, Isolation, Place};
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
    alive: Arc<Alive>,
    most: usize,
}

impl IsolatedChildren {
    pub(super) fn of(child_set: Arc<ChildSet>) -> Self {
        Self { child_set, isolation: Arc::default(), alive: Arc::default(), most: usize::MAX }
    }

    /// Sets the number of children at which [`room`](Self::room) waits, at least one; [`spawn`](Self::spawn) does not wait.
    ///
    /// ```
    /// use lifespan::Children;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated().at_most(1);
    /// let first = connections.room().await.spawn("conn", std::future::pending::<()>());
    /// let wait = std::time::Duration::from_secs(1);
    /// assert!(tokio::time::timeout(wait, connections.room()).await.is_err(), "there is no room");
    /// first.abort();
    /// connections.room().await.spawn("conn", async {});
    /// # }
    /// ```
    #[must_use]
    pub fn at_most(self, children: usize) -> Self {
        Self { most: children.max(1), ..self }
    }

    /// Waits until there is room for one more child, and reserves it. Dropping the future or the [`Room`] frees it.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated().at_most(100);
    /// let room = connections.room().await; // before the next connection is accepted
    /// assert_eq!(connections.alive(), 1);
    /// room.spawn("conn", async {});
    /// connections.drained().await;
    /// # }
    /// ```
    pub async fn room(&self) -> Room {
        Room { place: self.alive.take_below(self.most).await, children: self.clone() }
    }

    /// Waits until no child of this handle and its clones is alive. New ones may be spawned meanwhile.
    ///
    /// A task that was asked to stop may await it so that its children finish, at most for the task's grace: give each
    /// of them a clone of its `Shutdown`. When the task returns, those that are left are cancelled.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated();
    /// connections.spawn("conn", tokio::time::sleep(std::time::Duration::from_secs(1)));
    /// connections.drained().await;
    /// assert_eq!(connections.alive(), 0);
    /// # }
    /// ```
    pub async fn drained(&self) {
        self.alive.none().await;
    }

    /// Returns how many children of this handle and its clones are alive. A [`Room`] counts as one.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connections = children.isolated();
    /// connections.spawn("conn", std::future::pending::<()>());
    /// assert_eq!(connections.alive(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn alive(&self) -> usize {
        self.alive.count()
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
    /// It does not wait for room.
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
        self.spawn_at(self.alive.take(), name.into(), future)
    }

    fn spawn_at<F, H>(&self, place: Place, name: Cow<'static, str>, future: F) -> ChildAbortHandle
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        let owner = Owner::Isolated(Arc::clone(&self.isolation));
        let future = async move {
            // Dropped after the child's future.
            let _place = place;
            future.await
        };
        ChildAbortHandle::of(child::spawn(&self.child_set, name, owner, future))
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

/// A permit to spawn one isolated child, from [`IsolatedChildren::room`].
///
/// ```
/// # use lifespan::Children;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (_handle, children) = Children::pair();
/// let connections = children.isolated().at_most(1);
/// drop(connections.room().await); // not used, so it is free again
/// connections.room().await.spawn("conn", async {});
/// # }
/// ```
#[must_use = "the room is free again when it is dropped"]
pub struct Room {
    place: Place,
    children: IsolatedChildren,
}

impl Room {
    /// Spawns a child in this room, as [`IsolatedChildren::spawn`] does.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let connection = children.isolated().room().await.spawn("conn", std::future::pending::<()>());
    /// connection.abort();
    /// # }
    /// ```
    pub fn spawn<F, H>(self, name: impl Into<Cow<'static, str>>, future: F) -> ChildAbortHandle
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        self.children.spawn_at(self.place, name.into(), future)
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}

impl fmt::Debug for IsolatedChildren {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatedChildren").field("failed", &self.failed()).finish_non_exhaustive()
    }
}
