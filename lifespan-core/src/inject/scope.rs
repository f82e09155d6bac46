//! `Scope`: how a context provides its resource and learns that it is to tear it down.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tokio::sync::Notify;

use super::resources::{Resource, Resources};
use super::{Inject, Keeper, Res};
use crate::run::cells::{Cells, Life};
use crate::run::start::Start;
use crate::unit::{Need, TypeInfo};

/// What a context provides its resource through; the await on it is the time in which the app is up.
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
    cells: Arc<Cells>,
    index: u32,
    life: Life,
    resources: Arc<Resources>,
    keeper: Arc<dyn Keeper>,
    marker: PhantomData<fn(Box<T>)>,
}

impl<T: Send + Sync + 'static> Scope<T> {
    /// Provides the resource and waits until it is to be torn down: when nothing that takes it runs any more.
    ///
    /// Gives it back as a [`Res`]; [`Res::into_inner`] takes the value out, where nobody else holds it. Dropping this
    /// future before it ends is a failure of the context.
    pub async fn provide_until_shutdown(self, value: T) -> Res<T> {
        self.provide_shared_until_shutdown(Arc::new(value)).await
    }
}

impl<T: ?Sized + Send + Sync + 'static> Scope<T> {
    /// As [`provide_until_shutdown`](Self::provide_until_shutdown), for a value that is shared already, such as a
    /// trait object: `Arc<dyn Store>` is taken as `Res<dyn Store>`.
    pub async fn provide_shared_until_shutdown(self, value: Arc<T>) -> Res<T> {
        if !TypeInfo::of::<T>().is_nothing() {
            self.resources.put(Resource::shared(Arc::clone(&value)));
        }
        self.hold().await;
        drop(self.resources.take::<T>());
        Res::from_arc(value)
    }

    async fn hold(&self) {
        let mut holding = Holding { keeper: &*self.keeper, index: self.index, told: false };
        self.keeper.provided(self.index);
        self.cells.of(self.index as usize).told(self.life).await;
        holding.told = true;
    }

    /// One made by hand, with a handle that sees what is provided and requests shutdown: for calling a context's
    /// function in a test.
    #[must_use]
    pub fn pair() -> (ScopeHandle<T>, Self) {
        let (cells, resources) = (Arc::new(Cells::new(1)), Arc::new(Resources::default()));
        let provided = Arc::new(Provided(Notify::new()));
        let handle = ScopeHandle {
            cells: Arc::clone(&cells),
            resources: Arc::clone(&resources),
            provided: Arc::clone(&provided),
            marker: PhantomData,
        };
        (handle, Self { cells, index: 0, life: Life::FIRST, resources, keeper: provided, marker: PhantomData })
    }
}

impl Scope {
    /// Waits until the context is to tear down, for a context that provides nothing.
    pub async fn until_shutdown(self) {
        self.hold().await;
    }
}

impl<T: ?Sized> fmt::Debug for Scope<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Tells the keeper when the pending provide goes away before its time.
struct Holding<'a> {
    keeper: &'a dyn Keeper,
    index: u32,
    told: bool,
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.keeper.let_go(self.index);
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
            cells: start.cells(),
            index: start.index(),
            life: start.life(),
            resources: Arc::clone(start.resources()),
            keeper: start.keeper(),
            marker: PhantomData,
        }
    }
}

/// The other end of a [`Scope`] made by hand.
pub struct ScopeHandle<T: ?Sized = ()> {
    cells: Arc<Cells>,
    resources: Arc<Resources>,
    provided: Arc<Provided>,
    marker: PhantomData<fn() -> Box<T>>,
}

struct Provided(Notify);

impl Keeper for Provided {
    fn provided(&self, _: u32) {
        self.0.notify_one();
    }

    fn let_go(&self, _: u32) {}
}

impl<T: ?Sized + Send + Sync + 'static> ScopeHandle<T> {
    /// Waits until the context has provided its resource.
    ///
    /// # Panics
    /// When it is called for a context that provides nothing, or after its teardown.
    pub async fn provided(&mut self) -> Res<T> {
        loop {
            if let Some(shared) = self.resources.get::<T>() {
                return Res::from_arc(shared);
            }
            assert!(!self.cells.of(0).is_told(Life::FIRST), "the context was torn down: it provides nothing any more");
            self.provided.0.notified().await;
        }
    }

    /// Tells the context to tear down.
    pub fn shutdown(&self) {
        self.cells.of(0).tell();
    }
}

impl ScopeHandle {
    /// Waits until a context that provides nothing is up.
    pub async fn up(&mut self) {
        self.provided.0.notified().await;
    }
}

impl<T: ?Sized> fmt::Debug for ScopeHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeHandle").finish_non_exhaustive()
    }
}
