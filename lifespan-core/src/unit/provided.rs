//! Determines from the return type of a unit's function which resource it provides, as `output.rs` determines what it
//! means.
#![expect(clippy::unused_self, reason = "method resolution chooses by the receiver, which is empty")]
#![allow(missing_docs, reason = "for generated code")]

use std::marker::PhantomData;

use super::steps::steps;
use crate::base::TypeInfo;

steps! {
    /// A function without a `Scope` that provides nothing: it returns `()` or `Result<(), E>`.
    Provided => ProvidedByResult;
    /// Provides the `T` of `Result<T, E>`.
    ProvidedByResult => ProvidedByValue;
    /// Provides any other type as it is.
    ProvidedByValue => ;
}

impl Provided<()> {
    #[must_use]
    pub fn what(&self) -> Provides<()> {
        Provides::NEW
    }
}

impl<E> Provided<Result<(), E>> {
    #[must_use]
    pub fn what(&self) -> Provides<()> {
        Provides::NEW
    }
}

impl<T, E> ProvidedByResult<Result<T, E>> {
    #[must_use]
    pub fn what(&self) -> Provides<Something<T>> {
        Provides::NEW
    }
}

impl<T> ProvidedByValue<T> {
    #[must_use]
    pub fn what(&self) -> Provides<Something<T>> {
        Provides::NEW
    }
}

steps! {
    /// The resource provided: `()` or `Something<T>`.
    Provides => ;
}

/// A `T` that is not `()`.
pub struct Something<T>(PhantomData<T>);

/// A value that a context without a `Scope` can provide.
#[diagnostic::on_unimplemented(
    message = "this context provides nothing and returns nothing",
    label = "no resource",
    note = "return the resource, or take `scope: Scope<T>` and provide it; to run code at startup and shutdown only, take `scope: Scope` and await `scope.until_shutdown()`; to run code once, use `#[lifespan_task(once)]`"
)]
pub trait IsSomething {
    fn ty() -> TypeInfo;
}

impl<T: 'static> IsSomething for Something<T> {
    fn ty() -> TypeInfo {
        TypeInfo::of::<T>()
    }
}

/// Provides the value that a context returns.
#[must_use]
pub fn provided_by_context<S: IsSomething>(_: Provides<S>) -> TypeInfo {
    S::ty()
}

/// Provides the value that a `once` task returns; `()` provides nothing.
#[must_use]
pub fn provided_by_task<S: MaySomething>(_: Provides<S>) -> TypeInfo {
    S::ty()
}

/// A value that a `once` task can provide.
pub trait MaySomething {
    fn ty() -> TypeInfo;
}

impl MaySomething for () {
    fn ty() -> TypeInfo {
        TypeInfo::of::<()>()
    }
}

impl<T: 'static> MaySomething for Something<T> {
    fn ty() -> TypeInfo {
        TypeInfo::of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use super::*;

    type Fallible<T> = Result<T, std::fmt::Error>;

    #[test]
    fn the_provided_type_is_read_through_results() {
        assert_eq!(provided_by_context(Provided::<u8>::NEW.what()).id, TypeId::of::<u8>());
        assert_eq!(provided_by_context(Provided::<Fallible<u8>>::NEW.what()).id, TypeId::of::<u8>());
        assert!(provided_by_task(Provided::<Fallible<()>>::NEW.what()).is_nothing());
        assert!(provided_by_task(Provided::<()>::NEW.what()).is_nothing());
    }
}
