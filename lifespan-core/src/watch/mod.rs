//! The watch thread: signals, the deadlines that hold even when a body blocks the runtime, and samples of blocked
//! threads.

mod aside;
mod exit;
mod limits;
pub(crate) mod polling;
mod runtime_drop;
mod sampler;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;
mod thread;
mod waker;
mod watched;

pub(crate) use aside::Work;
pub(crate) use exit::print_within_limit;
pub(crate) use runtime_drop::RuntimeThreads;
pub(crate) use thread::{disarm as disarm_runtime_drop, limits_changed, suspended};
pub(crate) use watched::Watched;
