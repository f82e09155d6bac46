//! The configs of one run, kept so that a unit can be started again: each start gets a fresh clone.
//!
//! # Invariants
//! - No user code runs under the lock: a config is taken out to be cloned or dropped. A unit has one starter at a time,
//!   so no other caller needs the config meanwhile. A schedule keeps the config while it runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::drop_quietly;
use crate::unit::BoundConfig;

pub(crate) struct Configs {
    /// One for each registration; `None` while it is taken, and once its unit will not be started again.
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

    /// Takes the config of a unit that is about to be started.
    pub(crate) fn take(&self, index: u32) -> BoundConfig {
        self.lock().get_mut(index as usize)?.take()
    }

    /// Puts back a config that was taken. It has not been replaced meanwhile.
    pub(crate) fn put_back(&self, index: u32, config: BoundConfig) {
        if config.is_some() {
            self.lock()[index as usize] = config;
        }
    }

    /// Replaces a config, for the next start. It is not taken at the moment.
    pub(crate) fn replace(&self, index: usize, config: BoundConfig) {
        let mut kept = self.lock();
        if kept.len() <= index {
            kept.resize_with(index + 1, || None);
        }
        let before = std::mem::replace(&mut kept[index], config);
        drop(kept);
        drop_quietly(before);
    }

    /// Returns whether the config of a unit is there.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.lock().get(index).is_some_and(Option::is_some)
    }

    /// Drops the config of a unit that will not be started again.
    pub(crate) fn forget(&self, index: usize) {
        let config = self.lock().get_mut(index).and_then(Option::take);
        drop_quietly(config);
    }

    /// Drops all configs but those to be kept. Returns whether any is kept.
    pub(crate) fn forget_but(&self, is_kept: impl Fn(usize) -> bool) -> bool {
        let mut kept = self.lock();
        let mut forgotten = Vec::with_capacity(kept.len());
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
