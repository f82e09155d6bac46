//! `Children`: tasks that a unit spawns, and that cannot outlive it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

use super::Inject;
use crate::failure::{Broken, Cause};
use crate::kept::{Held, Keep, Said, Typed};
use crate::probe::{Never, Nothing};
use crate::run::family::Family;
use crate::run::offspring::{self, Given};
use crate::run::start::Start;
use crate::text::line;
use crate::unit::Need;

/// What a unit spawns its children through: tasks that run in parallel, and end with it at the latest.
///
/// When the unit ends, whatever the way, its children are cancelled: each is dropped at its next await, and the unit has
/// ended when the last of them is gone. So what a unit takes as `Res<T>`, its children may hold as well. To let them end
/// by themselves, hand each a clone of the unit's `Shutdown`, and await them.
///
/// A child that returns an error or panics fails the unit, unless somebody holds its [`Child`] handle, and takes the
/// failure by awaiting it before the unit ends. A cheap clone.
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
    /// It returns `()` or a `Result`, see [`ChildOutput`]. Where the unit has ended, the future is dropped, and the
    /// handle says [`ChildError::Cancelled`].
    pub fn spawn<F, H>(&self, name: impl Into<Cow<'static, str>>, future: F) -> Child<F::Output>
    where
        F: Future<Output: ChildOutput<H>> + Send + 'static,
        H: 'static,
    {
        Child { task: offspring::spawn(&self.family, name.into(), future) }
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
    /// The error, as it is kept.
    #[doc(hidden)]
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>>;
}

#[diagnostic::do_not_recommend]
impl ChildOutput<Nothing> for () {
    fn has_failed(&self) -> bool {
        false
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

    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        self
    }
}

macro_rules! fallible {
    ($([$($bounds:tt)*] $error:ty, $how:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Send + 'static, $($bounds)*> ChildOutput<$how> for Result<T, $error> {
            fn has_failed(&self) -> bool {
                self.is_err()
            }

            fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
                self.err().map(<$how>::keep)
            }
        }
    )*};
}

fallible! {
    [E: Error + Send + Sync + 'static] E, Typed;
    [E: AsRef<dyn Error + Send + Sync> + Send + Sync + 'static] E, Held;
    [] String, Said;
    [] &'static str, Said;
}

/// The handle of a child: awaits what it returns.
///
/// A failure of the child is its holder's business, who takes it by awaiting the handle. Dropping the handle leaves the
/// child running, and its failure to the unit; also one that has come already, and that nobody has looked at.
///
/// ```
/// use lifespan::Children;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// async fn sum(children: Children) -> u32 {
///     let add = |a: u32, b: u32| async move { a.checked_add(b).ok_or("too large") };
///     let (one, two) = (children.spawn("add", add(1, 2)), children.spawn("add", add(3, u32::MAX)));
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
            Some(failure) => Err(failure.words()),
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
