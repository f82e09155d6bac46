//! Carries a plan out: startup, task supervision, shutdown, deadlines.

pub(crate) mod blocking;
mod blueprint;
pub(crate) mod current;
pub(crate) mod driver;
#[cfg(feature = "testing")]
mod faulty;
pub(crate) mod guard;
pub(crate) mod offspring;
mod parent;
mod reading;
mod restart;
mod schedule;
pub(crate) mod start;
mod supervise;
mod timers;
