//! What a unit's function returns, read from its type: what it means, and how an error is kept as the type it was.
//!
//! A macro sees tokens, and `anyhow::Result<()>` or an alias of the user's tells it nothing. So generated code names the
//! type once, `Output::<R>::NEW.how()`, and method resolution picks the meaning: each step of the chain below has its
//! method for the types that fit and derefs to the next for those that don't. The answer is an empty type, so that the
//! choice costs nothing at run time and one instantiation for each unit.
#![expect(clippy::unused_self, reason = "method resolution chooses by the receiver, which is empty")]
#![allow(missing_docs, reason = "for generated code")]

use std::any::{Any, TypeId};
use std::error::Error;
use std::fmt::{self, Display};
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::inject::Resource;
use crate::run::ending::Ending;
use crate::unit::{Body, BoxBody, TypeInfo};

type BoxError = Box<dyn Error + Send + Sync>;

/// A step of a chain: a name for a type, which derefs to the next step.
macro_rules! steps {
    ($($(#[$docs:meta])* $step:ident => $($next:ident)?;)*) => {$(
        $(#[$docs])*
        pub struct $step<R>(PhantomData<fn() -> R>);

        impl<R> $step<R> {
            /// The only value.
            pub const NEW: Self = Self(PhantomData);
        }

        $(impl<R> Deref for $step<R> {
            type Target = $next<R>;

            fn deref(&self) -> &$next<R> {
                &$next(PhantomData)
            }
        })?
    )*};
}

steps! {
    /// `()`, and `Result<_, E>` where `E` is an error by itself.
    Output => ByReference;
    /// `Result<_, E>` where `E` holds an error: `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`.
    ByReference => ByText;
    /// `Result<_, E>` where `E` is a text.
    ByText => ByConversion;
    /// `Result<_, E>` where `E` can be made into an error.
    ByConversion => ByNothing;
    /// `Result<_, E>` where `E` is no error at all.
    ByNothing => ByValue;
    /// All else.
    ByValue => ;
}

impl Output<()> {
    #[must_use]
    pub fn how(&self) -> Nothing {
        Nothing
    }
}

impl<T, E: Error + Send + Sync + 'static> Output<Result<T, E>> {
    #[must_use]
    pub fn how(&self) -> Fallible<Typed> {
        Fallible(Typed)
    }
}

impl<T, E: AsRef<dyn Error + Send + Sync> + Send + Sync + 'static> ByReference<Result<T, E>> {
    #[must_use]
    pub fn how(&self) -> Fallible<Held> {
        Fallible(Held)
    }
}

impl<T, E: Display + Send + Sync + 'static> ByText<Result<T, E>> {
    #[must_use]
    pub fn how(&self) -> Fallible<Said> {
        Fallible(Said)
    }
}

impl<T, E: Into<BoxError> + Send + 'static> ByConversion<Result<T, E>> {
    #[must_use]
    pub fn how(&self) -> Fallible<Converted> {
        Fallible(Converted)
    }
}

impl<T, E> ByNothing<Result<T, E>> {
    #[must_use]
    pub fn how(&self) -> Fallible<Misfit> {
        Fallible(Misfit)
    }
}

impl<T> ByValue<T> {
    #[must_use]
    pub fn how(&self) -> Value {
        Value
    }
}

/// It returns `()`.
pub struct Nothing;
/// It returns `!`.
pub struct Never;
/// It returns a `Result`, whose error is kept as `K` says.
pub struct Fallible<K>(K);
/// It returns something that is neither `()` nor a `Result`.
pub struct Value;

/// What a task and a context with a `Scope` may return.
#[diagnostic::on_unimplemented(
    message = "a task, and a context with a `Scope`, can't return `{R}`",
    label = "must be `()`, `!` or `Result<(), E>`",
    note = "to provide a value, return it from a `#[lifespan_context]` without a `Scope`, or from `#[lifespan_task(once)]`"
)]
pub trait Runs<R> {
    fn ending(returned: R) -> Ending;
}

/// What a `once` task and a context without a `Scope` may return: also a value, which is a resource.
#[diagnostic::on_unimplemented(
    message = "`{R}` can't be provided as a resource",
    label = "must be `T` or `Result<T, E>`, with `T: Send + Sync + 'static`",
    note = "a resource is shared between tasks: wrap what is not `Sync` in a `tokio::sync::Mutex`"
)]
pub trait Returns<R> {
    fn ending(returned: R) -> Ending;
}

