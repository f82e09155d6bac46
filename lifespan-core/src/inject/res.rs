//! `Res<T>`: a handle to a resource.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::base::TypeInfo;
use crate::declare::Need;
use crate::unit::{Inject, Start};

/// A handle to a resource that a context provides. As a parameter, it declares that the unit needs the resource.
///
/// The context is set up before the unit starts and torn down after the unit has ended. Cloning is cheap, and the
/// handle dereferences to `T`.
///
/// ```
/// use lifespan::Res;
///
/// let model = Res::new(vec![1, 2]);
/// assert_eq!(model.len(), 2);
/// ```
pub struct Res<T: ?Sized>(Arc<T>);

impl<T> Res<T> {
    /// Creates a `Res` from a value, to call a unit's function in a test.
    ///
    /// ```
    /// # use lifespan::Res;
    /// let limit = Res::new(5);
    /// assert_eq!(*limit, 5);
    /// ```
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// Returns the value itself, if this is the only handle.
    ///
    /// # Errors
    /// Returns [`StillHeld`], with this handle and the number of other handles, if there are others.
    ///
    /// ```
    /// use lifespan::Res;
    ///
    /// let model = Res::new(5);
    /// let other = model.clone();
    /// let held = model.into_inner().unwrap_err();
    /// assert_eq!(held.others, 1);
    /// drop(other);
    /// assert_eq!(held.resource.into_inner().unwrap(), 5);
    /// ```
    pub fn into_inner(self) -> Result<T, StillHeld<T>> {
        Arc::try_unwrap(self.0).map_err(|shared| StillHeld {
            others: Arc::strong_count(&shared).saturating_sub(1),
            resource: Self(shared),
        })
    }
}

impl<T: ?Sized> Res<T> {
    /// Creates a `Res` from a shared value, such as a trait object.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use lifespan::Res;
    /// let name: Res<str> = Res::from_arc(Arc::from("world"));
    /// assert_eq!(name.len(), 5);
    /// ```
    #[must_use]
    pub fn from_arc(shared: Arc<T>) -> Self {
        Self(shared)
    }

    /// Returns the shared value, for code that needs an `Arc`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use lifespan::Res;
    /// let limit: Arc<u32> = Res::new(5).into_arc();
    /// assert_eq!(*limit, 5);
    /// ```
    #[must_use]
    pub fn into_arc(self) -> Arc<T> {
        self.0
    }
}

impl<T: ?Sized> Clone for Res<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Res<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Res<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Res<T> {
    fn need() -> Need {
        Need::Resource { ty: TypeInfo::of::<T>(), optional: false }
    }

    fn inject(start: &mut Start) -> Self {
        let shared = start.resources().get_even_lost::<T>();
        Self(shared.expect("the plan starts a unit only when the resources that it takes are provided"))
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Option<Res<T>> {
    fn need() -> Need {
        Need::Resource { ty: TypeInfo::of::<T>(), optional: true }
    }

    fn inject(start: &mut Start) -> Self {
        start.resources().get_even_lost::<T>().map(Res)
    }
}

/// A resource could not be taken out because other handles to it exist.
///
/// ```
/// # use lifespan::Res;
/// let limit = Res::new(5_u32);
/// let _other = limit.clone();
/// let error = limit.into_inner().unwrap_err();
/// assert_eq!(error.to_string(), "the resource `u32` is still held by 1 other handle");
/// ```
pub struct StillHeld<T: ?Sized> {
    /// The number of other handles.
    pub others: usize,
    /// The handle on which the call was made.
    pub resource: Res<T>,
}

impl<T: ?Sized> fmt::Display for StillHeld<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = crate::base::short_type(std::any::type_name::<T>());
        let handles = if self.others == 1 { "handle" } else { "handles" };
        write!(f, "the resource `{name}` is still held by {} other {handles}", self.others)
    }
}

impl<T: ?Sized> fmt::Debug for StillHeld<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: ?Sized> std::error::Error for StillHeld<T> {}
