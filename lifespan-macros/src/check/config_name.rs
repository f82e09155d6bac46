//! Rejects a parameter whose type has the name of the config struct: one error, instead of one for each use of the name.

use syn::{GenericArgument, Ident, PathArguments, Type, TypePath};

use super::parameters::Parameter;
use super::types::ungrouped;
use crate::attribute::Attribute;
use crate::model::{Kind, ParameterKind, config_name as by_default, struct_name};
use crate::util::Errors;

pub(super) fn config_name(
    kind: Kind,
    attribute: &Attribute,
    function: &Ident,
    parameters: &[Parameter],
    errors: &mut Errors,
) {
    let default = by_default(function);
    let config = attribute.options.config.as_ref().unwrap_or(&default);
    let mut types = parameters.iter().filter_map(|parameter| match parameter.kind.as_ref()? {
        ParameterKind::Argument(argument) => Some(&argument.ty),
        ParameterKind::Injected(ty) => Some(&**ty),
    });
    if let Some(name) = types.find_map(|ty| find(ty, config)) {
        let longer = match kind {
            Kind::Task => "TaskConfig",
            Kind::Context => "ContextConfig",
        };
        let other = if *config == default { struct_name(function, longer) } else { default };
        let attribute = kind.attribute();
        errors.at(
            name,
            format!(
                "the struct that is generated for `{function}` has this name too; rename the type, or the struct: \
                 `#[{attribute}(config = {other})]`"
            ),
        );
    }
}

/// Returns the place where a type names an item of this module.
fn find<'t>(ty: &'t Type, item: &Ident) -> Option<&'t Ident> {
    let types: Vec<&Type> = match ungrouped(ty) {
        Type::Path(path) => {
            if let Some(name) = here(path).filter(|name| *name == item) {
                return Some(name);
            }
            path.path.segments.iter().flat_map(|segment| arguments(&segment.arguments)).collect()
        }
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Array(array) => vec![&array.elem],
        Type::Reference(reference) => vec![&reference.elem],
        _ => return None,
    };
    types.into_iter().find_map(|ty| find(ty, item))
}

/// Returns the name of a path that has no other module: `Name` or `self::Name`.
fn here(path: &TypePath) -> Option<&Ident> {
    let segments = &path.path.segments;
    let is_here = path.qself.is_none()
        && path.path.leading_colon.is_none()
        && (segments.len() == 1 || segments.len() == 2 && segments[0].ident == "self");
    segments.last().filter(|_| is_here).map(|segment| &segment.ident)
}

fn arguments(arguments: &PathArguments) -> impl Iterator<Item = &Type> {
    let arguments = match arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        PathArguments::None | PathArguments::Parenthesized(_) => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
