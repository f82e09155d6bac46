//! The types that a child may return.

use std::error::Error;

use crate::base::text::{self};
use crate::base::{Held, Keep, Text, Typed, line, unwind, words_of};
use crate::unit::{Never, Nothing};

/// The return type of a child: `()`, `!`, or a `Result` whose error fails the unit.
///
/// The error is a `std::error::Error`, a wrapper of one (`anyhow::Error`, `Box<dyn Error + Send + Sync>`) or a text
/// (`String`, `&'static str`), and keeps its type. A child that returns a value and can't fail returns `Ok::<_,
/// Infallible>(value)`. The compiler infers `H`, which says how the error is kept.
///
/// ```
/// use lifespan::Children;
///
/// async fn upload(size: u64) -> Result<(), std::io::Error> {
///     println!("uploads {size} bytes");
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (_handle, children) = Children::pair();
/// let result = children.spawn_with_handle("upload", upload(7)).await;
/// assert!(result.unwrap().is_ok());
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a child can't return `{Self}`",
    label = "a child returns `()` or `Result<T, E>`",
    note = "`E` is a `std::error::Error`, `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String` or `&'static str`; to give a value that can't fail, return `Ok::<_, std::convert::Infallible>(value)`"
)]
pub trait ChildOutput<H>: Send + 'static {
    /// Returns whether this is an error.
    #[doc(hidden)]
    fn has_failed(&self) -> bool;
    /// Returns the error as text.
    #[doc(hidden)]
    fn words(&self) -> String;
    /// Returns the error, with its type kept.
    #[doc(hidden)]
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>>;
}

#[diagnostic::do_not_recommend]
impl ChildOutput<Nothing> for () {
    fn has_failed(&self) -> bool {
        false
    }

    fn words(&self) -> String {
        String::new()
    }

    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        None
    }
}

/// The type `!`, which can't be named on a stable compiler.
type NeverReturned = <fn() -> ! as Function>::Returned;

/// A function, by its return type.
pub trait Function {
    /// The return type.
    type Returned;
}

impl<R> Function for fn() -> R {
    type Returned = R;
}

#[diagnostic::do_not_recommend]
impl ChildOutput<Never> for NeverReturned {
    fn has_failed(&self) -> bool {
        *self
    }

    fn words(&self) -> String {
        *self
    }

    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        self
    }
}

macro_rules! fallible {
    ($([$($bounds:tt)*] $error:ty, $how:ty, $words:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Send + 'static, $($bounds)*> ChildOutput<$how> for Result<T, $error> {
            fn has_failed(&self) -> bool {
                self.is_err()
            }

            fn words(&self) -> String {
                self.as_ref().err().map($words).unwrap_or_default()
            }

            fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
                self.err().map(<$how>::keep)
            }
        }
    )*};
}

fallible! {
    [E: Error + Send + Sync + 'static] E, Typed, |error| words_of(error);
    [E: AsRef<dyn Error + Send + Sync> + Send + Sync + 'static] E, Held, words_of_held;
    [] String, Text, |text| line(&text::cut(text)).into();
    [] &'static str, Text, |text| line(&text::cut(text)).into();
}

/// Returns the text of an error in a value. Runs user code: the conversion to the error.
fn words_of_held(holder: &impl AsRef<dyn Error + Send + Sync>) -> String {
    unwind::catch(|| words_of(holder.as_ref())).unwrap_or_default()
}