/// How an error of type `E` is kept.
#[diagnostic::on_unimplemented(
    message = "`{E}` can't be the error of a unit",
    label = "this error type does not fit",
    note = "an error is `Into<Box<dyn Error + Send + Sync>> + Send + 'static`: implement `std::error::Error` for `{E}`, or return `anyhow::Error`, `String` or `Box<dyn Error + Send + Sync>`"
)]
pub trait Keep<E> {
    fn keep(error: E) -> BoxError;
}

impl Runs<()> for Nothing {
    fn ending((): ()) -> Ending {
        Ending::Done
    }
}

impl Returns<()> for Nothing {
    fn ending((): ()) -> Ending {
        Ending::Done
    }
}

// Generic, since `!` can't be named on a stable compiler; only a function whose signature says `!` is given `Never`.
impl<R> Runs<R> for Never {
    fn ending(_: R) -> Ending {
        Ending::Done
    }
}

impl<E, K: Keep<E>> Runs<Result<(), E>> for Fallible<K> {
    fn ending(returned: Result<(), E>) -> Ending {
        match returned {
            Ok(()) => Ending::Done,
            Err(error) => Ending::Failed(K::keep(error)),
        }
    }
}

impl<T: Send + Sync + 'static, E, K: Keep<E>> Returns<Result<T, E>> for Fallible<K> {
    fn ending(returned: Result<T, E>) -> Ending {
        match returned {
            // A `once` task's `Result<(), E>` comes this way too.
            Ok(_) if TypeId::of::<T>() == TypeId::of::<()>() => Ending::Done,
            Ok(value) => Ending::Value(Resource::new(value)),
            Err(error) => Ending::Failed(K::keep(error)),
        }
    }
}

impl<T: Send + Sync + 'static> Returns<T> for Value {
    fn ending(returned: T) -> Ending {
        Ending::Value(Resource::new(returned))
    }
}

/// Boxes the future of a task, or of a context with a `Scope`.
pub fn runs<F, H>(future: F, _: H) -> BoxBody
where
    F: Future + Send + 'static,
    H: Runs<F::Output> + 'static,
{
    Box::pin(Running::<F, H> { future, index: 0, how: PhantomData })
}

/// Boxes the future of a `once` task, or of a context without a `Scope`.
pub fn returns<F, H>(future: F, _: H) -> BoxBody
where
    F: Future + Send + 'static,
    H: Returns<F::Output> + 'static,
{
    Box::pin(Returning::<F, H> { future, index: 0, how: PhantomData })
}

// Not an async block: that would keep the call's future twice, as what it captures and as what it awaits.
pin_project! {
    struct Running<F, H> {
        #[pin]
        future: F,
        index: u32,
        how: PhantomData<fn() -> H>,
    }
}

impl<F: Future + Send, H: Runs<F::Output>> Body for Running<F, H> {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        self.project().index
    }
}

impl<F: Future, H: Runs<F::Output>> Future for Running<F, H> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        self.project().future.poll(context).map(H::ending)
    }
}

pin_project! {
    struct Returning<F, H> {
        #[pin]
        future: F,
        index: u32,
        how: PhantomData<fn() -> H>,
    }
}

impl<F: Future + Send, H: Returns<F::Output>> Body for Returning<F, H> {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        self.project().index
    }
}

impl<F: Future, H: Returns<F::Output>> Future for Returning<F, H> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        self.project().future.poll(context).map(H::ending)
    }
}

steps! {
    /// What a function without a `Scope` provides: nothing, for `()` and `Result<(), E>`.
    Provided => ProvidedByResult;
    /// `T` of `Result<T, E>`.
    ProvidedByResult => ProvidedByValue;
    /// All else, as it is.
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
    /// How an argument of this type is cloned, which `code` ones need not be: where it is `Clone`.
    Copies => CopiesNot;
    /// Not at all.
    CopiesNot => ;
}

impl<T: Clone> Copies<T> {
    #[must_use]
    pub fn of(&self, argument: &T) -> Option<T> {
        Some(argument.clone())
    }

    #[must_use]
    pub fn can(&self) -> bool {
        true
    }
}

