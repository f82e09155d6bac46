//! `ScopeHandle`: the test side of `Scope`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tokio::sync::Notify;

use super::res::Res;
use crate::base::RawFailure;
use crate::shared::StopSignals;
use crate::signal::{Incarnation, Listener, Resources, UnitRef};

/// The test side of a [`Scope`](crate::Scope) pair.
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

impl<T: ?Sized> ScopeHandle<T> {
    pub(super) fn new() -> Self {
        Self {
            stop_signals: Arc::new(StopSignals::new(1, Arc::default())),
            resources: Arc::default(),
            provided: Arc::default(),
            marker: PhantomData,
        }
    }

    pub(super) fn stop_signals(&self) -> &Arc<StopSignals> {
        &self.stop_signals
    }

    pub(super) fn resources(&self) -> &Arc<Resources> {
        &self.resources
    }

    pub(super) fn listener(&self) -> Arc<dyn Listener> {
        Arc::clone(&self.provided) as _
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
    /// [`provide_until_shutdown_or`](crate::Scope::provide_until_shutdown_or). In a real run, the context is then asked to
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
