//! `Live<T>`: the current resource of a type, which may be missing for a while.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Res;
use crate::base::TypeInfo;
use crate::declare::Need;
use crate::signal::{Resource, Resources};
use crate::unit::{Inject, Start};

/// A resource that may go away and come back when its context restarts.
///
/// As with [`Res<T>`](Res), the unit starts after the context and stops before it. Unlike with `Res<T>`, the unit is
/// not restarted with the context: it asks for the resource each time, and waits while the resource is missing.
/// [`get`](Self::get) returns a handle to one instance; do not store it.
///
/// ```
/// use lifespan::Live;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// async fn greet(name: Live<String>) -> String {
///     format!("hello {}", *name.get().await)
/// }
///
/// let (handle, name) = Live::pair();
/// let greeting = tokio::spawn(greet(name));
/// handle.provide("world".to_owned());
/// assert_eq!(greeting.await.unwrap(), "hello world");
/// # }
/// ```
pub struct Live<T: ?Sized> {
    resources: Arc<Resources>,
    marker: PhantomData<fn() -> Box<T>>,
}

impl<T: Send + Sync + 'static> Live<T> {
    /// Creates a `Live` whose resource is always provided, to call a unit's function in a test.
    ///
    /// ```
    /// # use lifespan::Live;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let name = Live::new("world".to_owned());
    /// assert_eq!(*name.get().await, "world");
    /// # }
    /// ```
    #[must_use]
    pub fn new(value: T) -> Self {
        let (handle, live) = Self::pair();
        handle.provide(value);
        live
    }
}

impl<T: ?Sized + Send + Sync + 'static> Live<T> {
    /// Returns the resource, and waits while it is missing. Cancel safe.
    ///
    /// During shutdown a missing resource does not come back: a task that takes `Shutdown` writes
    /// `shutdown.or(live.get())`.
    ///
    /// ```
    /// use lifespan::{Live, Shutdown};
    ///
    /// async fn refresh(pool: Live<String>, shutdown: Shutdown) {
    ///     if let Some(pool) = shutdown.or(pool.get()).await {
    ///         println!("asking {}", *pool);
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let (_trigger, shutdown) = Shutdown::pair();
    /// # refresh(Live::new("a pool".to_owned()), shutdown).await;
    /// # }
    /// ```
    pub async fn get(&self) -> Res<T> {
        Res::from_arc(self.resources.wait::<T>().await)
    }

    /// Returns the resource if it is provided right now.
    ///
    /// ```
    /// # use lifespan::Live;
    /// let (handle, name) = Live::<String>::pair();
    /// assert!(name.try_get().is_none());
    /// handle.provide("world".to_owned());
    /// assert_eq!(*name.try_get().unwrap(), "world");
    /// ```
    #[must_use]
    pub fn try_get(&self) -> Option<Res<T>> {
        self.resources.get::<T>().map(Res::from_arc)
    }

    /// Returns the `Live` of an app.
    #[cfg(feature = "axum")]
    pub(crate) fn of(resources: &Arc<Resources>) -> Self {
        Self { resources: Arc::clone(resources), marker: PhantomData }
    }

    /// Creates a `Live` with a handle that provides and withdraws the resource, to call a unit's function in a test.
    ///
    /// ```
    /// # use lifespan::Live;
    /// let (handle, name) = Live::pair();
    /// handle.provide("world".to_owned());
    /// assert!(name.try_get().is_some());
    /// handle.withdraw();
    /// assert!(name.try_get().is_none());
    /// ```
    #[must_use]
    pub fn pair() -> (LiveHandle<T>, Self) {
        let live = Self { resources: Arc::default(), marker: PhantomData };
        (LiveHandle { live: live.clone() }, live)
    }
}

impl<T: ?Sized> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self { resources: Arc::clone(&self.resources), marker: PhantomData }
    }
}

impl<T: ?Sized> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Live<T> {
    fn need() -> Need {
        Need::Live(TypeInfo::of::<T>())
    }

    fn inject(start: &mut Start) -> Self {
        Self { resources: Arc::clone(start.resources()), marker: PhantomData }
    }
}

/// The test side of a [`Live`] pair.
///
/// ```
/// # use lifespan::Live;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (handle, rate) = Live::pair();
/// handle.provide(1.25);
/// assert_eq!(*rate.get().await, 1.25);
/// handle.provide(1.5);
/// assert_eq!(*rate.get().await, 1.5);
/// # }
/// ```
#[derive(Debug)]
pub struct LiveHandle<T: ?Sized> {
    live: Live<T>,
}

impl<T: Send + Sync + 'static> LiveHandle<T> {
    /// Provides a value; replaces the previous one.
    ///
    /// ```
    /// # use lifespan::Live;
    /// let (handle, rate) = Live::pair();
    /// handle.provide(1.25);
    /// assert_eq!(*rate.try_get().unwrap(), 1.25);
    /// ```
    pub fn provide(&self, value: T) {
        self.provide_shared(Arc::new(value));
    }
}

impl<T: ?Sized + Send + Sync + 'static> LiveHandle<T> {
    /// Provides a shared value, otherwise as [`provide`](Self::provide) does.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use lifespan::Live;
    /// let (handle, name) = Live::<str>::pair();
    /// handle.provide_shared(Arc::from("world"));
    /// assert_eq!(&*name.try_get().unwrap(), "world");
    /// ```
    pub fn provide_shared(&self, value: Arc<T>) {
        self.live.resources.put(Resource::shared(value));
    }

    /// Withdraws the value: callers of `get` wait from now on.
    ///
    /// ```
    /// # use lifespan::Live;
    /// let (handle, rate) = Live::pair();
    /// handle.provide(1.25);
    /// handle.withdraw();
    /// assert!(rate.try_get().is_none());
    /// ```
    pub fn withdraw(&self) {
        drop(self.live.resources.take::<T>());
    }
}
