//! `Children`: child tasks of a unit, which never outlive it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::child::{Child, ChildAbortHandle};
use super::children_handle::ChildrenHandle;
use super::isolated_children::IsolatedChildren;
use crate::children::ChildSet;
use crate::declare::Need;
use crate::run::{ChildOutput, Owner, child};
use crate::unit::{Inject, Start};

/// A handle to spawn child tasks of a unit. Children run in parallel with the unit, and end with it at the latest.
///
/// When the unit ends, for whatever reason, its children are cancelled: each is dropped at its next await. The unit has
/// ended once the last child is gone, so children may hold whatever the unit takes as `Res<T>`. For a graceful end,
/// give each child a clone of the unit's `Shutdown` and await it.
///
/// A child that returns an error or panics fails the unit at once. The failure of a child spawned [with a
/// handle](Self::spawn_with_handle) goes to the caller that awaits the handle, and failures of
/// [isolated](Self::isolated) children are counted. Every failure is logged when it happens: an error as a warning, a
/// panic as an error. Cloning is cheap.
///
/// ```
/// use lifespan::{App, Children, Shutdown, lifespan_task};
///
/// async fn check(shard: u32) -> Result<(), String> {
///     if shard == 7 { Err(format!("shard {shard} is broken")) } else { Ok(()) }
/// }
///
/// #[lifespan_task]
/// async fn check_all(children: Children, shutdown: Shutdown) {
///     for shard in 0..10 {
///         children.spawn("check", check(shard));
///     }
///     shutdown.requested().await;
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
/// let app = App::empty();
/// app.register(CheckAllConfig {})?;
/// let report = app.launch().await;
/// let failure = &report.failures()[0];
/// assert_eq!(failure.to_string(), "child `check` of task `check_all` failed: shard 7 is broken");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Children {
    child_set: Arc<ChildSet>,
}

impl Children {
    /// Spawns a child as a separate tokio task. The name appears in the report, in events and in messages; several
    /// children may share one.
    ///
    /// The child returns `()` or a `Result`, see [`ChildOutput`]. A failure fails the unit at once, even when the
    /// returned handle has been dropped. If the unit has already ended, the future is dropped.
    ///
    /// ```
    /// use lifespan::Children;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, children) = Children::pair();
    /// children.spawn("report", async { println!("reporting") });
    /// children.spawn("upload", async { Err::<(), _>("no connection") });
    /// tokio::task::yield_now().await;
    /// assert_eq!(handle.end().await, Err("child `upload` failed: no connection".to_owned()));
    /// # }
    /// ```
    pub fn spawn<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> ChildAbortHandle
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        ChildAbortHandle::of(child::spawn(&self.child_set, name.into(), Owner::Parent, future))
    }

    /// Spawns a child whose result the caller awaits.
    ///
    /// A failure goes to the caller once [`Child`] has returned it. If the handle is dropped before that, for example
    /// by a timeout, or the unit ends, the failure fails the unit. If the unit has already ended, the future is
    /// dropped, and the handle returns [`ChildError::Cancelled`](crate::ChildError::Cancelled).
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use lifespan::Children;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let sum = children.spawn_with_handle("sum", async { Ok::<_, Infallible>(1 + 2) });
    /// assert_eq!(sum.await, Ok(Ok(3)));
    /// # }
    /// ```
    #[must_use = "use `spawn` for a child that is not awaited"]
    pub fn spawn_with_handle<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> Child<F::Output>
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        Child::of(child::spawn(&self.child_set, name.into(), Owner::Holder, future))
    }

    /// Returns a handle that spawns children whose failures do not fail the unit: connections of a server, jobs of a
    /// queue.
    ///
    /// Failures are counted, and the last one is kept. Errors are logged as warnings, panics as errors, each at most
    /// once a second.
    ///
    /// ```
    /// use lifespan::Children;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (handle, children) = Children::pair();
    /// let connections = children.isolated();
    /// connections.spawn("conn", async { Err::<(), _>("reset by peer") });
    /// tokio::task::yield_now().await;
    /// assert_eq!(connections.failed(), 1);
    /// assert_eq!(connections.last_failure().as_deref(), Some("reset by peer"));
    /// assert_eq!(handle.end().await, Ok(()));
    /// # }
    /// ```
    #[must_use]
    pub fn isolated(&self) -> IsolatedChildren {
        IsolatedChildren::of(Arc::clone(&self.child_set))
    }

    /// Creates a `Children` with a handle that stands in for the end of the unit, to call a unit's function in a test.
    ///
    /// # Panics
    /// Panics outside a tokio runtime, in which its children are to run.
    ///
    /// ```
    /// use lifespan::Children;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, children) = Children::pair();
    /// children.spawn("conn", std::future::pending::<()>());
    /// assert_eq!(handle.alive(), [("conn".to_owned(), 1)]);
    /// assert_eq!(handle.end().await, Ok(()));
    /// # }
    /// ```
    #[must_use]
    pub fn pair() -> (ChildrenHandle, Self) {
        let child_set = ChildSet::new(None);
        (ChildrenHandle::of(Arc::clone(&child_set)), Self { child_set })
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").finish_non_exhaustive()
    }
}

impl Inject for Children {
    fn need() -> Need {
        Need::Children
    }

    fn inject(start: &mut Start) -> Self {
        let child_set = start.app().hub().child_set(start.index());
        Self { child_set: child_set.expect("a unit that takes `Children` is started with a set of children") }
    }
}
