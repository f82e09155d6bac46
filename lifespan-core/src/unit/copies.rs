//! Clones a `code` argument for a restart, if its type is `Clone`.
#![expect(clippy::unused_self, reason = "method resolution chooses by the receiver, which is empty")]
#![allow(missing_docs, reason = "for generated code")]

use super::steps::steps;

steps! {
    /// Clones an argument whose type is `Clone`; `code` arguments need not be.
    Copies => CopiesNot;
    /// Does not clone.
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
