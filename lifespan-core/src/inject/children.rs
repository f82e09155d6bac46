//! `Children`: tasks that a unit spawns, and that cannot outlive it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};

use super::Inject;
use crate::failure::{Broken, Cause, words_of};
use crate::kept::{Held, Keep, Said, Typed};
use crate::probe::{Never, Nothing};
use crate::run::family::{Family, OfChildren};
use crate::run::isolation::Isolation;
use crate::run::offspring::{self, Given, Whose};
use crate::run::start::Start;
use crate::text::{self, line};
use crate::unit::Need;
use crate::unwind;

/// What a unit spawns its children through: tasks that run in parallel, and end with it at the latest.
///
/// When the unit ends, whatever the way, its children are cancelled: each is dropped at its next await, and the unit has
/// ended when the last of them is gone. So what a unit takes as `Res<T>`, its children may hold as well. To let them end
/// by themselves, hand each a clone of the unit's `Shutdown`, and await them.
///
/// A child that returns an error or panics fails the unit at once. The failure of a child that was spawned
/// [with a handle](Self::spawn_with_handle) belongs to the caller that awaits the handle, and those of
/// [isolated](Self::isolated) children are counted. Every failure is a warning in the log when it happens, a panic an
/// error. A cheap clone.
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
    family: Arc<Family>,
}

impl Children {
    /// Spawns a child, as a task of its own. Its name is for people, in the report, in events and in messages; several
    /// may have the same.
    ///
    /// It returns `()` or a `Result`, see [`ChildOutput`]. A failure fails the unit at once, whatever becomes of the
    /// handle. Where the unit has ended, the future is dropped.
    pub fn spawn<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> ChildAbortHandle
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        ChildAbortHandle::of(offspring::spawn(&self.family, name.into(), Whose::Parent, future))
    }

    /// Spawns a child whose result the caller awaits.
    ///
    /// A failure belongs to the caller once [`Child`] has given it. Where the handle is dropped before that, also by a
    /// timeout, or the unit ends, the failure is the unit's. Where the unit has ended, the future is dropped, and the
    /// handle gives [`ChildError::Cancelled`].
    #[must_use = "use `spawn` for a child that nobody awaits"]
    pub fn spawn_with_handle<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> Child<F::Output>
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        Child { task: offspring::spawn(&self.family, name.into(), Whose::Holder, future) }
    }

    /// Returns a handle that spawns children whose failures fail nobody else: connections of a server, jobs of a queue.
    ///
    /// Their failures are counted, and the last one is kept. A warning is written at most once a second, and an error for
    /// panics, also at most once a second.
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
        IsolatedChildren { family: Arc::clone(&self.family), isolation: Arc::default() }
    }

    /// One made by hand, with a handle that stands for the end of the unit: for calling a unit's function in a test.
    ///
    /// # Panics
    /// Outside a tokio runtime, in which its children are to run.
    #[must_use]
    pub fn pair() -> (ChildrenHandle, Self) {
        let family = Family::new(None);
        (ChildrenHandle { family: Arc::clone(&family) }, Self { family })
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
        let family = start.app().hub().family(start.index());
        Self { family: family.expect("a unit that takes `Children` is started with a family") }
    }
}

/// What a child may return: `()`, `!`, or a `Result` whose error fails its parent.
///
/// An error is a `std::error::Error`, what holds one (`anyhow::Error`, `Box<dyn Error + Send + Sync>`), or a text
/// (`String`, `&'static str`), and is kept as the type it is. A child that has a value to give and can't fail returns
/// `Ok::<_, Infallible>(value)`. `H` says how the error is kept, and is found by the compiler.
#[diagnostic::on_unimplemented(
    message = "a child can't return `{Self}`",
    label = "a child returns `()` or `Result<T, E>`",
    note = "`E` is a `std::error::Error`, `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String` or `&'static str`; to give a value that can't fail, return `Ok::<_, std::convert::Infallible>(value)`"
)]
pub trait ChildOutput<H>: Send + 'static {
    /// Whether it is an error.
    #[doc(hidden)]
    fn has_failed(&self) -> bool;
    /// The error as text.
    #[doc(hidden)]
    fn words(&self) -> String;
    /// The error, as it is kept.
    #[doc(hidden)]
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>>;
}

#[diagnostic::do_not_recommend]
impl ChildOutput<Nothing> for () {
    fn has_failed(&self) -> bool {
        false
    }

    fn words(&self) -> String {
        String::new()
    }

    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        None
    }
}

/// `!`, which has no name of its own on a stable compiler.
type NeverReturned = <fn() -> ! as Function>::Returned;

/// A function, for what it returns.
pub trait Function {
    /// That.
    type Returned;
}

impl<R> Function for fn() -> R {
    type Returned = R;
}

#[diagnostic::do_not_recommend]
impl ChildOutput<Never> for NeverReturned {
    fn has_failed(&self) -> bool {
        *self
    }

    fn words(&self) -> String {
        *self
    }

    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        self
    }
}

