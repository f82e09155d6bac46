//! The types of parameters: those that the framework injects, and those that are not allowed.

use lifespan_text::Names;
use syn::{GenericArgument, PathArguments, Type};

use crate::model::{Injected, plain};
use crate::util::Errors;

/// Type names reserved for later versions, so that a new version does not change the meaning of a function.
pub(super) const RESERVED: [&str; 1] = ["Lease"];

/// Returns the type that the framework injects here, if its name says so.
pub(super) fn injected(ty: &Type, errors: &mut Errors) -> Option<Injected> {
    let last = last_segment(ty)?;
    if last != "Option" {
        return Injected::of(&last);
    }
    let inner = only_argument(ty).and_then(last_segment)?;
    let injected = Injected::of(&inner);
    if injected == Some(Injected::Res) {
        return injected;
    }
    if injected.is_some() || RESERVED.contains(&inner.as_str()) {
        errors.at(
            ty,
            format!(
                "only `Res` can be optional; write `{inner}` without `Option`, or mark the parameter with `#[config]` if \
                 this is your own type"
            ),
        );
    }
    None
}

/// Returns the type itself when a macro has put it into an invisible group.
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

/// Returns `T` of `Type<T>`.
fn only_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// Rejects the types of parameters that are not one owned type.
pub(super) fn owned(ty: &Type, errors: &mut Errors) {
    match ungrouped(ty) {
        Type::ImplTrait(_) => {
            errors
                .at(ty, "a parameter can't be `impl Trait`, since the framework needs a concrete type; name the type");
        }
        // A `'static` reference is valid for the whole program.
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
            errors
                .at(ty, format!("a parameter can't be a reference, since the unit owns its arguments; take {advice}"));
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => owned(ty, errors),
                        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => errors.at(
                            lifetime,
                            "a parameter can't borrow, since the unit owns its arguments; write `'static`, or \
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
