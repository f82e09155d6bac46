//! The target of a public call: a unit by its function, or a registration or a unit by its name.

use std::any::{Any, TypeId, type_name};

use lifespan_text::{advice, nearest};

use super::registrations::Registrations;
use crate::config::UnitNames;
use crate::unit::{Descriptor, Linked};

/// The reason why a target is not a unit.
pub(crate) enum Unknown {
    /// A function that is not annotated.
    NotAUnit,
    NoSuchName {
        advice: String,
    },
    /// Several units have this name.
    Several {
        addresses: Vec<String>,
    },
}

impl Unknown {
    pub(crate) fn help(&self) -> String {
        match self {
            Self::NotAUnit => {
                "name a function annotated with `#[lifespan_task]` or `#[lifespan_context]`, or a unit by its name"
                    .into()
            }
            Self::NoSuchName { advice } => advice.clone(),
            Self::Several { addresses } => format!("name one of them: `{}`", addresses.join("`, `")),
        }
    }
}

/// A target as named in a public call: `app.restart(poll_updates)`, `app.restart("probe[home]")`.
pub(crate) enum Target {
    /// A unit, with all its registrations. Each function item has its own type.
    Unit { id: TypeId, name: &'static str },
    /// One registration, or a unit.
    Named(String),
}

impl Target {
    /// Creates a target: a `&'static str` or a `String` is a name, anything else is a unit's function.
    #[expect(clippy::needless_pass_by_value, reason = "callers pass a function item or a name by value")]
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

    /// Returns the unit that the target names, registered or not.
    pub(crate) fn resolve(&self, linked: &Linked, names: &UnitNames) -> Result<&'static Descriptor, Unknown> {
        match self {
            Self::Unit { id, .. } => {
                linked.units.iter().copied().find(|unit| (unit.id)() == *id).ok_or(Unknown::NotAUnit)
            }
            Self::Named(name) => {
                let found = names.find(name).and_then(|info| linked.units.iter().find(|unit| unit.is(info)));
                if let Some(unit) = found {
                    return Ok(unit);
                }
                let sharing: Vec<String> = names.sharing(name).into_iter().map(|unit| names.address(unit)).collect();
                if !sharing.is_empty() {
                    return Err(Unknown::Several { addresses: sharing });
                }
                let known: Vec<String> = names.units().iter().map(|unit| names.address(unit)).collect();
                Err(Unknown::NoSuchName { advice: advice(name, known.iter().map(String::as_str)) })
            }
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

    /// Returns the registration name nearest to a name that matches none.
    pub(crate) fn nearest(&self, registrations: &Registrations) -> Option<String> {
        let Self::Named(name) = self else { return None };
        let names: Vec<_> = registrations.indices().map(|index| registrations.name(index).plain()).collect();
        nearest(name, names.iter().map(AsRef::as_ref)).map(str::to_owned)
    }
}
