//! The state that a unit and its run share across threads: stop signals, resources, and the unit that a thread runs.

mod here;
mod listener;
pub(crate) mod panics;
mod resources;
mod stop_signal;
mod waiters;

pub(crate) use here::Here;
pub(crate) use listener::{Listener, UnitRef};
pub use resources::Resource;
pub(crate) use resources::Resources;
pub(crate) use stop_signal::{Incarnation, StopListener, StopSignal};
