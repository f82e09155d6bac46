//! The resources of an app, by type.

use std::any::{Any, TypeId};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tracing::Level;

use crate::base::{ByType, TypeInfo, unwind};
use crate::log::Prints;

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
    /// A value provided by code is dropped with the last handle to its app. There is no caller to report a panic to, so
    /// it is logged.
    fn drop(&mut self) {
        for (_, provided) in self.with(std::mem::take) {
            if unwind::catch(|| drop(provided.value)).is_err() {
                let text = format_args!("a provided resource panicked as it was dropped");
                Prints::of_process().write(Level::ERROR, text);
            }
        }
    }
}

/// The resources that are provided right now.
#[derive(Default)]
pub(crate) struct Resources {
    by_type: Mutex<ByType<Provided>>,
    /// Wakes callers that wait for a missing resource.
    waiting: Notify,
}

struct Provided {
    /// An `Arc<T>`.
    value: Box<dyn Any + Send + Sync>,
    /// Set once the resource is lost. A unit that takes it as `Res`, and is about to be stopped for that, still gets
    /// it, as the other holders do; all other callers do not.
    lost: bool,
}

impl Resources {
    pub(crate) fn put(&self, resource: Resource) {
        let provided = Provided { value: resource.value, lost: false };
        let before = self.with(|by_type| by_type.insert(resource.ty.id, provided));
        self.waiting.notify_waiters();
        drop(before);
    }

    /// Waits until a resource of this type is provided. Cancel safe.
    pub(crate) async fn wait<T: ?Sized + 'static>(&self) -> Arc<T> {
        loop {
            let mut put = pin!(self.waiting.notified());
            // Registered before the look, so that no notification is missed.
            put.as_mut().enable();
            if let Some(shared) = self.get() {
                return shared;
            }
            put.await;
        }
    }

    /// Returns the resource, unless it is lost or missing.
    pub(crate) fn get<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        self.find(|provided| !provided.lost)
    }

    /// Returns the resource, for a unit that requires it.
    pub(crate) fn get_even_lost<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        self.find(|_| true)
    }

    fn find<T: ?Sized + 'static>(&self, wanted: impl FnOnce(&Provided) -> bool) -> Option<Arc<T>> {
        self.with(|by_type| {
            let provided = by_type.get(&TypeId::of::<T>()).filter(|provided| wanted(provided))?;
            provided.value.downcast_ref::<Arc<T>>().cloned()
        })
    }

    /// Marks the resource as lost.
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
