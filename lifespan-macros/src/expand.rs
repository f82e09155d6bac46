//! Writes what a unit stands for: its function, its config struct, its descriptor. Thin tokens; the logic is in the core.

use std::collections::HashSet;

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Path, ReturnType, Visibility};

use crate::model::{Argument, Choice, Kind, Options, Output, Parameter, Restart, Unit, plain};
use crate::parse::Function;
use crate::{blocking, paths, place, settings, written};

pub(crate) fn unit(unit: &Unit, function: &Function) -> TokenStream {
    let names = Names::of(unit);
    let config = config_struct(unit, &names);
    let body = [
        defaults(unit, &names),
        descriptor(unit, &names),
        constructors(unit, &names),
        clone(unit, &names),
        debug(unit, &names),
        default(unit, &names).unwrap_or_default(),
    ];
    let conditions = &unit.conditions;
    let deprecated = unit.deprecated.then(|| quote!(#[allow(deprecated)]));
    let (private, p) = (paths::private(unit.options.framework.as_ref()), &names.p);
    // Its arguments can't be borrowed, and an async function is not asked to.
    let by_value = unit.options.blocking.then(|| quote!(#[allow(clippy::needless_pass_by_value)]));
    quote! {
        #by_value
        #function
        #config
        #(#conditions)*
        #deprecated
        #[allow(clippy::used_underscore_binding)]
        const _: () = {
            use #private as #p;
            #(#body)*
        };
    }
}

/// What generated code calls things.
struct Names {
    /// The module of all that generated code may name. Imported for its short path: the paths of a descriptor written out
    /// are half of the tokens.
    p: Ident,
    config: Ident,
    /// The function that makes the default of each argument that has one.
    defaults: Vec<Option<Ident>>,
}

impl Names {
    fn of(unit: &Unit) -> Self {
        let defaults = unit.arguments().enumerate().map(|(index, argument)| {
            // An item, and items have no hygiene: the long name is there so that it hides nothing of the user's.
            argument.default.as_ref().map(|_| format_ident!("__lifespan_default_{index}", span = Span::mixed_site()))
        });
        Self {
            p: Ident::new("__lifespan", Span::mixed_site()),
            config: unit.options.config.clone().unwrap_or_else(|| config_name(&unit.function)),
            defaults: defaults.collect(),
        }
    }
}

/// `PollUpdatesConfig` for `poll_updates`.
fn config_name(function: &Ident) -> Ident {
    let mut name = String::new();
    for word in plain(function).split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    if !name.starts_with(char::is_alphabetic) {
        name.insert(0, '_');
    }
    name.push_str("Config");
    Ident::new(&name, function.span())
}

/// The visibility, without the tokens that lints would point at as the user's.
fn visibility(unit: &Unit) -> TokenStream {
    match &unit.visibility {
        Visibility::Public(_) => quote!(pub),
        other => quote!(#other),
    }
}

fn config_struct(unit: &Unit, names: &Names) -> TokenStream {
    let config = &names.config;
    let p = paths::private(unit.options.framework.as_ref());
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

/// A function for each default, since it is needed in several places.
fn defaults(unit: &Unit, names: &Names) -> TokenStream {
    let p = &names.p;
    let functions = unit.arguments().zip(&names.defaults).filter_map(|(argument, name)| {
        let (default, ty) = (argument.default.as_ref()?, &argument.ty);
        let value = settings::string(default).map_or_else(|| quote!(#default), |text| quote!(#p::text::<#ty>(#text)));
        Some(quote! {
            #[allow(clippy::unnecessary_wraps)]
            fn #name() -> #ty {
                #value
            }
        })
    });
    quote!(#(#functions)*)
}

fn descriptor(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let function = &unit.function;
    let kind = match unit.kind {
        Kind::Task => quote!(Task),
        Kind::Context => quote!(Context),
    };
    let (name, docs) = (unit.name(), &unit.docs);
    let place = place::of(function.span());
    let (file, line, column) = (&place.file, place.line, place.column);
    let options = options(&unit.options, p);
    let after = edges(&unit.options.after, p);
    let before = edges(&unit.options.before, p);
    let needs = unit.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Injected(ty) => Some(quote!(<#ty as #p::Inject>::need)),
        Parameter::Argument(_) => None,
    });
    let returns = returns(unit, p);
    let starts_again = unit.options.starts_again();
    let arguments = unit.arguments().map(|argument| self::argument(argument, starts_again, p));
    let bind = bind(unit, names);
    let key = key(unit, names);
    let start = start(unit, names);
    quote_spanned! {Span::mixed_site()=>
        static __LIFESPAN_UNIT: #p::Descriptor = #p::Descriptor {
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

fn options(options: &Options, p: &Ident) -> TokenStream {
    let mut fields = Vec::new();
    let switches = [
        ("manual", options.manual),
        ("once", options.once),
        ("blocking", options.blocking),
        ("first", options.first),
        ("last", options.last),
    ];
    for (name, _) in switches.into_iter().filter(|(_, on)| *on) {
        let name = format_ident!("{name}");
        fields.push(quote!(#name: true));
    }
    let limits = [("startup_timeout", options.startup_timeout), ("shutdown_timeout", options.shutdown_timeout)];
    for (name, limit) in limits {
        let Some(limit) = limit else { continue };
        let name = format_ident!("{name}");
        let limit = duration(limit, p);
        fields.push(quote!(#name: #p::Some(#limit)));
    }
    let choices = [
        ("on_failure", "OnFailure", &options.on_failure),
        ("on_return", "OnReturn", &options.on_return),
        ("on_shutdown", "OnShutdown", &options.on_shutdown),
    ];
    for (name, ty, choice) in choices {
        let Some(Choice { word }) = choice else { continue };
        let (name, ty, variant) = (format_ident!("{name}"), format_ident!("{ty}"), capitalized(word));
        fields.push(quote!(#name: #p::Some(#p::#ty::#variant)));
    }
    if let Some(group) = &options.group {
        // Another thing than a group is told of at its path.
        let group = quote_spanned!(group.span()=> &#group);
        fields.push(quote!(group: #p::Some(#group)));
    }
    if let Some(restart) = &options.restart {
        let restart = self::restart(restart, p);
        fields.push(quote!(restart: #p::Some(#restart)));
    }
    if let Some(schedule) = options.schedule.as_ref().and_then(|schedule| schedule.expand(p)) {
        fields.push(quote!(schedule: #p::Some(#schedule)));
    }
    if fields.is_empty() { quote!(#p::Options::NONE) } else { quote!(#p::Options { #(#fields,)* ..#p::Options::NONE }) }
}

fn restart(restart: &Restart, p: &Ident) -> TokenStream {
    let when = capitalized(restart.when);
    let mut fields = vec![quote!(when: #p::When::#when)];
    if let Some(intensity) = &restart.intensity {
        fields.push(quote!(intensity: #intensity));
    }
    if let Some(jitter) = &restart.jitter {
        fields.push(quote!(jitter: #jitter));
    }
    for (name, limit) in [("period", restart.period), ("reset_after", restart.reset_after)] {
        let Some(limit) = limit else { continue };
        let (name, limit) = (format_ident!("{name}"), duration(limit, p));
        fields.push(quote!(#name: #limit));
    }
    if let Some((from, to)) = restart.backoff {
        let (from, to) = (duration(from, p), duration(to, p));
        fields.push(quote!(backoff: (#from, #to)));
    }
    quote!(#p::Restart { #(#fields,)* ..#p::Restart::DEFAULT })
}

/// A duration, written out for a constant.
pub(crate) fn duration(duration: Duration, p: &impl ToTokens) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(#p::Duration::new(#seconds, #nanoseconds))
}

fn capitalized(word: &str) -> Ident {
    let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
    format_ident!("{}{rest}", first.to_uppercase())
}

fn edges<'a>(paths: &'a [Path], p: &'a Ident) -> impl Iterator<Item = TokenStream> + 'a {
    paths.iter().map(move |path| {
        let text = written::text(path);
        let place = place::of(path.span());
        let (line, column) = (place.line, place.column);
        quote!(#p::Edge { id: || #p::id_of(#path), path: #text, line: #line, column: #column })
    })
}

fn argument(argument: &Argument, starts_again: bool, p: &Ident) -> TokenStream {
    let (name, ty) = (argument.name(), written::text(&argument.ty));
    let place = place::of(argument.ident.span());
    let (line, column) = (place.line, place.column);
    let mut fields = vec![quote!(name: #name), quote!(ty: #ty), quote!(line: #line), quote!(column: #column)];
    if !argument.docs.is_empty() {
        let docs = &argument.docs;
        fields.push(quote!(docs: #docs));
    }
    if !argument.aliases.is_empty() {
        let aliases = &argument.aliases;
        fields.push(quote!(aliases: &[#(#aliases),*]));
    }
    if let Some(env) = &argument.env {
        fields.push(quote!(env: #p::Some(#env)));
    }
    let switches = [
        ("has_default", argument.default.is_some()),
        ("secret", argument.secret),
        ("key", argument.key),
        ("code", argument.code),
    ];
    for (name, _) in switches.into_iter().filter(|(_, on)| *on) {
        let name = format_ident!("{name}");
        fields.push(quote!(#name: true));
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
            // All before the first `?`, so that every problem is noted.
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

/// Clones a config, which is kept for the next start. Written out, and not by the config's `Clone`, so that an argument
/// that is none is told of as what it is.
fn fresh(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let fields = unit.arguments().map(|Argument { ident, ty, code, .. }| {
        let clone = match (*code, unit.options.starts_again()) {
            (false, _) => quote!(again::<#ty>),
            (true, true) => quote!(again_code::<#ty>),
            // Without a clone it can only be started once.
            (true, false) => quote!(Copies::<#ty>::NEW.of),
        };
        let copy = quote_spanned!(Span::mixed_site()=> #p::#clone(&config.#ident));
        if *code && !unit.options.starts_again() { quote!(#ident: #copy?) } else { quote!(#ident: #copy) }
    });
    quote_spanned!(Span::mixed_site()=> |config| #p::Some(#config { #(#fields),* }))
}

fn start(unit: &Unit, names: &Names) -> TokenStream {
    let Names { p, config, .. } = names;
    let function = &unit.function;
    let arguments = unit.parameters.iter().map(|parameter| match parameter {
        Parameter::Argument(argument) => {
            let ident = &argument.ident;
            quote_spanned!(Span::mixed_site()=> config.#ident)
        }
        Parameter::Injected(ty) => quote_spanned!(Span::mixed_site()=> start.inject::<#ty>()),
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

fn output_span(unit: &Unit) -> Span {
    match &unit.output {
        Output::Never(span) => *span,
        Output::Runs(ReturnType::Type(_, ty)) | Output::Returns(ReturnType::Type(_, ty)) => ty.span(),
        Output::Runs(ReturnType::Default) | Output::Returns(ReturnType::Default) => unit.function.span(),
    }
}

fn type_of(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    }
}

fn constructors(unit: &Unit, names: &Names) -> TokenStream {
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
        "Makes the config of all keyword arguments."
    } else {
        "Makes the config of the keyword arguments that have no default."
    };
    let load = cfg!(any(feature = "config", test)).then(|| {
        quote! {
            #[doc = "Makes the config from the defaults, the file and the environment, for code that changes some of it."]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "Every argument that has no value or a wrong one."]
            pub fn load() -> #p::Result<Self, #p::ConfigError> {
                #p::load()
            }
        }
    });
    // The user has answered for the number of parameters at the function.
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

/// `where` bounds that are no errors when they don't hold: the implementation is then not there. Bounds without a
/// lifetime of their own would be checked at once.
fn bounds<'a>(arguments: impl Iterator<Item = &'a Argument>, bound: &TokenStream) -> Option<TokenStream> {
    let mut seen = HashSet::new();
    let bounds: Vec<_> = arguments
        .filter(|argument| seen.insert(argument.ty.to_token_stream().to_string()))
        .map(|Argument { ty, .. }| quote!(for<'__a> #ty: #bound))
        .collect();
    (!bounds.is_empty()).then(|| quote!(where #(#bounds),*))
}

fn clone(unit: &Unit, names: &Names) -> TokenStream {
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

fn debug(unit: &Unit, names: &Names) -> TokenStream {
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

fn default(unit: &Unit, names: &Names) -> Option<TokenStream> {
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
