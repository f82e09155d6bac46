//! The types of parameters: which of them the framework hands in, and what none can be.

use syn::{GenericArgument, PathArguments, Type};

use crate::errors::Errors;
use crate::model::plain;

/// The types that the framework hands in.
pub(super) const INJECTED: [&str; 9] =
    ["App", "Children", "Health", "Live", "Ready", "Res", "Scope", "Shutdown", "Tick"];
/// What it will hand in: reserved, so that a later version does not change what a function means.
pub(super) const RESERVED: [&str; 1] = ["Lease"];

/// Whether the framework hands in a type.
pub(super) fn injected(ty: &Type, errors: &mut Errors) -> bool {
    let Some(last) = last_segment(ty) else { return false };
    if last != "Option" {
        return INJECTED.contains(&last.as_str());
    }
    let Some(inner) = only_argument(ty).and_then(last_segment) else { return false };
    if inner == "Res" {
        return true;
    }
    if INJECTED.contains(&inner.as_str()) || RESERVED.contains(&inner.as_str()) {
        errors.at(
            ty,
            format!(
                "only `Res` can be optional; write `{inner}` without `Option`, or mark the parameter with `#[config]` if \
                 this is a type of yours"
            ),
        );
    }
    false
}

/// The type itself, where a macro has put it into an invisible group.
pub(super) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

pub(super) fn last_segment(ty: &Type) -> Option<String> {
    match ungrouped(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| plain(&segment.ident)),
        _ => None,
    }
}

/// `T` of `Type<T>`.
fn only_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// A parameter's type must be one type, and live as long as the app.
pub(super) fn owned(ty: &Type, errors: &mut Errors) {
    match ungrouped(ty) {
        Type::ImplTrait(_) => {
            errors
                .at(ty, "a parameter can't be `impl Trait`, since nobody would say which type to make; name the type");
        }
        // What lives as long as the program is lent to nobody.
        Type::Reference(reference)
            if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") =>
        {
            owned(&reference.elem, errors);
        }
        Type::Reference(reference) => {
            let advice = match ungrouped(&reference.elem) {
                Type::Path(path) if path.path.is_ident("str") => "`String`",
                _ => "the value, or a shared one as `Res<T>`",
            };
            errors.at(
                ty,
                format!("a parameter can't be borrowed, since the framework has nobody to lend it; take {advice}"),
            );
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => owned(ty, errors),
                        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => errors.at(
                            lifetime,
                            "a parameter can't borrow, since the framework has nobody to lend it; write `'static`, or \
                             take an owned type",
                        ),
                        _ => {}
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| owned(ty, errors)),
        Type::Array(array) => owned(&array.elem, errors),
        _ => {}
    }
}
