//! The children that are alive, in slots that are used again: to add and to remove one allocates nothing, mostly.

use std::borrow::Cow;

use tokio::task::AbortHandle;

use crate::base::index::index;

/// Identifies a child. A slot is used again, a number is not.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    slot: u32,
    number: u32,
}

impl Key {
    pub(super) fn slot(self) -> u32 {
        self.slot
    }
}

/// A child that is alive.
pub(super) struct Entry {
    pub(super) name: Cow<'static, str>,
    /// `None` until it is spawned, and once it is aborted.
    pub(super) abort: Option<AbortHandle>,
}

enum Slot {
    /// The next free slot.
    Free(u32),
    /// A child, with its number.
    Alive(u32, Entry),
}

/// Stands for no slot.
const NONE: u32 = u32::MAX;
/// The number of slots that are kept while no child is alive.
const ROOM: usize = 64;

pub(super) struct Slots {
    all: Vec<Slot>,
    /// The first free slot.
    free: u32,
    /// The number of slots that are not free.
    taken: usize,
    /// The number of the last child.
    number: u32,
}

impl Default for Slots {
    fn default() -> Self {
        Self { all: Vec::new(), free: NONE, taken: 0, number: 0 }
    }
}

impl Slots {
    /// Adds a child.
    pub(super) fn add(&mut self, name: Cow<'static, str>) -> Key {
        self.taken += 1;
        self.number = self.number.wrapping_add(1);
        let number = self.number;
        let child = Slot::Alive(number, Entry { name, abort: None });
        let slot = self.free;
        if let Some(free) = self.all.get_mut(slot as usize) {
            if let Slot::Free(next) = std::mem::replace(free, child) {
                self.free = next;
            }
            return Key { slot, number };
        }
        let slot = index(self.all.len());
        self.all.push(child);
        Key { slot, number }
    }

    /// Removes a child. If it was the last, keeps the slots for others if these may come and the slots are few.
    pub(super) fn remove(&mut self, key: Key, others_may_come: bool) -> Option<Entry> {
        let slot = self.all.get_mut(key.slot as usize)?;
        let Slot::Alive(_, entry) = std::mem::replace(slot, Slot::Free(self.free)) else { return None };
        self.free = key.slot;
        self.taken -= 1;
        if self.taken == 0 && !(others_may_come && self.all.len() <= ROOM) {
            self.all = Vec::new();
            self.free = NONE;
        }
        Some(entry)
    }

    /// Returns a child, if it is alive.
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Entry> {
        match self.all.get_mut(key.slot as usize)? {
            Slot::Alive(number, entry) if *number == key.number => Some(entry),
            _ => None,
        }
    }

    /// Returns the name of the child in a slot.
    pub(super) fn name(&self, slot: u32) -> Option<Cow<'static, str>> {
        match self.all.get(slot as usize)? {
            Slot::Alive(_, entry) => Some(entry.name.clone()),
            Slot::Free(_) => None,
        }
    }

    /// Returns the children that are alive.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.all.iter_mut().filter_map(|slot| match slot {
            Slot::Alive(_, entry) => Some(entry),
            Slot::Free(_) => None,
        })
    }
}
