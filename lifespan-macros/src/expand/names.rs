//! The names that generated code uses.

use proc_macro2::{Ident, Span};
use quote::format_ident;

use crate::model::{Unit, config_name};

/// The names that the code of one unit uses.
pub(super) struct Names {
    /// The module of everything that generated code may name. It is imported to keep paths short: full paths would be
    /// half of a descriptor's tokens.
    pub(super) p: Ident,
    pub(super) config: Ident,
    /// The function that returns the default, for each argument that has one.
    pub(super) defaults: Vec<Option<Ident>>,
}

impl Names {
    pub(super) fn of(unit: &Unit) -> Self {
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
