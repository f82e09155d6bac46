//! Reads and expands `discover!`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, Path, ReturnType, Signature, Token, Visibility};

use crate::errors::Errors;
use crate::model::plain;
use crate::paths;

const FORM: &str = "write `pub fn lifespan_tasks();`, and `link my_jobs, my_models;` to link crates";

/// The input of `discover!`.
struct Discover {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    links: Vec<Link>,
    framework: Option<Path>,
}

/// A crate to link: its local name and its real name.
struct Link {
    local: Ident,
    real: Ident,
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let discover = (|input: ParseStream<'_>| parse(input, &mut errors)).parse2(input);
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

fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Discover> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let signature: Signature = input.parse().map_err(|error| Error::new(error.span(), format!("{error}; {FORM}")))?;
    input.parse::<Token![;]>().map_err(|error| {
        Error::new(error.span(), format!("`discover!` generates the body of this function; end it with `;`: {FORM}"))
    })?;
    let mut discover = Discover { attributes, visibility, signature, links: Vec::new(), framework: None };
    while !input.is_empty() {
        let word = input.call(Ident::parse_any)?;
        if word == "link" {
            links(input, &mut discover.links)?;
            if !input.peek(Token![;]) {
                return Err(input.error("`link` takes plain crate names; write `link my_jobs, my_models;`, or `link local_name as real_name;` for one that Cargo.toml renames"));
            }
        } else if word == "crate" {
            input.parse::<Token![=]>()?;
            let path = input.parse()?;
            if discover.framework.replace(path).is_some() {
                errors.at(word, "`crate` is given twice; remove one");
            }
        } else {
            let message = format!(
                "unknown item `{word}` in `discover!`; {FORM}, and `crate = path;` if the framework is renamed"
            );
            return Err(Error::new_spanned(word, message));
        }
        input.parse::<Token![;]>()?;
    }
    Ok(discover)
}

fn links(input: ParseStream<'_>, links: &mut Vec<Link>) -> syn::Result<()> {
    loop {
        let local = input.call(Ident::parse_any).map_err(|error| {
            Error::new(error.span(), "`link` needs the names of crates; write `link my_jobs, my_models;`")
        })?;
        let real =
            if input.parse::<Option<Token![as]>>()?.is_some() { input.call(Ident::parse_any)? } else { local.clone() };
        links.push(Link { local, real });
        if input.parse::<Option<Token![,]>>()?.is_none() || input.peek(Token![;]) {
            return Ok(());
        }
    }
}

fn check(discover: &Discover, errors: &mut Errors) {
    let Signature { constness, asyncness, abi, generics, inputs, output, .. } = &discover.signature;
    if let Some(word) = constness {
        errors.at(word, "this function can't be `const`, since it reads a list that the linker builds; remove `const`");
    }
    if let Some(word) = asyncness {
        errors.at(word, "this function can't be `async`, since it waits for nothing; remove `async`");
    }
    if let Some(word) = abi {
        errors.at(word, "this function can't be `extern`; remove `extern`");
    }
    if !generics.params.is_empty() {
        errors.at(generics, "this function can't be generic; remove the parameters");
    }
    if !inputs.is_empty() {
        errors.at(inputs, "this function takes no parameters; remove them");
    }
    if let ReturnType::Type(..) = output {
        errors.at(output, "this function always returns `Discovered`; remove the return type");
    }
    let mut seen = Vec::new();
    for Link { local, real } in &discover.links {
        if ["self", "crate", "super", "Self"].iter().any(|word| local == word) {
            errors.at(local, "the units of this crate are always included; remove it from the list");
        } else if seen.contains(&plain(real)) {
            errors.at(local, format!("crate `{}` is linked twice; remove one", plain(real)));
        }
        seen.push(plain(real));
    }
}

fn tokens(discover: &Discover) -> TokenStream {
    let Discover { attributes, visibility, signature, links, framework } = discover;
    let p = paths::private(framework.as_ref());
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
