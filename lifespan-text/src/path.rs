//! Paths.

use std::fmt;

use crate::FromText;

/// The path of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(String);

impl FromText for Folder {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("it is the path of a folder".to_owned()) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
