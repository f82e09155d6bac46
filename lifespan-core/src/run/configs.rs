//! The configs of one run, kept so that a unit can be started again: each start gets a fresh clone.
//!
//! # Invariants
//! - No user code runs under the lock: a config is taken out to be cloned or dropped. A unit is started by one at a time,
//!   so nobody misses it meanwhile. What starts it again and again, by its schedule, holds it all the while.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::unwind::drop_quietly;

/// What a unit's function is called with; none where binding found nothing to bind.
pub(crate) type Config = Option<Box<dyn Any + Send>>;

pub(crate) struct Configs {
    /// One for each registration; none while it is taken, and once its unit will not be started any more.
    kept: Mutex<Vec<Config>>,
}

impl Configs {
    pub(super) fn new(mut configs: Vec<Config>) -> Self {
        configs.shrink_to_fit();
        Self { kept: Mutex::new(configs) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Config>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one out, for whoever starts its unit.
    pub(super) fn take(&self, index: u32) -> Config {
        self.lock().get_mut(index as usize)?.take()
    }

    /// Puts one back that was taken: nobody has put another there.
    pub(super) fn put_back(&self, index: u32, config: Config) {
        if config.is_some() {
            self.lock()[index as usize] = config;
        }
    }

    /// Puts another in the place of one, for the next start. Nobody has taken that.
    pub(super) fn replace(&self, index: usize, config: Config) {
        let mut kept = self.lock();
        if kept.len() <= index {
            kept.resize_with(index + 1, || None);
        }
        let before = std::mem::replace(&mut kept[index], config);
        drop(kept);
        drop_quietly(before);
    }

    /// Whether a unit that has arguments can be started with them.
    pub(super) fn has(&self, index: usize) -> bool {
        self.lock().get(index).is_some_and(Option::is_some)
    }

    /// Drops one, whose unit will not be started again.
    pub(super) fn forget(&self, index: usize) {
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
