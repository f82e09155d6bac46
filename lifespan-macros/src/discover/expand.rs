//! Generates the function of `discover!`, and the names of the crates for the linker.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Error;
use syn::parse::{ParseStream, Parser};

use super::check::check;
use super::read::{Discover, read};
use crate::model::plain;
use crate::util::{Errors, private};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let discover = (|input: ParseStream<'_>| read(input, &mut errors)).parse2(input);
    match discover.and_then(|discover| {
        check(&discover, &mut errors);
        std::mem::take(&mut errors).or(discover)
    }) {
        Ok(discover) => tokens(&discover),
        Err(error) => {
            errors.push(error);
            errors.or(()).map_or_else(Error::into_compile_error, |()| TokenStream::new())
        }
    }
}

fn tokens(discover: &Discover) -> TokenStream {
    let Discover { attributes, visibility, signature, links, framework } = discover;
    let p = private(framework.as_ref());
    let name = &signature.ident;
    let has = |name| attributes.iter().any(|attribute| attribute.path().is_ident(name));
    let must_use = (!has("must_use")).then(|| quote!(#[must_use]));
    let docs = (!has("doc")).then(|| quote!(#[doc = "Every task and context in this program, in registration order."]));
    let conditions: Vec<_> = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    let crates = links.iter().map(|link| &link.local);
    let names = links.iter().map(|link| plain(&link.real));
    // The compiler passes a crate to the linker only if the code names it; naming it is enough.
    let discovery = quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        const _: () = {
            #(extern crate #crates as _;)*
            static __LIFESPAN_DISCOVERY: #p::Discovery = #p::Discovery {
                module: #p::module_path!(),
                links: &[#(#names),*],
                place: #p::Location { file: #p::file!(), line: #p::line!(), column: #p::column!() },
            };
            #p::register_discovery!(__LIFESPAN_DISCOVERY);
        };
    };
    quote! {
        #(#attributes)*
        #docs
        #must_use
        #[allow(dead_code)]
        #visibility fn #name() -> #p::Discovered {
            #p::discovered()
        }
        #discovery
    }
}
