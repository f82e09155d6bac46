//! Checks the head of the function without its parameters and its return type.

use syn::{Attribute, Ident, Safety, Signature};

use crate::model::Kind;
use crate::util::Errors;

/// Checks the function's qualifiers and generics; parameters and return type are checked elsewhere.
pub(super) fn signature(kind: Kind, signature: &Signature, errors: &mut Errors) {
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

/// Checks that a unit is async, and that a `blocking` task is not.
pub(super) fn asyncness(kind: Kind, blocking: Option<&Ident>, signature: &Signature, errors: &mut Errors) {
    match (kind, blocking, signature.asyncness) {
        (Kind::Context, Some(blocking), _) => errors.at(
            blocking,
            "a context can't be `blocking`, since it awaits its `Scope`; remove `blocking`, and run blocking code in \
             `tokio::task::spawn_blocking` or in a `blocking` task",
        ),
        (Kind::Task, Some(_), Some(asyncness)) => errors.at(
            asyncness,
            "a `blocking` task is a plain `fn`, which runs on its own thread; remove `async`, or remove `blocking` \
             from the attribute to run it on the runtime",
        ),
        (Kind::Task, None, None) => errors.at(
            signature.fn_token,
            "a task is an `async fn`, or a plain `fn` that runs on its own thread; write `async` before `fn`, or, if it \
             blocks, `#[lifespan_task(blocking)]`",
        ),
        (Kind::Context, None, None) => {
            errors.at(signature.fn_token, "a context is an `async fn`; write `async` before `fn`");
        }
        _ => {}
    }
}

/// Rejects a second attribute of ours.
pub(super) fn attributes(kind: Kind, attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else { continue };
        if last.ident == "lifespan_task" || last.ident == "lifespan_context" {
            errors.at(attribute, format!("this function is a {kind} already; remove one of the two attributes"));
        }
    }
}
