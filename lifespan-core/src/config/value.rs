//! The requirement on a keyword argument's type: readable, or marked as set by code alone.

use serde_core::de::DeserializeOwned;

use super::read::{Fault, Reader};

/// A type that can be read from the file and the environment.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be read from a file or a variable, so it can't be a keyword argument",
    label = "neither `Deserialize` nor marked `#[config(code)]`",
    note = "derive `serde::Deserialize` for it, so that the file and the environment can set it",
    note = "or mark the parameter `#[config(code)]`, so that only code sets it, with `app.register(…)`",
    note = "or mark the parameter `#[inject]`, if the framework injects it"
)]
pub trait Value: Sized {
    /// Reads the value.
    #[doc(hidden)]
    fn read(reader: Reader<'_>) -> Result<Self, Fault>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Value for T {
    fn read(reader: Reader<'_>) -> Result<Self, Fault> {
        T::deserialize(reader)
    }
}
