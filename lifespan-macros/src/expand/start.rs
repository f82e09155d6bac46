//! Generates the start of a unit: a call of its function with its config and the injected parameters.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::blocking;
use super::names::Names;
use super::output::{output_span, type_of};
use crate::model::{Argument, Output, ParameterKind, Unit};

/// Clones a config, which is kept for the next start. Each field is cloned by itself instead of through the config's
/// `Clone`, so that the compiler's error names the argument that is not `Clone`.
fn fresh(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let fields = unit.arguments().map(|Argument { ident, ty, code, .. }| {
        let clone = match (*code, unit.options.starts_again()) {
            (false, _) => quote!(again::<#ty>),
            (true, true) => quote!(again_code::<#ty>),
            // A config that can't be cloned allows only one start.
            (true, false) => quote!(Copies::<#ty>::NEW.of),
        };
        let copy = quote_spanned!(Span::mixed_site()=> #p::#clone(&config.#ident));
        if *code && !unit.options.starts_again() { quote!(#ident: #copy?) } else { quote!(#ident: #copy) }
    });
    quote_spanned!(Span::mixed_site()=> |config| #p::Some(#config { #(#fields),* }))
}

pub(super) fn start(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let function = &unit.function;
    let arguments = unit.parameters.iter().map(|parameter| match parameter {
        ParameterKind::Argument(argument) => {
            let ident = &argument.ident;
            quote_spanned!(Span::mixed_site()=> config.#ident)
        }
        ParameterKind::Injected(ty) => quote_spanned!(Span::mixed_site()=> start.inject::<#ty>()),
    });
    let take = unit.arguments().next().map(|_| {
        let fresh = fresh(unit, names);
        quote_spanned!(Span::mixed_site()=> let config = start.config::<#config>(#fresh);)
    });
    let parameter = if unit.parameters.is_empty() { quote!(_) } else { quote_spanned!(Span::mixed_site()=> mut start) };
    // A future that is not `Send` is reported at this name, a return type that does not fit at the other.
    let future = Ident::new("future", Span::mixed_site().located_at(function.span()));
    let how = Ident::new("how", Span::mixed_site().located_at(output_span(unit)));
    let (read, runs) = match &unit.output {
        Output::Runs(output) => {
            let output = type_of(output);
            (quote!(#p::Output::<#output>::NEW.how()), quote!(runs))
        }
        Output::Returns(output) => {
            let output = type_of(output);
            (quote!(#p::Output::<#output>::NEW.how()), quote!(returns))
        }
        Output::Never(_) => (quote!(#p::Never), quote!(runs)),
    };
    if unit.options.blocking {
        return blocking::start(function, take.as_ref(), arguments, (&how, &read), &runs, p);
    }
    quote_spanned! {Span::mixed_site()=>
        |#parameter| {
            #take
            let #future = #function(#(#arguments),*);
            let #how = #read;
            #p::#runs(#future, #how)
        }
    }
}
