//! Stores a unit's error with its type, and shows it as the error that it is or wraps.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};

use crate::base::unwind::Quiet;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The way in which an error of type `E` is stored.
#[diagnostic::on_unimplemented(
    message = "`{E}` can't be the error of a unit",
    label = "this error type does not fit",
    note = "an error is `Into<Box<dyn Error + Send + Sync>> + Send + 'static`: implement `std::error::Error` for `{E}`, or return `anyhow::Error`, `String` or `Box<dyn Error + Send + Sync>`"
)]
pub trait Keep<E> {
    fn keep(error: E) -> BoxError;
}

/// A type that is an error itself.
pub struct Typed;
/// A wrapper of an error.
pub struct Held;
/// A text.
pub struct Text;
/// A type that can only be converted into an error, and is converted.
pub struct Converted;
/// A type that can't be converted.
pub struct Misfit;

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> Keep<E> for Typed {
    fn keep(error: E) -> BoxError {
        fn shown<E: Error + 'static>(value: &(dyn Any + Send + Sync)) -> Option<&(dyn Error + 'static)> {
            value.downcast_ref::<E>().map(|error| error as _)
        }
        TypedError::boxed(error, Shown::Error(shown::<E>))
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
        TypedError::boxed(error, Shown::Error(shown::<E>))
    }
}

#[diagnostic::do_not_recommend]
impl<E: Display + Send + Sync + 'static> Keep<E> for Text {
    fn keep(error: E) -> BoxError {
        fn shown<E: Display + 'static>(value: &(dyn Any + Send + Sync)) -> Option<&dyn Display> {
            value.downcast_ref::<E>().map(|text| text as _)
        }
        TypedError::boxed(error, Shown::Text(shown::<E>))
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError> + Send + 'static> Keep<E> for Converted {
    fn keep(error: E) -> BoxError {
        <Held as Keep<BoxError>>::keep(error.into())
    }
}

/// A unit's error with its type, shown as the error that it is or wraps.
struct TypedError {
    value: Quiet<Box<dyn Any + Send + Sync>>,
    shown: Shown,
}

enum Shown {
    /// Returns the error in the value; it is always there.
    Error(fn(&(dyn Any + Send + Sync)) -> Option<&(dyn Error + 'static)>),
    /// Returns the value itself as a text.
    Text(fn(&(dyn Any + Send + Sync)) -> Option<&dyn Display>),
}

impl TypedError {
    fn boxed(error: impl Any + Send + Sync, shown: Shown) -> BoxError {
        Box::new(Self { value: Quiet::new(Box::new(error)), shown })
    }

    fn error(&self) -> Option<&(dyn Error + 'static)> {
        match self.shown {
            Shown::Error(shown) => shown(&**self.value.get()?),
            Shown::Text(_) => None,
        }
    }

    fn text(&self) -> Option<&dyn Display> {
        match self.shown {
            Shown::Error(_) => None,
            Shown::Text(shown) => shown(&**self.value.get()?),
        }
    }
}

impl fmt::Debug for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.error(), self.text()) {
            (Some(error), _) => fmt::Debug::fmt(error, f),
            (None, Some(text)) => fmt::Debug::fmt(&text.to_string(), f),
            (None, None) => Ok(()),
        }
    }
}

impl Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.error(), self.text()) {
            (Some(error), _) => Display::fmt(error, f),
            (None, Some(text)) => Display::fmt(text, f),
            (None, None) => Ok(()),
        }
    }
}

impl Error for TypedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error()?.source()
    }
}

/// An error of this crate whose source is a unit's error.
#[derive(Debug)]
struct Because {
    text: String,
    source: BoxError,
}

/// Makes an error with this text and a unit's error as its source, which can still be taken out.
pub(crate) fn because(text: String, source: BoxError) -> BoxError {
    Box::new(Because { text, source })
}

impl Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Because {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(shown(&*self.source))
    }
}

/// The maximum number of sources that are followed.
const DEEPEST: usize = 100;

/// Returns an error and its sources, outermost first. `source` is user code that may form a cycle, so the walk is
/// bounded.
pub(crate) fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source()).take(DEEPEST)
}

/// Finds the first `E` among the error, what it wraps, and its sources.
#[must_use]
pub(crate) fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    sources(shown(error)).find_map(|error| error.downcast_ref())
}

/// Returns the error itself, if it is stored in a wrapper of this crate.
#[must_use]
pub(crate) fn shown<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.downcast_ref::<TypedError>().and_then(TypedError::error).unwrap_or(error)
}

/// Takes the unit's error out by value, with the type that its function returns; returns it unchanged if that is
/// another type.
pub(crate) fn take<E: 'static>(error: BoxError) -> Result<E, BoxError> {
    let error = match error.downcast::<Because>() {
        Ok(error) => {
            let Because { text, source } = *error;
            return take(source).map_err(|source| because(text, source));
        }
        Err(error) => error,
    };
    let mut kept = error.downcast::<TypedError>()?;
    match kept.value.take().map(<Box<dyn Any + Send + Sync>>::downcast::<E>) {
        Some(Ok(value)) => Ok(*value),
        Some(Err(value)) => {
            kept.value = Quiet::new(value);
            Err(kept)
        }
        None => Err(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::ending::Ending;
    use crate::unit::output::{Output, Runs};

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
}
