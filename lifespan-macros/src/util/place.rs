//! The location of a token in the source.

use proc_macro2::Span;

/// A location in a source file.
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Returns the location of a span; empty without a compiler (in unit tests).
pub(crate) fn place_of(span: Span) -> Place {
    if !proc_macro::is_available() {
        return Place { file: String::new(), line: 0, column: 0 };
    }
    let span = span.unwrap();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place { file: span.file(), line: number(span.line()), column: number(span.column()) }
}
