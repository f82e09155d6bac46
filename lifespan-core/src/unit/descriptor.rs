//! Static descriptors: what an annotated function declares, how its config is made, and how it is called.

use std::any::Any;
use std::ops::Deref;

use super::body::BoxBody;
use super::extras::RegistrationExtras;
use super::start::Start;
use crate::base::Location;
use crate::config::Binder;
use crate::declare::UnitInfo;

/// Everything that the macro knows about one annotated function.
pub struct Descriptor {
    pub info: UnitInfo,
    /// Creates the config struct from the sources, boxed; `None` if the binder has reported why not.
    pub bind: fn(&mut Binder<'_>) -> Option<Box<dyn Any + Send>>,
    /// Returns the text of the config's `key` argument, if there is one: it names the instance.
    pub key: Option<fn(&(dyn Any + Send)) -> Option<String>>,
    /// Calls the function with its config and its injected values.
    pub start: fn(Start<'_>) -> BoxBody,
}

impl Deref for Descriptor {
    type Target = UnitInfo;

    fn deref(&self) -> &UnitInfo {
        &self.info
    }
}

/// A config struct of a unit. Implemented by the macros and by the crates of this framework.
pub trait Config: Send + 'static {
    /// Returns the unit.
    #[doc(hidden)]
    fn descriptor() -> &'static Descriptor;

    /// Returns what this registration adds to its unit's descriptor.
    #[doc(hidden)]
    fn extras(&self) -> Option<Box<RegistrationExtras>> {
        None
    }
}

/// The record that `discover!` leaves at link time.
pub struct Discovery {
    /// `module_path!()`; its first segment is the crate.
    pub module: &'static str,
    /// The linked crates in order, by the names that they have for themselves.
    pub links: &'static [&'static str],
    pub place: Location,
}

/// The config with which a unit's function is called; `None` if there was nothing to bind.
pub(crate) type BoundConfig = Option<Box<dyn Any + Send>>;
