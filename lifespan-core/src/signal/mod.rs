//! What a unit and its run share across threads: stop signals, resources, and whose code a thread runs.

pub(crate) mod here;
pub(crate) mod listener;
pub(crate) mod panics;
pub(crate) mod resources;
pub(crate) mod stop_signal;
pub(crate) mod waiters;
