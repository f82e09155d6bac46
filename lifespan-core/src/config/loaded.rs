//! The units whose configs code has loaded by itself.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::names::in_memory;
use crate::declare::UnitInfo;

/// Notes that code loads the config of this unit.
pub(crate) fn note(unit: &UnitInfo) {
    loaded().insert(in_memory(unit));
}

/// The units whose configs code has loaded from the sources, by address. A file's values for them have an effect
/// although code registers them, which is known only from here: a config does not know where its fields came from.
/// Process-wide, since `load` belongs to no app.
static LOADED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

fn loaded() -> MutexGuard<'static, BTreeSet<usize>> {
    LOADED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn is_loaded(unit: &UnitInfo) -> bool {
    loaded().contains(&in_memory(unit))
}
