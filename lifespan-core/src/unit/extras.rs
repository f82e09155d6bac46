//! Additions of one registration to its unit's description, for units of crates of this framework, such as a server
//! whose handlers' resources are known only in code.

use std::any::Any;
use std::time::Duration;

use crate::config::Binder;
use crate::declare::Need;

/// The additions of one registration.
#[derive(Debug, Default)]
pub struct RegistrationExtras {
    /// The resources that it needs beyond its unit's.
    pub needs: Vec<Need>,
    /// Completes a config with the sources' values.
    pub layers: Option<Layers>,
}

/// Makes a config from the one given by code and the sources' values; `None` if the binder has reported why not.
pub type Layers = fn(&(dyn Any + Send), &mut Binder<'_>) -> Option<Layered>;

/// A config made from code and sources together.
#[derive(Debug)]
pub struct Layered {
    /// The config for the unit.
    pub config: Box<dyn Any + Send>,
    /// The shutdown timeout, if neither its unit nor the operator sets one.
    pub shutdown_timeout: Option<Duration>,
}
