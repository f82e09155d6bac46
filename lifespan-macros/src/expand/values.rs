//! Generates values of settings as constant expressions.

use std::time::Duration;

use lifespan_text::Names;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};

/// Returns a duration.
pub(crate) fn duration(duration: Duration, p: &impl ToTokens) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(#p::Duration::new(#seconds, #nanoseconds))
}

/// Returns the variant of an enum of words.
pub(crate) fn variant(word: impl Names + std::fmt::Debug) -> Ident {
    format_ident!("{word:?}")
}
