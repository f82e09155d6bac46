//! The handles to one child: one that only aborts it, and one whose holder receives its output.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::{AbortHandle, JoinHandle};

use crate::base::{Cause, RawFailure, line};
use crate::run::Given;

/// A handle to a child spawned with [`spawn`](crate::Children::spawn). It can only abort the child.
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
    pub(super) fn of<T>(task: Option<JoinHandle<T>>) -> Self {
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

/// A handle to a child spawned [with a handle](crate::Children::spawn_with_handle). Awaiting it returns the child's output.
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
    pub(super) fn of(task: Option<JoinHandle<Given<T>>>) -> Self {
        Self { task }
    }

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