impl<T> CopiesNot<T> {
    #[must_use]
    pub fn of(&self, _: &T) -> Option<T> {
        None
    }

    #[must_use]
    pub fn can(&self) -> bool {
        false
    }
}

steps! {
    /// What is provided: `()` or `Something<T>`.
    Provides => ;
}

/// A `T` that is not `()`.
pub struct Something<T>(PhantomData<T>);

/// What a context without a `Scope` must provide.
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

/// What a context provides by returning it.
#[must_use]
pub fn provided_by_context<S: IsSomething>(_: Provides<S>) -> TypeInfo {
    S::ty()
}

/// What a `once` task provides by returning it; `()` is nothing.
#[must_use]
pub fn provided_by_task<S: MaySomething>(_: Provides<S>) -> TypeInfo {
    S::ty()
}

/// What a `once` task may provide.
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

/// An error by itself.
pub struct Typed;
/// A holder of an error.
pub struct Held;
/// A text.
pub struct Said;
/// Something that can only be made into an error, and is.
pub struct Converted;
/// There is no way.
pub struct Misfit;

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> Keep<E> for Typed {
    fn keep(error: E) -> BoxError {
        fn shown<E: Error + 'static>(value: &(dyn Any + Send + Sync)) -> Option<&(dyn Error + 'static)> {
            value.downcast_ref::<E>().map(|error| error as _)
        }
        Box::new(Kept { value: Box::new(error), shown: Shown::Error(shown::<E>) })
    }
}

#[diagnostic::do_not_recommend]
impl<E: AsRef<dyn Error + Send + Sync> + Send + Sync + 'static> Keep<E> for Held {
    fn keep(error: E) -> BoxError {
        fn shown<E: AsRef<dyn Error + Send + Sync> + 'static>(
            value: &(dyn Any + Send + Sync),
        ) -> Option<&(dyn Error + 'static)> {
            value.downcast_ref::<E>().map(|holder| holder.as_ref() as _)
        }
        Box::new(Kept { value: Box::new(error), shown: Shown::Error(shown::<E>) })
    }
}

#[diagnostic::do_not_recommend]
impl<E: Display + Send + Sync + 'static> Keep<E> for Said {
    fn keep(error: E) -> BoxError {
        let text = error.to_string();
        Box::new(Kept { value: Box::new(error), shown: Shown::Text(text) })
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError> + Send + 'static> Keep<E> for Converted {
    fn keep(error: E) -> BoxError {
        <Held as Keep<BoxError>>::keep(error.into())
    }
}

/// A unit's error as the type it was, which shows itself as the error that it is or holds.
struct Kept {
    value: Box<dyn Any + Send + Sync>,
    shown: Shown,
}

enum Shown {
    /// The way from the value to the error in it, which is there always.
    Error(fn(&(dyn Any + Send + Sync)) -> Option<&(dyn Error + 'static)>),
    Text(String),
}

impl Kept {
    fn error(&self) -> Option<&(dyn Error + 'static)> {
        match self.shown {
            Shown::Error(shown) => shown(&*self.value),
            Shown::Text(_) => None,
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shown {
            Shown::Error(_) => self.error().map_or(Ok(()), |error| fmt::Debug::fmt(error, f)),
            Shown::Text(text) => fmt::Debug::fmt(text, f),
        }
    }
}

impl Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shown {
            Shown::Error(_) => self.error().map_or(Ok(()), |error| Display::fmt(error, f)),
            Shown::Text(text) => f.pad(text),
        }
    }
}

impl Error for Kept {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error()?.source()
    }
}

/// The first `E` among the error, what it holds, and its sources.
#[must_use]
pub(crate) fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(shown(error)), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// The error itself, where it is kept in a wrapper of ours.
#[must_use]
pub(crate) fn shown<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.downcast_ref::<Kept>().and_then(Kept::error).unwrap_or(error)
}

