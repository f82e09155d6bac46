//! Checks a parsed function: returns its model, or all errors, each at the tokens that are wrong.

use proc_macro2::TokenStream;
use syn::Result;

use super::blocking::blocking;
use super::combinations::combinations;
use super::config_name::config_name;
use super::output::output;
use super::parameters::parameters;
use super::schedule::schedule;
use super::signature::{asyncness, attributes, signature};
use crate::attribute::Attribute;
use crate::model::{Kind, Unit};
use crate::parse::Function;
use crate::util::{Errors, docs};

/// Checks a function, and removes our attributes from its parameters.
pub(crate) fn unit(kind: Kind, arguments: TokenStream, function: &mut Function) -> Result<Unit> {
    let mut errors = Errors::default();
    let errors = &mut errors;
    let attribute = Attribute::read(arguments, errors);
    let parameters = parameters(kind, &mut function.signature, errors);
    config_name(kind, &attribute, &function.signature.ident, &parameters, errors);
    signature(kind, &function.signature, errors);
    asyncness(kind, attribute.tokens("blocking"), &function.signature, errors);
    attributes(kind, &function.attributes, errors);
    let output = output(kind, &attribute, &parameters, &function.signature, errors);
    combinations(kind, &attribute, &function.signature.ident, &parameters, &output, errors);
    schedule(kind, &attribute, &parameters, &output, errors);
    blocking(&attribute, &output, errors);
    let has = |name| move |attribute: &&syn::Attribute| attribute.path().is_ident(name);
    let unit = Unit {
        kind,
        function: function.signature.ident.clone(),
        visibility: function.visibility.clone(),
        conditions: function.attributes.iter().filter(has("cfg")).cloned().collect(),
        deprecated: function.attributes.iter().any(|attribute| has("deprecated")(&attribute)),
        docs: docs(&function.attributes),
        parameters: parameters.into_iter().filter_map(|parameter| parameter.kind).collect(),
        output,
        options: attribute.options,
    };
    std::mem::take(errors).or(unit)
}
