//! The configs of one run, kept so that a unit can be started again: each start gets a fresh clone.
//!
//! # Invariants
//! - No user code runs under the lock: a config is taken out to be cloned or dropped. A unit is started by one at a time,
//!   so nobody misses it meanwhile.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::panics;

/// What a unit's function is called with; none where binding found nothing to bind.
pub(crate) type Config = Option<Box<dyn Any + Send>>;

pub(crate) struct Configs {
    /// One for each registration; empty once no unit will be started any more.
    kept: Mutex<Vec<Config>>,
}

/// Puts a config back, also when cloning it panics.
struct Borrowed<'a> {
    configs: &'a Configs,
    index: u32,
    config: Config,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(config) = self.config.take() {
            let mut kept = self.configs.lock();
            if let Some(place) = kept.get_mut(self.index as usize) {
                *place = Some(config);
            } else {
                // All were given back meanwhile. Its destructor runs outside the lock.
                drop(kept);
                drop(config);
            }
        }
    }
}

impl Configs {
    pub(super) fn new(mut configs: Vec<Config>) -> Self {
        configs.shrink_to_fit();
        Self { kept: Mutex::new(configs) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Config>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A clone; the config itself where it has none, and is then gone.
    pub(super) fn fresh<C: 'static>(&self, index: u32, fresh: fn(&C) -> Option<C>) -> Option<C> {
        let config = self.lock().get_mut(index as usize)?.take();
        let mut borrowed = Borrowed { configs: self, index, config };
        let clone = fresh(borrowed.config.as_deref()?.downcast_ref()?);
        clone.or_else(|| borrowed.config.take()?.downcast().ok().map(|config| *config))
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
    pub(super) fn forget_but(&self, is_kept: impl Fn(usize) -> bool) -> bool {
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
        forgotten.into_iter().for_each(|config| drop_quietly(Some(config)));
        are_left
    }
}

/// The destructor of an argument is user code. What it says when it panics was printed by the panic hook.
fn drop_quietly(config: Config) {
    if let Some(config) = config {
        let _ = panics::catch(move || drop(config));
    }
}
