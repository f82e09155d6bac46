//! `Children`: child tasks of a unit, which never outlive it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};

use crate::base::{Cause, RawFailure, line};
use crate::children::{ChildFailures, ChildSet, Isolation};
use crate::declare::Need;
use crate::run::child::{self};
use crate::run::{ChildOutput, Given, Owner};
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
    /// dropped, and the handle returns [`ChildError::Cancelled`].
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
        Child { task: child::spawn(&self.child_set, name.into(), Owner::Holder, future) }
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
        IsolatedChildren { child_set: Arc::clone(&self.child_set), isolation: Arc::default() }
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
        (ChildrenHandle { child_set: Arc::clone(&child_set) }, Self { child_set })
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

/// A handle to a child spawned with [`spawn`](Children::spawn). It can only abort the child.
///
/// Dropping it leaves the child running.
///
/// ```
/// use lifespan::Children;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (_handle, children) = Children::pair();
/// let connection = children.spawn("conn", std::future::pending::<()>());
/// connection.abort();
/// while !connection.is_finished() {
///     tokio::task::yield_now().await;
/// }
/// # }
/// ```
pub struct ChildAbortHandle {
    /// `None` if the unit had already ended.
    task: Option<AbortHandle>,
}

impl ChildAbortHandle {
    fn of<T>(task: Option<JoinHandle<T>>) -> Self {
        Self { task: task.map(|task| task.abort_handle()) }
    }

    /// Aborts the child: drops it at its next await. A failure before that counts as any other.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, children) = Children::pair();
    /// children.spawn("conn", std::future::pending::<()>()).abort();
    /// tokio::task::yield_now().await;
    /// assert!(handle.alive().is_empty());
    /// # }
    /// ```
    pub fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Returns whether the child has ended.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let child = children.spawn("report", async {});
    /// assert!(!child.is_finished());
    /// tokio::task::yield_now().await;
    /// assert!(child.is_finished());
    /// # }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(AbortHandle::is_finished)
    }
}

impl fmt::Debug for ChildAbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildAbortHandle").field("finished", &self.is_finished()).finish()
    }
}

/// A handle to spawn children whose failures are counted, from [`Children::isolated`]. Clones are cheap and share the
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

    /// Spawns a child, as a task of its own, as [`Children::spawn`] does. Its failure is counted.
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

/// A handle to a child spawned [with a handle](Children::spawn_with_handle). Awaiting it returns the child's output.
///
/// The child's failure goes to the caller once the handle has returned it. Dropping the handle leaves the child
/// running, and its failure then fails the unit, even if it happened before the drop.
///
/// ```
/// use lifespan::Children;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// async fn sum(children: Children) -> u32 {
///     let add = |a: u32, b: u32| async move { a.checked_add(b).ok_or("too large") };
///     let (one, two) = (children.spawn_with_handle("add", add(1, 2)), children.spawn_with_handle("add", add(3, u32::MAX)));
///     let one = one.await.expect("it is not cancelled");
///     let two = two.await.expect("it is not cancelled");
///     one.unwrap_or_default() + two.unwrap_or_default()
/// }
///
/// let (handle, children) = Children::pair();
/// assert_eq!(sum(children).await, 3);
/// assert_eq!(handle.end().await, Ok(()));
/// # }
/// ```
pub struct Child<T> {
    /// `None` once the result was returned, or if the unit had already ended.
    task: Option<JoinHandle<Given<T>>>,
}

impl<T> Child<T> {
    /// Aborts the child: drops it at its next await. A failure before that counts as any other.
    ///
    /// ```
    /// use lifespan::{ChildError, Children};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let child = children.spawn_with_handle("wait", std::future::pending::<()>());
    /// child.abort();
    /// assert_eq!(child.await, Err(ChildError::Cancelled));
    /// # }
    /// ```
    pub fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Returns whether the child has ended.
    ///
    /// ```
    /// # use lifespan::Children;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (_handle, children) = Children::pair();
    /// let child = children.spawn_with_handle("report", async {});
    /// tokio::task::yield_now().await;
    /// assert!(child.is_finished());
    /// # }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<T> Future for Child<T> {
    type Output = Result<T, ChildError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = &mut self.task else { return Poll::Ready(Err(ChildError::Cancelled)) };
        let given = ready!(Pin::new(task).poll(context));
        self.task = None;
        // Panics are caught, so a `JoinError` here means that the child was cancelled.
        let output = given.ok().and_then(Given::take);
        Poll::Ready(output.map_or(Err(ChildError::Cancelled), |output| output.map_err(Into::into)))
    }
}

impl<T> fmt::Debug for Child<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("finished", &self.is_finished()).finish()
    }
}

/// The reason why a child returned no output.
///
/// ```
/// use lifespan::{ChildError, Children};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (_handle, children) = Children::pair();
/// let child = children.spawn_with_handle("parse", async { panic!("no number") });
/// match child.await {
///     Err(ChildError::Panicked { message, .. }) => assert_eq!(message, "no number"),
///     other => panic!("{other:?}"),
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildError {
    /// The child panicked.
    Panicked {
        /// The panic message, if it was text.
        message: String,
        /// The place of the panic, `file:line:column`, if the panic hook recorded it.
        place: Option<String>,
    },
    /// The child was cancelled, by [`Child::abort`] or because its unit has ended.
    Cancelled,
}

impl From<RawFailure> for ChildError {
    fn from(broken: RawFailure) -> Self {
        match broken {
            RawFailure::Other(Cause::Panic { message, place }) => ChildError::Panicked { message, place },
            _ => ChildError::Cancelled,
        }
    }
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChildError::Panicked { message, place: Some(place) } => {
                write!(f, "a child panicked at {place}: {}", line(message))
            }
            ChildError::Panicked { message, place: None } => write!(f, "a child panicked: {}", line(message)),
            ChildError::Cancelled => f.write_str("a child was cancelled: it was aborted, or its parent has ended"),
        }
    }
}

impl Error for ChildError {}

/// The test side of a [`Children`] pair. Dropping it cancels the children.
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
