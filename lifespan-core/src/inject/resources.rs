//! The resources of an app, by type.

use std::any::{Any, TypeId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::unit::{ByType, TypeInfo};

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
        for (_, value) in self.with(std::mem::take) {
            if catch_unwind(AssertUnwindSafe(|| drop(value))).is_err() {
                tracing::error!(target: crate::log::TARGET, "a provided resource panicked as it was dropped");
            }
        }
    }
}

/// What is provided at this moment.
#[derive(Default)]
pub(crate) struct Resources {
    by_type: Mutex<ByType<Box<dyn Any + Send + Sync>>>,
    /// Whoever waits for one that is not there.
    waiting: Notify,
}

impl Resources {
    pub(crate) fn put(&self, resource: Resource) {
        let before = self.with(|by_type| by_type.insert(resource.ty.id, resource.value));
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

    pub(crate) fn get<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        self.with(|by_type| by_type.get(&TypeId::of::<T>())?.downcast_ref::<Arc<T>>().cloned())
    }

    pub(crate) fn take<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        let taken = self.remove(TypeId::of::<T>())?;
        taken.downcast::<Arc<T>>().ok().map(|shared| *shared)
    }

    /// Takes a value out, for the caller to drop outside the lock.
    pub(crate) fn remove(&self, ty: TypeId) -> Option<Box<dyn Any + Send + Sync>> {
        self.with(|by_type| by_type.remove(&ty))
    }

    fn with<R>(&self, act: impl FnOnce(&mut ByType<Box<dyn Any + Send + Sync>>) -> R) -> R {
        act(&mut self.by_type.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
