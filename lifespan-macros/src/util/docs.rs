//! The text of doc comments.

use syn::{Attribute, LitStr, Meta};

use super::settings::string;

/// Returns the text of the doc comments.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => string(&meta.value).map(LitStr::value),
        _ => None,
    });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').map_or_else(|| line.clone(), str::to_owned)).collect();
    lines.join("\n").trim().to_owned()
}
