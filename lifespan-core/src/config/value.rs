//! What a keyword argument's type must be: readable, or marked as given by code alone.

use serde_core::de::DeserializeOwned;

use super::read::{Fault, Reader};

/// A type that the file and the environment can give.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be read from a file or a variable, so it is no keyword argument",
    label = "neither `Deserialize` nor marked `#[config(code)]`",
    note = "derive `serde::Deserialize` for it, so that the file and the environment can give it",
    note = "or mark the parameter `#[config(code)]`, so that only code gives it, with `app.register(…)`",
    note = "or mark the parameter `#[inject]`, if it is something that the app hands in"
)]
pub trait Value: Sized {
    /// Reads it.
    #[doc(hidden)]
    fn read(reader: Reader<'_>) -> Result<Self, Fault>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Value for T {
    fn read(reader: Reader<'_>) -> Result<Self, Fault> {
        T::deserialize(reader)
    }
}
