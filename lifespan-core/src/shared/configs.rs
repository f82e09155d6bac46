//! The configs of one run, kept so that a unit can be started again: each start gets a fresh clone.
//!
//! # Invariants
//! - No user code runs under the lock: a config is taken out to be cloned or dropped. A unit is started by one at a time,
//!   so nobody misses it meanwhile. What starts it again and again, by its schedule, holds it all the while.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::drop_quietly;
use crate::unit::BoundConfig;

pub(crate) struct Configs {
    /// One for each registration; none while it is taken, and once its unit will not be started any more.
    kept: Mutex<Vec<BoundConfig>>,
}

impl Configs {
    pub(crate) fn new(mut configs: Vec<BoundConfig>) -> Self {
        configs.shrink_to_fit();
        Self { kept: Mutex::new(configs) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<BoundConfig>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one out, for whoever starts its unit.
    pub(crate) fn take(&self, index: u32) -> BoundConfig {
        self.lock().get_mut(index as usize)?.take()
    }

    /// Puts one back that was taken: nobody has put another there.
    pub(crate) fn put_back(&self, index: u32, config: BoundConfig) {
        if config.is_some() {
            self.lock()[index as usize] = config;
        }
    }

    /// Puts another in the place of one, for the next start. Nobody has taken that.
    pub(crate) fn replace(&self, index: usize, config: BoundConfig) {
        let mut kept = self.lock();
        if kept.len() <= index {
            kept.resize_with(index + 1, || None);
        }
        let before = std::mem::replace(&mut kept[index], config);
        drop(kept);
        drop_quietly(before);
    }

    /// Whether a unit that has arguments can be started with them.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.lock().get(index).is_some_and(Option::is_some)
    }

    /// Drops one, whose unit will not be started again.
    pub(crate) fn forget(&self, index: usize) {
        let config = self.lock().get_mut(index).and_then(Option::take);
        drop_quietly(config);
    }

    /// Drops all but some; whether any are left.
    pub(crate) fn forget_but(&self, is_kept: impl Fn(usize) -> bool) -> bool {
        let mut kept = self.lock();
        let mut forgotten = Vec::new();
        let mut are_left = false;
        for (index, config) in kept.iter_mut().enumerate() {
            if is_kept(index) {
                are_left = true;
            } else {
                forgotten.extend(config.take());
            }
        }
        drop(kept);
        for config in forgotten {
            drop_quietly(config);
        }
        are_left
    }
}
