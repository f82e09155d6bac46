//! Chance: good enough to keep what starts together apart.

use std::hash::{BuildHasher, RandomState};

/// A number from 0 to 1, by the standard library's own random seeds.
pub(crate) fn chance() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(u32::MAX);
    f64::from(bits) / f64::from(u32::MAX)
}
