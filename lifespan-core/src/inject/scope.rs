//! `Scope`: provides the resource of a context and asks for its teardown.

use std::convert::Infallible as Never;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::res::Res;
use super::scope_handle::ScopeHandle;
use crate::base::TypeInfo;
use crate::declare::Need;
use crate::shared::StopSignals;
use crate::signal::{Listener, Resource, Resources, UnitRef, panics};
use crate::unit::{Inject, Start};

/// A handle through which a context provides its resource. The context awaits it while the app is up.
///
/// `Scope` without a type provides nothing: see [`Scope::until_shutdown`].
///
/// ```
/// use lifespan::Scope;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// async fn numbers(scope: Scope<Vec<u32>>) -> usize {
///     let numbers = scope.provide_until_shutdown(vec![1, 2, 3]).await;
///     numbers.len()
/// }
///
/// let (mut handle, scope) = Scope::pair();
/// let context = tokio::spawn(numbers(scope));
/// assert_eq!(handle.provided().await.first(), Some(&1));
/// handle.shutdown();
/// assert_eq!(context.await.unwrap(), 3);
/// # }
/// ```
pub struct Scope<T: ?Sized = ()> {
    stop_signals: Arc<StopSignals>,
    who: UnitRef,
    resources: Arc<Resources>,
    listener: Arc<dyn Listener>,
    marker: PhantomData<fn(Box<T>)>,
}

impl<T: Send + Sync + 'static> Scope<T> {
    /// Provides the resource and waits until it can be torn down: until no unit that takes it is running.
    ///
    /// Returns the resource as a [`Res`]; [`Res::into_inner`] takes the value out if it is the only handle. Dropping
    /// this future before it ends is a failure of the context.
    ///
    /// ```
    /// use lifespan::{Scope, lifespan_context};
    ///
    /// struct Pool;
    ///
    /// #[lifespan_context(manual)]
    /// async fn pool(scope: Scope<Pool>) {
    ///     let pool = Pool;                                      // setup
    ///     let pool = scope.provide_until_shutdown(pool).await;  // the app is up
    ///     drop(pool);                                           // teardown
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (mut handle, scope) = Scope::pair();
    /// # let context = tokio::spawn(pool(scope));
    /// # handle.provided().await;
    /// # handle.shutdown();
    /// # context.await.unwrap();
    /// # }
    /// ```
    pub async fn provide_until_shutdown(self, value: T) -> Res<T> {
        self.provide_shared_until_shutdown(Arc::new(value)).await
    }

    /// Provides a resource that may be lost, otherwise as [`provide_until_shutdown`](Self::provide_until_shutdown)
    /// does: when `failed` completes while the context is up, the context has failed.
    ///
    /// Then the units that depend on the resource are stopped as in a shutdown. After that this future ends, and
    /// returns the output of `failed` beside the resource. After the teardown a context with a `restart(…)` is started
    /// again, and then the units that were stopped for it; without one, the app shuts down. If the function then
    /// returns an error, that error is the failure.
    ///
    /// `failed` is polled as long as the resource is provided, so it may drive a connection; pass `&mut driver` if the
    /// teardown still needs it. If it panics, the resource is lost too and the context has failed; the returned output
    /// is then `None`.
    ///
    /// ```
    /// use lifespan::Scope;
    /// use tokio::sync::oneshot;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// async fn connection(hung_up: oneshot::Receiver<()>, scope: Scope<String>) -> Result<(), String> {
    ///     let (connection, lost) = scope.provide_until_shutdown_or("connected".to_owned(), hung_up).await;
    ///     drop(connection);
    ///     match lost {
    ///         Some(_) => Err("the other side hung up".to_owned()),
    ///         None => Ok(()),
    ///     }
    /// }
    ///
    /// let (other_side, hung_up) = oneshot::channel();
    /// let (mut handle, scope) = Scope::pair();
    /// let context = tokio::spawn(connection(hung_up, scope));
    /// assert_eq!(*handle.provided().await, "connected");
    /// drop(other_side);
    /// handle.lost().await;
    /// handle.shutdown();
    /// assert!(context.await.unwrap().is_err());
    /// # }
    /// ```
    pub async fn provide_until_shutdown_or<F: Future>(self, value: T, failed: F) -> (Res<T>, Option<F::Output>) {
        self.provide_shared_until_shutdown_or(Arc::new(value), failed).await
    }
}

