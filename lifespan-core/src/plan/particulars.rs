//! What one registration says that its unit's description can't: for units of crates of this framework, such as a server
//! that is told in code which resources its handlers take.

use std::any::Any;
use std::time::Duration;

use crate::config::Binder;
use crate::unit::Need;

/// What one registration says of itself.
#[derive(Debug, Default)]
pub struct Particulars {
    /// What it needs beyond what its unit does.
    pub needs: Vec<Need>,
    /// Has the sources give what code has left open.
    pub layers: Option<Layers>,
}

/// Makes a config of the one that code gave and of what the sources have; `None` when the binder has noted why not.
pub type Layers = fn(&(dyn Any + Send), &mut Binder<'_>) -> Option<Layered>;

/// A config that code and the sources have given together.
#[derive(Debug)]
pub struct Layered {
    /// For the unit.
    pub config: Box<dyn Any + Send>,
    /// How long it may take to stop, where its unit and the operator say nothing.
    pub shutdown_timeout: Option<Duration>,
}
