//! Sources, layering with the origin of every value, binding to fields, errors.

use std::marker::PhantomData;

/// Binds a unit's keyword arguments one by one.
pub struct Binder<'a> {
    marker: PhantomData<&'a ()>,
}
