//! Sources, layering with the origin of every value, binding to fields, errors.

use std::marker::PhantomData;

/// Binds a unit's keyword arguments one by one.
pub struct Binder<'a> {
    marker: PhantomData<&'a ()>,
}

impl Binder<'_> {
    pub fn argument<T>(&mut self, _: usize) -> Option<T> {
        None
    }

    pub fn argument_or<T>(&mut self, _: usize, default: impl FnOnce() -> T) -> Option<T> {
        Some(default())
    }

    pub fn code<T>(&mut self, _: usize) -> Option<T> {
        None
    }

    pub fn code_or<T>(&mut self, _: usize, default: impl FnOnce() -> T) -> Option<T> {
        Some(default())
    }
}