/// Takes the unit's error out by value as the type that its function returns; else gives it back.
pub(crate) fn take<E: 'static>(error: BoxError) -> Result<E, BoxError> {
    let Kept { value, shown } = *error.downcast::<Kept>()?;
    match value.downcast::<E>() {
        Ok(value) => Ok(*value),
        Err(value) => Err(Box::new(Kept { value, shown })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Aliased = Result<(), Own>;

    #[derive(Debug)]
    struct Own(u8);

    impl Display for Own {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "own {}", self.0)
        }
    }

    impl Error for Own {}

    #[derive(Debug)]
    struct Outer(Own);

    impl Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    /// Only `Into<Box<dyn Error + Send + Sync>>`, and not even `Sync`.
    struct Convertible(std::cell::Cell<u8>);

    impl From<Convertible> for BoxError {
        fn from(convertible: Convertible) -> Self {
            Box::new(Own(convertible.0.get()))
        }
    }

    fn ending<R, H: Runs<R>>(returned: R, _: H) -> Ending {
        H::ending(returned)
    }

    fn failure<E, H: Runs<Result<(), E>>>(error: E, how: H) -> BoxError {
        match ending(Err(error), how) {
            Ending::Failed(error) => error,
            _ => panic!("no failure"),
        }
    }

    #[test]
    fn an_error_is_kept_as_the_type_it_was() {
        let error = failure(Own(1), Output::<Aliased>::NEW.how());
        assert_eq!(error.to_string(), "own 1");
        assert_eq!(find_cause::<Own>(&*error).map(|own| own.0), Some(1));
        assert!(shown(&*error).is::<Own>());
        let error = take::<String>(error).expect_err("it is no String");
        assert_eq!(take::<Own>(error).map(|own| own.0).ok(), Some(1));
    }

    #[test]
    fn a_source_is_found_through_what_holds_it() {
        let error = failure(Outer(Own(2)), Output::<Result<(), Outer>>::NEW.how());
        assert_eq!(find_cause::<Own>(&*error).map(|own| own.0), Some(2));
    }

    #[test]
    fn a_boxed_error_is_taken_out_as_the_box() {
        let error = failure(BoxError::from(Outer(Own(3))), Output::<Result<(), BoxError>>::NEW.how());
        assert_eq!(error.to_string(), "outer");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("own 3"));
        assert!(find_cause::<Outer>(&*error).is_some());
        let boxed = take::<BoxError>(error).expect("it was a box");
        assert!(boxed.is::<Outer>());
    }

    #[test]
    fn a_text_is_an_error_and_stays_a_text() {
        let error = failure("said", Output::<Result<(), &'static str>>::NEW.how());
        assert_eq!(format!("{error} {error:?}"), "said \"said\"");
        assert_eq!(take::<&'static str>(error).ok(), Some("said"));
        let error = failure(String::from("said"), Output::<Result<(), String>>::NEW.how());
        assert_eq!(take::<String>(error).ok().as_deref(), Some("said"));
    }

    #[test]
    fn what_can_only_be_converted_is() {
        let error = failure(Convertible(4.into()), Output::<Result<(), Convertible>>::NEW.how());
        assert_eq!(find_cause::<Own>(&*error).map(|own| own.0), Some(4));
    }

    #[test]
    fn nothing_and_ok_are_done() {
        assert!(matches!(ending((), Output::<()>::NEW.how()), Ending::Done));
        assert!(matches!(ending(Aliased::Ok(()), Output::<Aliased>::NEW.how()), Ending::Done));
    }

    #[test]
    fn a_returned_value_is_a_resource_of_its_type() {
        fn ending<R, H: Returns<R>>(returned: R, _: H) -> Ending {
            H::ending(returned)
        }
        let is = |ending, id| matches!(ending, Ending::Value(resource) if resource.ty.id == id);
        assert!(is(ending(5_u8, Output::<u8>::NEW.how()), TypeId::of::<u8>()));
        assert!(is(ending(Ok::<_, Own>(5_u8), Output::<Result<u8, Own>>::NEW.how()), TypeId::of::<u8>()));
        assert!(matches!(ending(Aliased::Ok(()), Output::<Aliased>::NEW.how()), Ending::Done));
        assert!(matches!(ending((), Output::<()>::NEW.how()), Ending::Done));
    }

    #[test]
    fn the_provided_type_is_read_through_results() {
        assert_eq!(provided_by_context(Provided::<u8>::NEW.what()).id, TypeId::of::<u8>());
        assert_eq!(provided_by_context(Provided::<Result<u8, Own>>::NEW.what()).id, TypeId::of::<u8>());
        assert!(provided_by_task(Provided::<Aliased>::NEW.what()).is_nothing());
        assert!(provided_by_task(Provided::<()>::NEW.what()).is_nothing());
    }
}
