//! The resources of an app, by type.

use std::any::{Any, TypeId};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tracing::Level;

use crate::log::Prints;
use crate::unit::{ByType, TypeInfo};
use crate::unwind;

/// A value to be provided.
pub struct Resource {
    pub(crate) ty: TypeInfo,
    /// An `Arc<T>`.
    pub(crate) value: Box<dyn Any + Send + Sync>,
}

impl Resource {
    /// A value that its unit has returned.
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self::shared(Arc::new(value))
    }

    pub(crate) fn shared<T: ?Sized + Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self { ty: TypeInfo::of::<T>(), value: Box::new(value) }
    }
}

impl Drop for Resources {
    /// What code has provided goes with the last handle on its app; a destructor that panics has nobody to tell.
    fn drop(&mut self) {
        for (_, provided) in self.with(std::mem::take) {
            if unwind::catch(|| drop(provided.value)).is_err() {
                let text = format_args!("a provided resource panicked as it was dropped");
                Prints::of_process().write(Level::ERROR, text);
            }
        }
    }
}

/// What is provided at this moment.
#[derive(Default)]
pub(crate) struct Resources {
    by_type: Mutex<ByType<Provided>>,
    /// Whoever waits for one that is not there.
    waiting: Notify,
}

struct Provided {
    /// An `Arc<T>`.
    value: Box<dyn Any + Send + Sync>,
    /// It is of no use any more: whoever takes a `Res` and is about to be stopped for that gets it still, as the others
    /// of its kind hold it; nobody else does.
    lost: bool,
}

impl Resources {
    pub(crate) fn put(&self, resource: Resource) {
        let provided = Provided { value: resource.value, lost: false };
        let before = self.with(|by_type| by_type.insert(resource.ty.id, provided));
        self.waiting.notify_waiters();
        drop(before);
    }

    /// Waits until there is one of this type. Cancel safe.
    pub(crate) async fn wait<T: ?Sized + 'static>(&self) -> Arc<T> {
        loop {
            let mut put = pin!(self.waiting.notified());
            // From here on none is missed.
            put.as_mut().enable();
            if let Some(shared) = self.get() {
                return shared;
            }
            put.await;
        }
    }

    /// The one that there is, unless it is lost.
    pub(crate) fn get<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        self.find(|provided| !provided.lost)
    }

    /// The one that there is, for a unit that can't do without.
    pub(crate) fn get_even_lost<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        self.find(|_| true)
    }

    fn find<T: ?Sized + 'static>(&self, wanted: impl FnOnce(&Provided) -> bool) -> Option<Arc<T>> {
        self.with(|by_type| {
            let provided = by_type.get(&TypeId::of::<T>()).filter(|provided| wanted(provided))?;
            provided.value.downcast_ref::<Arc<T>>().cloned()
        })
    }

    /// It is of no use any more.
    pub(crate) fn lose<T: ?Sized + 'static>(&self) {
        self.with(|by_type| {
            if let Some(provided) = by_type.get_mut(&TypeId::of::<T>()) {
                provided.lost = true;
            }
        });
    }

    pub(crate) fn has(&self, ty: TypeId) -> bool {
        self.with(|by_type| by_type.contains_key(&ty))
    }

    pub(crate) fn take<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        let taken = self.remove(TypeId::of::<T>())?;
        taken.downcast::<Arc<T>>().ok().map(|shared| *shared)
    }

    /// Takes a value out, for the caller to drop outside the lock.
    pub(crate) fn remove(&self, ty: TypeId) -> Option<Box<dyn Any + Send + Sync>> {
        self.with(|by_type| by_type.remove(&ty)).map(|provided| provided.value)
    }

    fn with<R>(&self, act: impl FnOnce(&mut ByType<Provided>) -> R) -> R {
        act(&mut self.by_type.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