impl<T: ?Sized + Send + Sync + 'static> Scope<T> {
    /// Provides a shared value, such as a trait object: `Arc<dyn Store>` is taken as `Res<dyn Store>`. Otherwise as
    /// [`provide_until_shutdown`](Self::provide_until_shutdown).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lifespan::Scope;
    ///
    /// trait Store: Send + Sync {}
    /// struct Memory;
    /// impl Store for Memory {}
    ///
    /// async fn store(scope: Scope<dyn Store>) {
    ///     scope.provide_shared_until_shutdown(Arc::new(Memory)).await;
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (mut handle, scope) = Scope::pair();
    /// # let context = tokio::spawn(store(scope));
    /// # handle.provided().await;
    /// # handle.shutdown();
    /// # context.await.unwrap();
    /// # }
    /// ```
    pub async fn provide_shared_until_shutdown(self, value: Arc<T>) -> Res<T> {
        self.provide(&value).await;
        self.hold(std::future::pending::<Never>()).await;
        drop(self.resources.take::<T>());
        Res::from_arc(value)
    }

    /// Provides a shared value that may be lost, otherwise as
    /// [`provide_until_shutdown_or`](Self::provide_until_shutdown_or).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lifespan::Scope;
    /// use tokio::sync::oneshot;
    ///
    /// async fn connection(closed: oneshot::Receiver<()>, scope: Scope<str>) -> Result<(), String> {
    ///     match scope.provide_shared_until_shutdown_or(Arc::from("connected"), closed).await {
    ///         (_, Some(_)) => Err("the connection was closed".to_owned()),
    ///         (_, None) => Ok(()),
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (close, closed) = oneshot::channel();
    /// # let (mut handle, scope) = Scope::pair();
    /// # let context = tokio::spawn(connection(closed, scope));
    /// # handle.provided().await;
    /// # close.send(()).unwrap();
    /// # handle.lost().await;
    /// # handle.shutdown();
    /// # assert!(context.await.unwrap().is_err());
    /// # }
    /// ```
    pub async fn provide_shared_until_shutdown_or<F: Future>(
        self,
        value: Arc<T>,
        failed: F,
    ) -> (Res<T>, Option<F::Output>) {
        self.provide(&value).await;
        let failed = self.hold(failed).await;
        drop(self.resources.take::<T>());
        (Res::from_arc(value), failed)
    }

    async fn provide(&self, value: &Arc<T>) {
        self.may_provide().await;
        if !TypeInfo::of::<T>().is_nothing() {
            self.resources.put(Resource::shared(Arc::clone(value)));
        }
    }

    /// Never completes while the setup is being dropped, or after that: a resource provided then would not be torn
    /// down.
    async fn may_provide(&self) {
        if !self.stop_signals.of(self.who.index as usize).provide(self.who.incarnation) {
            std::future::pending::<Never>().await;
        }
    }

    /// Waits for the request to tear down; returns the output of `failed`, if that completed before.
    async fn hold<F: Future>(&self, failed: F) -> Option<F::Output> {
        let mut holding = Holding { listener: &*self.listener, who: self.who, is_asked_to_stop: false };
        self.listener.provided(self.who);
        let mut stop = pin!(self.stop_signals.of(self.who.index as usize).stop_requested(self.who.incarnation));
        let mut failed = pin!(failed);
        let failure = poll_fn(|context| {
            if stop.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            // A panic there loses the resource as well, and must not skip the teardown.
            match panics::catch(|| failed.as_mut().poll(context)) {
                Ok(poll) => poll.map(|output| Some(Ok(output))),
                Err(broken) => Poll::Ready(Some(Err(broken))),
            }
        })
        .await;
        let (output, broken) = match failure {
            None => {
                holding.is_asked_to_stop = true;
                return None;
            }
            Some(Ok(output)) => (Some(output), None),
            Some(Err(broken)) => (None, Some(broken)),
        };
        // The units that hold it are stopped first.
        self.resources.lose::<T>();
        self.listener.lost(self.who, broken);
        stop.await;
        holding.is_asked_to_stop = true;
        output
    }

    /// Creates a `Scope` with a handle that observes what is provided and requests shutdown, to call a context's
    /// function in a test.
    ///
    /// ```
    /// use lifespan::Scope;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (mut handle, scope) = Scope::pair();
    /// let context = tokio::spawn(scope.provide_until_shutdown(5));
    /// assert_eq!(*handle.provided().await, 5);
    /// handle.shutdown();
    /// assert_eq!(*context.await.unwrap(), 5);
    /// # }
    /// ```
    #[must_use]
    pub fn pair() -> (ScopeHandle<T>, Self) {
        let handle = ScopeHandle::new();
        let scope = Self {
            stop_signals: Arc::clone(handle.stop_signals()),
            who: UnitRef::BY_HAND,
            resources: Arc::clone(handle.resources()),
            listener: handle.listener(),
            marker: PhantomData,
        };
        (handle, scope)
    }
}

