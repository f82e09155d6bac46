//! Carries a plan out: startup, task supervision, shutdown, deadlines.

pub(crate) mod ending;
pub(crate) mod start;
