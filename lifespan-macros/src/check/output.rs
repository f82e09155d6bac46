//! Checks the return type.

use lifespan_text::Contradiction;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{ReturnType, Signature, Type};

use super::parameters::Parameter;
use super::types::ungrouped;
use crate::attribute::Attribute;
use crate::model::{Injected, Kind, Output};
use crate::util::Errors;

pub(super) fn output(
    kind: Kind,
    attribute: &Attribute,
    parameters: &[Parameter],
    signature: &Signature,
    errors: &mut Errors,
) -> Output {
    let scoped = parameters.iter().any(|parameter| parameter.is(Injected::Scope));
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
            if attribute.options.once {
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
            errors.at(tokens, Contradiction::NO_RESOURCE);
        }
        return Output::Returns(output.clone());
    }
    if attribute.options.once && !nothing { Output::Returns(output.clone()) } else { Output::Runs(output.clone()) }
}
