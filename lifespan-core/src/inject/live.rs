//! `Live<T>`: whatever resource of its type there is at the time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::resources::{Resource, Resources};
use super::{Inject, Res};
use crate::run::start::Start;
use crate::unit::{Need, TypeInfo};

/// A resource that may go away and come back, as its context is restarted.
///
/// Like [`Res<T>`](Res) it says that this unit starts after the context and stops before it. Unlike it, its holder is not
/// restarted with the context: it asks for the resource each time, and waits while there is none. What [`get`](Self::get)
/// gives is a handle on one instance; don't keep it.
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
    /// One made by hand that is always there, for calling a unit's function in a test.
    #[must_use]
    pub fn new(value: T) -> Self {
        let (handle, live) = Self::pair();
        handle.provide(value);
        live
    }
}

impl<T: ?Sized + Send + Sync + 'static> Live<T> {
    /// The resource; waits while there is none. Cancel safe.
    ///
    /// While the app goes down, none comes any more: in a task that takes `Shutdown`, write
    /// `shutdown.or(live.get())`.
    pub async fn get(&self) -> Res<T> {
        Res::from_arc(self.resources.wait::<T>().await)
    }

    /// The resource, if there is one at this moment.
    #[must_use]
    pub fn try_get(&self) -> Option<Res<T>> {
        self.resources.get::<T>().map(Res::from_arc)
    }

    /// That of an app.
    #[cfg(feature = "axum")]
    pub(crate) fn of(resources: &Arc<Resources>) -> Self {
        Self { resources: Arc::clone(resources), marker: PhantomData }
    }

    /// One made by hand, with a handle that provides and withdraws: for calling a unit's function in a test.
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

/// The other end of a [`Live`] made by hand.
#[derive(Debug)]
pub struct LiveHandle<T: ?Sized> {
    live: Live<T>,
}

impl<T: Send + Sync + 'static> LiveHandle<T> {
    /// Provides a value, in place of the last.
    pub fn provide(&self, value: T) {
        self.provide_shared(Arc::new(value));
    }
}

impl<T: ?Sized + Send + Sync + 'static> LiveHandle<T> {
    /// As [`provide`](Self::provide), for a value that is shared already.
    pub fn provide_shared(&self, value: Arc<T>) {
        self.live.resources.put(Resource::shared(value));
    }

    /// Takes the value away: whoever asks from now on waits.
    pub fn withdraw(&self) {
        drop(self.live.resources.take::<T>());
    }
}
