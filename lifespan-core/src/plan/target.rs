//! The target of a public call: a unit by its function, or a registration or a unit by its name.

use std::any::{Any, TypeId, type_name};

use lifespan_text::nearest;

use super::registrations::Registrations;

/// A target as named in a public call: `app.restart(poll_updates)`, `app.restart("probe[home]")`.
pub(crate) enum Target {
    /// A unit, with all its registrations. Each function item has its own type.
    Unit { id: TypeId, name: &'static str },
    /// One registration, or a unit.
    Named(String),
}

impl Target {
    /// Creates a target: a `&'static str` or a `String` is a name, anything else is a unit's function.
    #[expect(clippy::needless_pass_by_value, reason = "a function item is its own name, and nothing to lend")]
    pub(crate) fn of<U: 'static>(target: U) -> Self {
        let target: &dyn Any = &target;
        if let Some(name) = target.downcast_ref::<&'static str>() {
            Self::Named((*name).to_owned())
        } else if let Some(name) = target.downcast_ref::<String>() {
            Self::Named(name.clone())
        } else {
            Self::Unit { id: TypeId::of::<U>(), name: type_name::<U>() }
        }
    }

    /// Returns whether the target matches that unit.
    #[cfg(feature = "testing")]
    pub(crate) fn is(&self, unit: &crate::unit::Descriptor) -> bool {
        match self {
            Self::Unit { id, .. } => (unit.id)() == *id,
            Self::Named(name) => unit.name == *name,
        }
    }

    /// Returns the matching registrations, in registration order.
    pub(crate) fn find(&self, registrations: &Registrations) -> Vec<usize> {
        let indices = registrations.indices();
        match self {
            Self::Unit { id, .. } => indices.filter(|&index| (registrations.entries[index].unit.id)() == *id).collect(),
            Self::Named(name) => indices.filter(|&index| registrations.name(index).plain() == *name).collect(),
        }
    }

    /// Returns the name for messages.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Unit { name, .. } => name,
            Self::Named(name) => name,
        }
    }

    /// Returns the name of the registration that a text that matches none probably means.
    pub(crate) fn nearest(&self, registrations: &Registrations) -> Option<String> {
        let Self::Named(name) = self else { return None };
        let names: Vec<_> = registrations.indices().map(|index| registrations.name(index).plain()).collect();
        nearest(name, names.iter().map(AsRef::as_ref)).map(str::to_owned)
    }
}
