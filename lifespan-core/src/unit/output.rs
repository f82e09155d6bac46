//! Determines from the return type of a unit's function what it means, and how its error is stored.
//!
//! A macro sees only tokens, so it can't interpret `anyhow::Result<()>` or a user's alias. Generated code names the
//! type once, `Output::<R>::NEW.how()`, and method resolution picks the meaning, through the [chain](super::steps) below.
//! The result is an empty type, so the choice costs nothing at run time and one instantiation for each unit.
#![expect(clippy::unused_self, reason = "method resolution chooses by the receiver, which is empty")]
#![allow(missing_docs, reason = "for generated code")]

use std::any::TypeId;
use std::error::Error;
use std::fmt::Display;

use super::steps::steps;
use crate::base::{BoxError, Converted, Held, Keep, Misfit, Text, Typed};
use crate::signal::Resource;
use crate::unit::ending::Ending;

steps! {
    /// `()`, and `Result<_, E>` where `E` is an error by itself.
    Output => ByReference;
    /// `Result<_, E>` where `E` wraps an error: `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`.
    ByReference => ByText;
    /// `Result<_, E>` where `E` is a text.
    ByText => ByConversion;
    /// `Result<_, E>` where `E` can be converted into an error.
    ByConversion => ByNothing;
    /// `Result<_, E>` where `E` is not an error.
    ByNothing => ByValue;
    /// All other types.
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
    pub fn how(&self) -> Fallible<Text> {
        Fallible(Text)
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

/// The function returns `()`.
pub struct Nothing;
/// The function returns `!`.
pub struct Never;
/// The function returns a `Result`, whose error is stored as `K` says.
pub struct Fallible<K>(K);
/// The function returns something that is neither `()` nor a `Result`.
pub struct Value;

/// A return type of a task, or of a context with a `Scope`.
///
/// ```
/// use std::time::Duration;
/// use lifespan::{App, lifespan_task};
///
/// #[lifespan_task(manual, every = "10s")]
/// async fn sweep() {}
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(SweepConfig {})?;
/// let running = app.start().await?;
/// tokio::time::sleep(Duration::from_secs(25)).await;
/// let report = running.stop().await;
/// let runs = report.unit("sweep").unwrap().runs.as_ref().unwrap();
/// assert_eq!((runs.started, runs.failed, runs.missed), (3, 0, 0));
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "a task, and a context with a `Scope`, can't return `{R}`",
    label = "must be `()`, `!` or `Result<(), E>`",
    note = "to provide a value, return it from a `#[lifespan_context]` without a `Scope`, or from `#[lifespan_task(once)]`"
)]
pub trait Runs<R> {
    fn ending(returned: R) -> Ending;
}

/// A return type of a `once` task, or of a context without a `Scope`: may be a value, which is a resource.
#[diagnostic::on_unimplemented(
    message = "`{R}` can't be provided as a resource",
    label = "must be `T` or `Result<T, E>`, with `T: Send + Sync + 'static`",
    note = "a resource is shared between tasks: wrap what is not `Sync` in a `tokio::sync::Mutex`"
)]
pub trait Returns<R> {
    fn ending(returned: R) -> Ending;
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

// Generic, since `!` can't be named on a stable compiler; only a function whose signature says `!` gets `Never`.
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
            // The `Result<(), E>` of a `once` task also comes here.
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

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    type Aliased = Result<(), Own>;

    #[derive(Debug)]
    struct Own;

    impl fmt::Display for Own {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("own")
        }
    }

    impl Error for Own {}

    fn ending<R, H: Runs<R>>(returned: R, _: H) -> Ending {
        H::ending(returned)
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
}
