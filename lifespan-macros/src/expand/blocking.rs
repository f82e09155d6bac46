//! Generates the start of a `blocking` task.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

/// Generates the start of a `blocking` task: its arguments are resolved here, and move to the thread with the function.
pub(super) fn start(
    function: &Ident,
    take_config: Option<&TokenStream>,
    arguments: impl Iterator<Item = TokenStream>,
    (how, read): (&Ident, &TokenStream),
    runs: &TokenStream,
    p: &Ident,
) -> TokenStream {
    let (names, arguments): (Vec<_>, Vec<_>) = arguments
        .enumerate()
        .map(|(index, argument)| (format_ident!("argument_{index}", span = Span::mixed_site()), argument))
        .unzip();
    let mutability = (!names.is_empty()).then(|| quote!(mut));
    // Arguments that are not `Send` are reported at this name.
    let job = Ident::new("job", Span::mixed_site().located_at(function.span()));
    let runs = format_ident!("blocking_{}", runs.to_string());
    quote_spanned! {Span::mixed_site()=>
        |#mutability start| {
            #take_config
            #(let #names = #arguments;)*
            let #job = move || #function(#(#names),*);
            let #how = #read;
            #p::#runs(start, #job, #how)
        }
    }
}
