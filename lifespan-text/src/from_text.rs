//! Values that are written as text.

/// A value that is written as text, in an attribute, a file and a variable alike.
pub trait FromText: Sized {
    /// Reads the value. The error says what is wrong and what to write, without repeating the text.
    fn from_text(text: &str) -> Result<Self, String>;
}
