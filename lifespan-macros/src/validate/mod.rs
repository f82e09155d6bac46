//! Validates a parsed function: returns its model, or all errors, each at the tokens that are wrong.

mod arguments;
mod combinations;
mod parameters;
mod types;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, LitStr, Meta, Result, ReturnType, Safety, Signature, Type};

use crate::blocking;
use crate::errors::Errors;
use crate::model::{Kind, Options, Output, Unit};
use crate::parse::Function;
use crate::settings;
use arguments::Said;
use combinations::{combinations, schedule_combinations};
use parameters::{Understood, parameters};
use types::ungrouped;

/// Validates a function, and removes our attributes from its parameters.
pub(crate) fn unit(kind: Kind, arguments: TokenStream, function: &mut Function) -> Result<Unit> {
    let mut errors = Errors::default();
    let errors = &mut errors;
    let said = Said::read(arguments, errors);
    let parameters = parameters(kind, &mut function.signature, errors);
    signature(kind, &function.signature, errors);
    blocking::asyncness(kind, said.tokens("blocking"), &function.signature, errors);
    attributes(kind, &function.attributes, errors);
    itself(&said.options, &function.signature.ident, errors);
    let output = output(kind, &said, &parameters, &function.signature, errors);
    combinations(kind, &said, &parameters, &output, errors);
    schedule_combinations(kind, &said, &parameters, &output, errors);
    blocking::combinations(&said.options, said.tokens("on_shutdown"), &output, errors);
    let unit = Unit {
        kind,
        function: function.signature.ident.clone(),
        visibility: function.visibility.clone(),
        conditions: function.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
        deprecated: function.attributes.iter().any(|attribute| attribute.path().is_ident("deprecated")),
        docs: docs(&function.attributes),
        parameters: parameters.into_iter().filter_map(|parameter| parameter.meaning).collect(),
        output,
        options: said.options,
    };
    std::mem::take(errors).or(unit)
}

/// Checks the function's qualifiers and generics; parameters and return type are checked elsewhere.
fn signature(kind: Kind, signature: &Signature, errors: &mut Errors) {
    let Signature { constness, safety, abi, generics, variadic, .. } = signature;
    if let Some(constness) = constness {
        errors.at(constness, format!("a {kind} can't be `const`; remove it"));
    }
    if let Safety::Unsafe(word) = safety {
        errors.at(
            word,
            format!("a {kind} can't be `unsafe`, since the framework calls it; put the `unsafe` block into its body"),
        );
    }
    if let Some(abi) = abi {
        errors.at(abi, format!("a {kind} can't be `extern`; remove it"));
    }
    if !generics.params.is_empty() {
        errors.at(
            generics,
            format!(
                "a {kind} can't be generic, since the framework needs concrete types; move the generic part into a \
                 function, and call it from one {kind} for each type"
            ),
        );
    }
    if let Some(clause) = &generics.where_clause {
        errors.at(clause, format!("a {kind} can't have a `where` clause; remove it"));
    }
    if let Some(variadic) = variadic {
        errors.at(variadic, format!("a {kind} can't be variadic; name its parameters"));
    }
}

fn itself(options: &Options, function: &Ident, errors: &mut Errors) {
    for path in options.after.iter().chain(&options.before).filter(|path| path.is_ident(function)) {
        errors.at(path, "a unit can't be after or before itself; remove it from the list");
    }
}

fn attributes(kind: Kind, attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else { continue };
        if last.ident == "lifespan_task" || last.ident == "lifespan_context" {
            errors.at(attribute, format!("this function is a {kind} already; remove one of the two attributes"));
        }
    }
}

fn output(kind: Kind, said: &Said, parameters: &[Understood], signature: &Signature, errors: &mut Errors) -> Output {
    let scoped = parameters.iter().any(|parameter| parameter.is("Scope"));
    let output = &signature.output;
    let ty = match output {
        ReturnType::Type(_, ty) => Some(ungrouped(ty)),
        ReturnType::Default => None,
    };
    let nothing = match ty {
        None => true,
        Some(Type::Tuple(tuple)) => tuple.elems.is_empty(),
        _ => false,
    };
    match ty {
        Some(Type::Never(never)) => {
            if kind == Kind::Context {
                errors.at(never, "a context can't return `!`, since it ends with its teardown; make it a task");
            }
            if said.options.once {
                errors.at(
                    never,
                    "a `once` task is up once it has returned, so it can't return `!`; remove `once`, or return `()`",
                );
            }
            return Output::Never(never.span());
        }
        Some(ty @ Type::ImplTrait(_)) => {
            errors.at(ty, format!("a {kind} can't return `impl Trait`; name the type"));
        }
        _ => {}
    }
    if kind == Kind::Context && !scoped {
        if nothing {
            let tokens: &dyn ToTokens = if ty.is_some() { output } else { &signature.ident };
            errors.at(
                tokens,
                "this context provides no resource; return the resource, or take `scope: Scope<T>` and \
                 provide it; to run code at startup and shutdown only, take `scope: Scope` and await \
                 `scope.until_shutdown()`; to run code once, use `#[lifespan_task(once)]`",
            );
        }
        return Output::Returns(output.clone());
    }
    if said.options.once && !nothing { Output::Returns(output.clone()) } else { Output::Runs(output.clone()) }
}

/// Returns the text of the doc comments.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => settings::string(&meta.value).map(LitStr::value),
        _ => None,
    });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').map_or_else(|| line.clone(), str::to_owned)).collect();
    lines.join("\n").trim().to_owned()
}
