//! Reads and expands `group!`: which units are restarted together when one fails, with the strategies of Erlang's OTP.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, Path, Token, Visibility};

use crate::errors::Errors;
use crate::model::plain;
use crate::{expand, paths, place, restart, settings};

const FORM: &str = "write `pub ingest: rest_for_one, intensity = 3, period = \"30s\"`";
const STRATEGIES: [(&str, &str); 3] =
    [("one_for_one", "OneForOne"), ("rest_for_one", "RestForOne"), ("one_for_all", "OneForAll")];

/// A `group!` declaration: its name, and the settings after the colon.
struct Group {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    settings: TokenStream,
}

/// The settings of a group that were written; the core has the defaults.
#[derive(Default)]
struct Said {
    strategy: Option<Ident>,
    fields: Vec<TokenStream>,
    framework: Option<Path>,
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let group = match parse.parse2(input) {
        Ok(group) => group,
        Err(error) => return error.into_compile_error(),
    };
    let said = read(&group, &mut errors);
    match errors.or(()) {
        Ok(()) => tokens(&group, &said),
        Err(error) => {
            let error = error.into_compile_error();
            // The group is generated despite the errors: otherwise each of its units would report one more error.
            let group = tokens(&group, &said);
            quote!(#group #error)
        }
    }
}

fn parse(input: ParseStream<'_>) -> syn::Result<Group> {
    let form = |error: Error| Error::new(error.span(), format!("{error}; {FORM}"));
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let name = input.parse().map_err(form)?;
    input.parse::<Token![:]>().map_err(form)?;
    Ok(Group { attributes, visibility, name, settings: input.parse()? })
}

fn read(group: &Group, errors: &mut Errors) -> Said {
    let mut said = Said::default();
    let mut seen: Vec<String> = Vec::new();
    for setting in settings::read(group.settings.clone(), errors) {
        let name = setting.name.clone();
        let text = name.to_string();
        if seen.contains(&text) {
            errors.at(&name, format!("`{text}` is given twice; remove one"));
            continue;
        }
        if let Some((word, variant)) = STRATEGIES.iter().find(|(word, _)| *word == text) {
            setting.switch(errors);
            match &said.strategy {
                None => said.strategy = Some(format_ident!("{variant}")),
                Some(_) => errors.at(&name, format!("a group has one strategy; keep `{word}` or the other one")),
            }
            seen.push(text);
            continue;
        }
        match text.as_str() {
            "intensity" => {
                said.fields.extend(restart::intensity(setting, errors).map(|number| quote!(intensity: #number)));
            }
            "period" => said.fields.extend(restart::span(setting, "period = \"30s\"", errors).map(|period| {
                let p = paths::private(said.framework.as_ref());
                let period = expand::duration(period, &p);
                quote!(period: #period)
            })),
            "crate" => said.framework = setting.path("crate = path::to::lifespan", errors),
            _ => errors.at(&name, format!("unknown group setting `{text}`; {FORM}")),
        }
        seen.push(text);
    }
    if said.strategy.is_none() {
        errors.at(
            &group.name,
            "a group needs a strategy: write `one_for_one` (restart the failed unit), `rest_for_one` (also those that started \
             after it) or `one_for_all` (all units)",
        );
    }
    said
}

fn tokens(group: &Group, said: &Said) -> TokenStream {
    let Group { attributes, visibility, name, .. } = group;
    let p = paths::private(said.framework.as_ref());
    let strategy = said.strategy.clone().unwrap_or_else(|| format_ident!("OneForOne"));
    let (text, fields) = (plain(name), &said.fields);
    let docs = (!attributes.iter().any(|attribute| attribute.path().is_ident("doc")))
        .then(|| format!("The group `{text}`."))
        .map(|docs| quote!(#[doc = #docs]));
    let place = place::of(name.span());
    let (file, line, column) = (&place.file, place.line, place.column);
    let group = quote_spanned! {Span::mixed_site()=>
        #p::Group {
            #(#fields,)*
            ..#p::Group::new(#text, #p::Strategy::#strategy, #p::Location { file: #file, line: #line, column: #column })
        }
    };
    quote! {
        #(#attributes)*
        #docs
        #[allow(non_upper_case_globals)]
        #visibility static #name: #p::Group = #group;
    }
}
