//! Helpers of all stages: errors, lists of settings, places and texts of tokens.

mod docs;
mod errors;
mod given;
mod paths;
mod place;
mod settings;
mod type_text;

pub(crate) use docs::docs;
pub(crate) use errors::Errors;
pub(crate) use given::Given;
pub(crate) use paths::private;
pub(crate) use place::place_of;
pub(crate) use settings::{Setting, read, string, unknown};
pub(crate) use type_text::type_text;
