//! The layers above the file: values that code sets by name, variables, and files with secrets.
//!
//! From the highest: `App::set`, the variable `X` or the file that `X_FILE` names, the file of this name in
//! `$CREDENTIALS_DIRECTORY`, and that in the folder of `[lifespan] secrets`.

use std::collections::BTreeMap;

use super::At;

/// A value that code sets by its name: `tasks.poll.url`, `lifespan.grace`.
#[derive(Clone, Debug)]
pub(crate) struct SetValue {
    pub(crate) key: String,
    pub(crate) text: String,
    /// The place of the call.
    pub(crate) place: String,
}

/// The names of one value, the best first.
#[derive(Default)]
pub(super) struct Names {
    /// Dotted keys: `tasks.poll.url`.
    pub(super) keys: Vec<String>,
    pub(super) variables: Vec<String>,
}

/// The values that stand above the file, without the environment.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) set: BTreeMap<String, SetValue>,
    /// Files in folders of secrets, by the dotted key that is their name.
    pub(super) secrets: BTreeMap<String, Secret>,
}

/// A value that was read from a file of its own.
pub(super) struct Secret {
    pub(super) text: String,
    /// The file, and the variable or the folder's setting that names it.
    pub(super) at: At,
}

impl SetValue {
    pub(super) fn at(&self) -> At {
        At::Set { key: self.key.clone(), place: self.place.clone() }
    }
}

impl Layers {
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.secrets.is_empty()
    }

    /// Returns whether any value has a key that begins like this.
    pub(super) fn has_any(&self, start: &str) -> bool {
        let begins = |key: &String| key.starts_with(start);
        self.set.keys().any(begins) || self.secrets.keys().any(begins)
    }
}
