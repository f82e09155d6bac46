//! Generates the code of a unit: its function, its config struct and its descriptor. The logic is in the core.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::Names;
use super::{config, descriptor};
use crate::model::Unit;
use crate::parse::Function;
use crate::util::private;

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
    let (path, p) = (private(unit.options.framework.as_ref()), &names.p);
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
            use #path as #p;
            #(#body)*
        };
    }
}
