//! Generates values of settings as constant expressions.

use std::time::Duration;

use lifespan_text::Names;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

/// Returns a duration.
pub(crate) fn duration(duration: Duration, p: &impl ToTokens) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(#p::Duration::new(#seconds, #nanoseconds))
}

/// Returns a duration that was written at this place: if the type is another one, the error is reported there.
pub(super) fn duration_at(duration: Duration, place: Span, p: &Ident) -> TokenStream {
    let p = Ident::new(&p.to_string(), p.span().located_at(place));
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote_spanned!(place=> #p::Duration::new(#seconds, #nanoseconds))
}

/// Returns the variant of an enum of words.
pub(crate) fn variant(word: impl Names + std::fmt::Debug) -> Ident {
    format_ident!("{word:?}")
}
