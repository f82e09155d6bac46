//! Generates the function that returns a group.
//!
//! Rust lets no local name stand for a static or a constant of the same name, but for a function it does.

use lifespan_text::Strategy;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};

use super::read::{Group, GroupSettings};
use crate::expand::{duration, variant};
use crate::model::plain;
use crate::util::{Errors, private};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let group = match (|input: ParseStream<'_>| Group::read(input, &mut errors)).parse2(input) {
        Ok(group) => tokens(&group),
        Err(error) => return error.into_compile_error(),
    };
    match errors.or(()) {
        Ok(()) => group,
        // The group is generated despite the errors: otherwise each of its units would report one more error.
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#group #error)
        }
    }
}

fn tokens(group: &Group) -> TokenStream {
    let Group { attributes, visibility, name, strategy, settings, framework } = group;
    let GroupSettings { intensity, period } = settings;
    let p = private(framework.as_ref());
    let strategy = variant(strategy.unwrap_or(Strategy::OneForOne));
    let text = plain(name);
    let docs = (!attributes.iter().any(|attribute| attribute.path().is_ident("doc")))
        .then(|| format!("Returns the group `{text}`."))
        .map(|docs| quote!(#[doc = #docs]));
    let mut fields = Vec::new();
    if let Some(intensity) = intensity {
        fields.push(quote!(intensity: #intensity));
    }
    if let Some(period) = period {
        let period = duration(period.get(), &p);
        fields.push(quote!(period: #period));
    }
    let group = quote_spanned! {Span::mixed_site()=>
        #p::Group {
            #(#fields,)*
            ..#p::Group::new(#text, #p::Strategy::#strategy)
        }
    };
    quote! {
        #(#attributes)*
        #docs
        #[must_use]
        #[allow(dead_code)]
        #visibility const fn #name() -> &'static #p::Group {
            static __LIFESPAN_GROUP: #p::Group = #group;
            &__LIFESPAN_GROUP
        }
    }
}