macro_rules! fallible {
    ($([$($bounds:tt)*] $error:ty, $how:ty, $words:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Send + 'static, $($bounds)*> ChildOutput<$how> for Result<T, $error> {
            fn has_failed(&self) -> bool {
                self.is_err()
            }

            fn words(&self) -> String {
                self.as_ref().err().map($words).unwrap_or_default()
            }

            fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
                self.err().map(<$how>::keep)
            }
        }
    )*};
}

fallible! {
    [E: Error + Send + Sync + 'static] E, Typed, |error| words_of(error);
    [E: AsRef<dyn Error + Send + Sync> + Send + Sync + 'static] E, Held, words_of_held;
    [] String, Said, |text| line(&text::cut(text)).into();
    [] &'static str, Said, |text| line(&text::cut(text)).into();
}

/// Returns the text of an error that a value holds. It is user code that hands the error out.
fn words_of_held(holder: &impl AsRef<dyn Error + Send + Sync>) -> String {
    unwind::catch(|| words_of(holder.as_ref())).unwrap_or_default()
}

/// The handle of a child that was spawned with [`spawn`](Children::spawn): it can only abort the child.
///
/// Dropping it leaves the child running.
pub struct ChildAbortHandle {
    /// None where the unit had ended.
    task: Option<AbortHandle>,
}

impl ChildAbortHandle {
    fn of<T>(task: Option<JoinHandle<T>>) -> Self {
        Self { task: task.map(|task| task.abort_handle()) }
    }

    /// Has the child dropped at its next await. Should it fail before, that is a failure like any other.
    pub fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Returns whether the child has ended.
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

/// Spawns children whose failures are counted, from [`Children::isolated`]. A cheap clone, with the same counts.
#[derive(Clone)]
pub struct IsolatedChildren {
    family: Arc<Family>,
    isolation: Arc<Isolation>,
}

impl IsolatedChildren {
    /// Sets how many children may fail within `per`: one more fails the unit. Its error says how many have failed and how
    /// many may; the last child's error is the source, and can be taken out of the report.
    #[must_use]
    pub fn fail_above(self, failures: u32, per: Duration) -> Self {
        self.isolation.set_limit(failures, per);
        self
    }

    /// Spawns a child, as a task of its own, as [`Children::spawn`] does. Its failure is counted.
    pub fn spawn<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> ChildAbortHandle
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        let whose = Whose::Nobody(Arc::clone(&self.isolation));
        ChildAbortHandle::of(offspring::spawn(&self.family, name.into(), whose, future))
    }

    /// Returns how many children have failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.isolation.so_far().0
    }

    /// Returns the text of the last failure.
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

/// The handle of a child that was spawned [with a handle](Children::spawn_with_handle): awaits what it returns.
///
/// The child's failure belongs to the caller once the handle has given it. Dropping the handle leaves the child running,
/// and its failure to the unit; also one that has happened already, and that the caller has not looked at.
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
    /// None once it is awaited to its end, and where the unit had ended.
    task: Option<JoinHandle<Given<T>>>,
}

impl<T> Child<T> {
    /// Has the child dropped at its next await. Should it fail before, that is a failure like any other.
    pub fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Whether the child has ended.
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
        // What tokio says of a task that gave nothing is that it was cancelled: panics are caught.
        let output = given.ok().and_then(Given::take);
        Poll::Ready(output.map_or(Err(ChildError::Cancelled), |output| output.map_err(Into::into)))
    }
}

impl<T> fmt::Debug for Child<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("finished", &self.is_finished()).finish()
    }
}

/// Why a child gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildError {
    /// It panicked.
    Panicked {
        /// The message, where it was text.
        message: String,
        /// `file:line:column`, where the panic hook saw it.
        place: Option<String>,
    },
    /// It was cancelled, by [`Child::abort`] or since its parent has ended.
    Cancelled,
}

impl From<Broken> for ChildError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Other(Cause::Panic { message, place }) => ChildError::Panicked { message, place },
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

/// The other end of [`Children`] made by hand. Dropping it cancels them.
pub struct ChildrenHandle {
    family: Arc<Family>,
}

impl ChildrenHandle {
    /// Those that are alive: each name, and how many have it.
    #[must_use]
    pub fn alive(&self) -> Vec<(String, usize)> {
        self.family.alive()
    }

    /// Does what happens when a unit ends: cancels the children, and waits until they are gone.
    ///
    /// # Errors
    /// What the unit would have failed with: the first failure that nobody took, as text.
    pub async fn end(self) -> Result<(), String> {
        self.family.close();
        match poll_fn(|context| self.family.poll_gone(context)).await {
            Some(OfChildren::First(failure) | OfChildren::Late(failure)) => Err(failure.words()),
            None => Ok(()),
        }
    }
}

impl Drop for ChildrenHandle {
    fn drop(&mut self) {
        self.family.close();
    }
}

impl fmt::Debug for ChildrenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildrenHandle").field("alive", &self.alive()).finish()
    }
}
