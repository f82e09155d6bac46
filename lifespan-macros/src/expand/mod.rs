//! Generates the code of a unit: its function, its config struct and its descriptor. The logic is in the core.

mod config;
mod descriptor;
mod options;
mod start;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::model::{Unit, plain};
use crate::parse::Function;
use crate::paths;

pub(crate) use options::duration;

pub(crate) fn unit(unit: &Unit, function: &Function) -> TokenStream {
    let names = Names::of(unit);
    let config = config::definition(unit, &names);
    let body = [
        config::defaults(unit, &names),
        descriptor::definition(unit, &names),
        config::constructors(unit, &names),
        config::clone(unit, &names),
        config::debug(unit, &names),
        config::default(unit, &names).unwrap_or_default(),
    ];
    let conditions = &unit.conditions;
    let deprecated = unit.deprecated.then(|| quote!(#[allow(deprecated)]));
    let (private, p) = (paths::private(unit.options.framework.as_ref()), &names.p);
    // A task owns its arguments. Clippy does not report this lint for async functions.
    let by_value = unit.options.blocking.then(|| quote!(#[allow(clippy::needless_pass_by_value)]));
    // Callers name them as fields of the config, or the framework injects them.
    let many = (unit.parameters.len() > 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    quote! {
        #by_value
        #many
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

/// The names that generated code uses.
struct Names {
    /// The module of everything that generated code may name. It is imported to keep paths short: full paths would be
    /// half of a descriptor's tokens.
    p: Ident,
    config: Ident,
    /// The function that returns the default, for each argument that has one.
    defaults: Vec<Option<Ident>>,
}

impl Names {
    fn of(unit: &Unit) -> Self {
        let defaults = unit.arguments().enumerate().map(|(index, argument)| {
            // Items have no hygiene; the long name keeps it from shadowing an item of the user.
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
