//! Carries a plan out: startup, task supervision, shutdown, deadlines.

mod blocking;
mod blueprint;
pub(crate) mod child;
mod child_output;
mod current;
pub(crate) mod driver;
#[cfg(feature = "testing")]
mod faulty;
mod guard;
mod read_sources;
mod restart;
mod scheduled;
mod start;
mod supervise;
mod timers;
mod with_children;

pub use blocking::{blocking_returns, blocking_runs};
pub(crate) use child::{Given, Owner};
pub use child_output::ChildOutput;
pub(crate) use current::Run;
