//! `Scope`: provides the resource of a context and asks for its teardown.

use std::convert::Infallible as Never;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Notify;

use super::Res;
use crate::base::{RawFailure, TypeInfo};
use crate::declare::Need;
use crate::shared::StopSignals;
use crate::signal::{Incarnation, Listener, Resource, Resources, UnitRef, panics};
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
        let (stop_signals, resources) = (Arc::new(StopSignals::new(1, Arc::default())), Arc::new(Resources::default()));
        let provided = Arc::new(Provided::default());
        let handle = ScopeHandle {
            stop_signals: Arc::clone(&stop_signals),
            resources: Arc::clone(&resources),
            provided: Arc::clone(&provided),
            marker: PhantomData,
        };
        (handle, Self { stop_signals, who: UnitRef::BY_HAND, resources, listener: provided, marker: PhantomData })
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

/// The test side of a [`Scope`] pair.
///
/// ```
/// use lifespan::Scope;
///
/// async fn numbers(scope: Scope<Vec<u32>>) {
///     scope.provide_until_shutdown(vec![1, 2, 3]).await;
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (mut handle, scope) = Scope::pair();
/// let context = tokio::spawn(numbers(scope));
/// assert_eq!(handle.provided().await.len(), 3);
/// handle.shutdown();
/// context.await.unwrap();
/// # }
/// ```
pub struct ScopeHandle<T: ?Sized = ()> {
    stop_signals: Arc<StopSignals>,
    resources: Arc<Resources>,
    provided: Arc<Provided>,
    marker: PhantomData<fn() -> Box<T>>,
}

#[derive(Default)]
struct Provided {
    provided: Notify,
    lost: Notify,
}

impl Listener for Provided {
    fn provided(&self, _: UnitRef) {
        self.provided.notify_one();
    }

    fn holder_dropped(&self, _: UnitRef) {}

    fn lost(&self, _: UnitRef, _: Option<RawFailure>) {
        self.lost.notify_one();
    }
}

impl<T: ?Sized + Send + Sync + 'static> ScopeHandle<T> {
    /// Waits until the context has provided its resource.
    ///
    /// # Panics
    /// Panics if the context provides nothing, or has been torn down.
    ///
    /// ```
    /// # use lifespan::Scope;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (mut handle, scope) = Scope::pair();
    /// let context = tokio::spawn(scope.provide_until_shutdown("up"));
    /// assert_eq!(*handle.provided().await, "up");
    /// # handle.shutdown();
    /// # context.await.unwrap();
    /// # }
    /// ```
    pub async fn provided(&mut self) -> Res<T> {
        loop {
            if let Some(shared) = self.resources.get::<T>() {
                return Res::from_arc(shared);
            }
            assert!(
                !self.stop_signals.of(0).is_stop_requested(Incarnation::FIRST),
                "the context was torn down: it provides nothing any more"
            );
            self.provided.provided.notified().await;
        }
    }

    /// Waits until the context has lost its resource: see
    /// [`provide_until_shutdown_or`](Scope::provide_until_shutdown_or). In a real run, the context is then asked to
    /// tear down once no unit uses the resource: [`shutdown`](Self::shutdown).
    ///
    /// ```
    /// # use lifespan::Scope;
    /// # use tokio::sync::oneshot;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (close, closed) = oneshot::channel();
    /// let (mut handle, scope) = Scope::pair();
    /// let context = tokio::spawn(scope.provide_until_shutdown_or("connected", closed));
    /// handle.provided().await;
    /// close.send(()).unwrap();
    /// handle.lost().await;
    /// # handle.shutdown();
    /// # context.await.unwrap();
    /// # }
    /// ```
    pub async fn lost(&mut self) {
        self.provided.lost.notified().await;
    }

    /// Asks the context to tear down.
    ///
    /// ```
    /// # use lifespan::Scope;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (handle, scope) = Scope::pair();
    /// let context = tokio::spawn(scope.provide_until_shutdown(5));
    /// handle.shutdown();
    /// assert_eq!(context.await.unwrap().into_inner().unwrap(), 5);
    /// # }
    /// ```
    pub fn shutdown(&self) {
        self.stop_signals.of(0).request_stop();
    }
}

impl ScopeHandle {
    /// Waits until a context that provides nothing is up.
    ///
    /// ```
    /// # use lifespan::Scope;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let (mut handle, scope) = Scope::pair();
    /// let context = tokio::spawn(scope.until_shutdown());
    /// handle.up().await;
    /// handle.shutdown();
    /// context.await.unwrap();
    /// # }
    /// ```
    pub async fn up(&mut self) {
        self.provided.provided.notified().await;
    }
}

impl<T: ?Sized> fmt::Debug for ScopeHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeHandle").finish_non_exhaustive()
    }
}
