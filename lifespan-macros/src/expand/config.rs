//! Generates the config struct: one field for each keyword argument, with its constructors, `Clone` and `Debug`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Visibility;

use super::names::Names;
use super::values::duration_at;
use crate::model::{Argument, DefaultValue, Unit, plain};
use crate::util::private;

pub(super) fn definition(unit: &Unit, names: &Names) -> TokenStream {
    let config = &names.config;
    let p = private(unit.options.framework.as_ref());
    let visibility = visibility(unit);
    let conditions = &unit.conditions;
    let open = matches!(unit.visibility, Visibility::Public(_)).then(|| quote!(#[non_exhaustive]));
    let docs = format!("The keyword arguments of the lifespan {} `{}`.", unit.kind, unit.name());
    let fields = unit.arguments().map(|Argument { ident, ty, docs, .. }| {
        let docs = if docs.is_empty() { format!("The keyword argument `{}`.", plain(ident)) } else { docs.clone() };
        quote!(#[doc = #docs] pub #ident: #ty)
    });
    quote! {
        #(#conditions)*
        #p::choose_another_name_with_config_equals! {
            [#[doc = #docs] #open] [#visibility] #config {
                #(#fields,)*
            }
        }
    }
}

/// Returns the visibility, without the spans at which lints would blame the user's code.
fn visibility(unit: &Unit) -> TokenStream {
    match &unit.visibility {
        Visibility::Public(_) => quote!(pub),
        other => quote!(#other),
    }
}

/// Generates a function for each default, which is needed in several places.
pub(super) fn defaults(unit: &Unit, names: &Names) -> TokenStream {
    let p = &names.p;
    let functions = unit.arguments().zip(&names.defaults).filter_map(|(argument, name)| {
        let (default, ty) = (argument.default.as_ref()?, &argument.ty);
        let value = match default {
            DefaultValue::Expression(default) => quote!(#default),
            DefaultValue::Text(text) => quote!(#p::text::<#ty>(#text)),
            DefaultValue::Duration(duration, place) => duration_at(*duration, *place, p),
        };
        Some(quote! {
            #[allow(clippy::unnecessary_wraps)]
            fn #name() -> #ty {
                #value
            }
        })
    });
    quote!(#(#functions)*)
}

pub(super) fn constructors(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let mut parameters = Vec::new();
    let mut fields = Vec::new();
    let mut setters = Vec::new();
    for (argument, default) in unit.arguments().zip(&names.defaults) {
        let Argument { ident, ty, .. } = argument;
        let Some(default) = default else {
            parameters.push(quote!(#ident: #ty));
            fields.push(quote!(#ident));
            continue;
        };
        fields.push(quote!(#ident: #default()));
        let (setter, docs) = (format_ident!("with_{}", plain(ident)), format!("Sets `{}`.", plain(ident)));
        setters.push(quote_spanned! {Span::mixed_site()=>
            #[doc = #docs]
            #[must_use]
            pub fn #setter(mut self, value: #ty) -> Self {
                self.#ident = value;
                self
            }
        });
    }
    let docs = if setters.is_empty() {
        "Creates the config from all keyword arguments."
    } else {
        "Creates the config from the keyword arguments that have no default."
    };
    let load = cfg!(any(feature = "config", test)).then(|| {
        quote! {
            #[doc = "Creates the config from the defaults, the file and the environment, for code that changes some fields."]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "Lists every argument with a missing or invalid value."]
            pub fn load() -> #p::Result<Self, #p::ConfigError> {
                #p::load()
            }
        }
    });
    // Lints already check the number of parameters at the user's function.
    let many = (parameters.len() > 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    quote_spanned! {Span::mixed_site()=>
        impl #config {
            #[doc = #docs]
            #many
            #[must_use]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#fields),* }
            }
            #(#setters)*
            #load
        }
    }
}

/// Generates `where` bounds that disable the implementation when they don't hold, instead of being an error. Bounds
/// without a lifetime of their own would be checked immediately.
fn bounds<'a>(arguments: impl Iterator<Item = &'a Argument>, bound: &TokenStream) -> Option<TokenStream> {
    let mut seen = HashSet::new();
    let bounds: Vec<_> = arguments
        .filter(|argument| seen.insert(argument.ty.to_token_stream().to_string()))
        .map(|Argument { ty, .. }| quote!(for<'__a> #ty: #bound))
        .collect();
    (!bounds.is_empty()).then(|| quote!(where #(#bounds),*))
}

pub(super) fn clone(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let bounds = bounds(unit.arguments().filter(|argument| argument.code), &quote!(#p::Clone));
    let fields = unit.arguments().map(|Argument { ident, ty, code, .. }| {
        let clone = if *code { quote!(Clone::clone) } else { quote!(again::<#ty>) };
        quote_spanned!(Span::mixed_site()=> #ident: #p::#clone(&self.#ident))
    });
    quote_spanned! {Span::mixed_site()=>
        impl #p::Clone for #config #bounds {
            fn clone(&self) -> Self {
                Self { #(#fields),* }
            }
        }
    }
}

pub(super) fn debug(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let bounds = bounds(unit.arguments().filter(|argument| !argument.secret), &quote!(#p::Debug));
    let name = config.to_string();
    let fields = unit.arguments().map(|Argument { ident, secret, .. }| {
        let field = plain(ident);
        let value =
            if *secret { quote!(#p::None) } else { quote_spanned!(Span::mixed_site()=> #p::Some(&self.#ident)) };
        quote!((#field, #value))
    });
    quote_spanned! {Span::mixed_site()=>
        impl #p::Debug for #config #bounds {
            fn fmt(&self, f: &mut #p::Formatter<'_>) -> #p::FmtResult {
                #p::debug(f, #name, &[#(#fields),*])
            }
        }
    }
}

pub(super) fn default(unit: &Unit, names: &Names) -> Option<TokenStream> {
    let Names { p, config, .. } = names;
    unit.arguments().all(|argument| argument.default.is_some()).then(|| {
        quote! {
            impl #p::Default for #config {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    })
}
