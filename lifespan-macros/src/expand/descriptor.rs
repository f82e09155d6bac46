//! Generates the descriptor: a static that the linker collects, with what the plan and the run need to know of a unit.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::names::Names;
use super::options::options;
use super::output::{output_span, type_of};
use super::start::start;
use crate::model::{Argument, Kind, Output, ParameterKind, Unit};
use crate::util::{place_of, type_text};

pub(super) fn definition(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let function = &unit.function;
    let kind = match unit.kind {
        Kind::Task => quote!(Task),
        Kind::Context => quote!(Context),
    };
    let (name, docs) = (unit.name(), &unit.docs);
    let place = place_of(function.span());
    let (file, line, column) = (&place.file, place.line, place.column);
    let options = options(&unit.options, p);
    let after = edges(&unit.options.after, p);
    let before = edges(&unit.options.before, p);
    let needs = unit.parameters.iter().filter_map(|parameter| match parameter {
        ParameterKind::Injected(ty) => Some(quote!(<#ty as #p::Inject>::need)),
        ParameterKind::Argument(_) => None,
    });
    let returns = returns(unit, p);
    let starts_again = unit.options.starts_again();
    let arguments = unit.arguments().map(|argument| self::argument(argument, starts_again, p));
    let bind = bind(unit, names);
    let key = key(unit, names);
    let start = start(unit, names);
    quote_spanned! {Span::mixed_site()=>
        static __LIFESPAN_UNIT: #p::Descriptor = #p::Descriptor {
            info: #p::UnitInfo {
                kind: #p::Kind::#kind,
                name: #name,
                module: #p::module_path!(),
                place: #p::Location { file: #p::file!(), line: #p::line!(), column: #p::column!() },
                name_place: #p::Location { file: #file, line: #line, column: #column },
                docs: #docs,
                id: || #p::id_of(#function),
                options: #options,
                after: &[#(#after),*],
                before: &[#(#before),*],
                needs: &[#(#needs),*],
                returns: #returns,
                arguments: &[#(#arguments),*],
            },
            bind: #bind,
            key: #key,
            start: #start,
        };
        #p::register_unit!(__LIFESPAN_UNIT);
        impl #p::Config for #config {
            fn descriptor() -> &'static #p::Descriptor {
                &__LIFESPAN_UNIT
            }
        }
    }
}

fn edges<'a>(paths: &'a [Path], p: &'a Ident) -> impl Iterator<Item = TokenStream> + 'a {
    paths.iter().map(move |path| {
        let text = type_text(path);
        let place = place_of(path.span());
        let (line, column) = (place.line, place.column);
        quote!(#p::Edge { id: || #p::id_of(#path), path: #text, line: #line, column: #column })
    })
}

fn argument(argument: &Argument, starts_again: bool, p: &Ident) -> TokenStream {
    let (name, ty) = (argument.name(), type_text(&argument.ty));
    let place = place_of(argument.ident.span());
    let (line, column) = (place.line, place.column);
    let mut fields = vec![quote!(name: #name), quote!(ty: #ty), quote!(line: #line), quote!(column: #column)];
    if !argument.aliases.is_empty() {
        let aliases = &argument.aliases;
        fields.push(quote!(aliases: &[#(#aliases),*]));
    }
    if let Some(env) = &argument.env {
        fields.push(quote!(env: #p::Some(#env)));
    }
    if argument.secret {
        fields.push(quote!(secret: true));
    }
    if argument.code {
        fields.push(quote!(code: true));
    }
    if argument.code && !starts_again {
        let ty = &argument.ty;
        fields.push(quote!(is_clone: || #p::Copies::<#ty>::NEW.can()));
    }
    quote!(#p::Argument { #(#fields,)* ..#p::Argument::PLAIN })
}

fn bind(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let mut bindings = Vec::new();
    let mut fields = Vec::new();
    for (index, (argument, default)) in unit.arguments().zip(&names.defaults).enumerate() {
        let Argument { ident, ty, code, .. } = argument;
        let value = format_ident!("value_{index}", span = Span::mixed_site());
        let binding = match (default, code) {
            (None, false) => quote!(argument::<#ty>(#index)),
            (Some(default), false) => quote!(argument_or::<#ty>(#index, #default)),
            (None, true) => quote!(code::<#ty>(#index)),
            (Some(default), true) => quote!(code_or::<#ty>(#index, #default)),
        };
        bindings.push(quote_spanned!(Span::mixed_site()=> let #value = binder.#binding;));
        fields.push(quote!(#ident: #value?));
    }
    let parameter = if bindings.is_empty() { quote!(_) } else { quote_spanned!(Span::mixed_site()=> binder) };
    quote_spanned! {Span::mixed_site()=>
        |#parameter| {
            // All are read before the first `?`, so that every problem is reported.
            #(#bindings)*
            #p::bound(#config { #(#fields),* })
        }
    }
}

fn key(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let Some(Argument { ident, ty, .. }) = unit.arguments().find(|argument| argument.key) else {
        return quote!(#p::None);
    };
    quote_spanned! {Span::mixed_site()=>
        #p::Some(|config| config.downcast_ref::<#config>().map(|config| #p::key::<#ty>(&config.#ident)))
    }
}

fn returns(unit: &Unit, p: &Ident) -> TokenStream {
    let Output::Returns(output) = &unit.output else { return quote!(#p::None) };
    let output = type_of(output);
    let what = Ident::new("what", Span::mixed_site().located_at(output_span(unit)));
    let provided = match unit.kind {
        Kind::Task => quote!(provided_by_task),
        Kind::Context => quote!(provided_by_context),
    };
    quote_spanned! {Span::mixed_site()=>
        #p::Some(|| {
            let #what = #p::Provided::<#output>::NEW.what();
            #p::#provided(#what)
        })
    }
}
