//! A cheap random number, used to spread restarts and schedules (jitter).

use std::hash::{BuildHasher, RandomState};

/// Returns a number from 0 to 1, from the standard library's random hash seeds.
pub(crate) fn random() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(u32::MAX);
    f64::from(bits) / f64::from(u32::MAX)
}