impl Scope {
    /// Waits until the context is asked to tear down, for a context that provides nothing.
    ///
    /// ```
    /// use lifespan::{Scope, lifespan_context};
    ///
    /// #[lifespan_context(manual)]
    /// async fn banner(scope: Scope) {
    ///     println!("hello");
    ///     scope.until_shutdown().await;
    ///     println!("good bye");
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (mut handle, scope) = Scope::pair();
    /// # let context = tokio::spawn(banner(scope));
    /// # handle.up().await;
    /// # handle.shutdown();
    /// # context.await.unwrap();
    /// # }
    /// ```
    pub async fn until_shutdown(self) {
        self.may_provide().await;
        self.hold(std::future::pending::<Never>()).await;
    }

    /// Waits as [`until_shutdown`](Self::until_shutdown) does, but the context has failed if `failed` completes before:
    /// see [`provide_until_shutdown_or`](Self::provide_until_shutdown_or).
    ///
    /// ```
    /// use lifespan::Scope;
    /// use tokio::sync::oneshot;
    ///
    /// async fn tunnel(closed: oneshot::Receiver<()>, scope: Scope) -> Result<(), String> {
    ///     match scope.until_shutdown_or(closed).await {
    ///         Some(_) => Err("the tunnel was closed".to_owned()),
    ///         None => Ok(()),
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (_close, closed) = oneshot::channel();
    /// # let (mut handle, scope) = Scope::pair();
    /// # let context = tokio::spawn(tunnel(closed, scope));
    /// # handle.up().await;
    /// # handle.shutdown();
    /// # assert_eq!(context.await.unwrap(), Ok(()));
    /// # }
    /// ```
    pub async fn until_shutdown_or<F: Future>(self, failed: F) -> Option<F::Output> {
        self.may_provide().await;
        self.hold(failed).await
    }
}

impl<T: ?Sized> fmt::Debug for Scope<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Notifies the listener when a pending provide is dropped too early.
struct Holding<'a> {
    listener: &'a dyn Listener,
    who: UnitRef,
    is_asked_to_stop: bool,
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        if !self.is_asked_to_stop {
            self.listener.holder_dropped(self.who);
        }
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Scope<T> {
    fn need() -> Need {
        let ty = TypeInfo::of::<T>();
        Need::Scope((!ty.is_nothing()).then_some(ty))
    }

    fn inject(start: &mut Start) -> Self {
        Self {
            stop_signals: start.stop_signals(),
            who: start.who(),
            resources: Arc::clone(start.resources()),
            listener: start.listener(),
            marker: PhantomData,
        }
    }
}
