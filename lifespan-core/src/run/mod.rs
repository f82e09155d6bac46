//! Carries a plan out: startup, task supervision, shutdown, deadlines.

pub(crate) mod blocking;
mod blueprint;
pub(crate) mod child;
pub(crate) mod child_output;
pub(crate) mod current;
pub(crate) mod driver;
#[cfg(feature = "testing")]
mod faulty;
pub(crate) mod guard;
mod parent;
mod reading;
mod restart;
mod schedule;
pub(crate) mod start;
mod supervise;
mod timers;
