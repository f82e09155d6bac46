//! Those that wait for one signal, mostly one: each with its waker, and a key by which it leaves.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::task::Waker;

/// The wakers of those that wait; mostly that of the unit itself.
pub(crate) enum Waiters {
    One(Waker),
    /// None where there is no box: so this takes no more room than a waker.
    Others(Option<Box<Many>>),
}

impl Default for Waiters {
    fn default() -> Self {
        Self::Others(None)
    }
}

pub(crate) struct Many {
    /// In the order in which they came.
    wakers: BTreeMap<Key, Waker>,
    /// The last key that was given out. [`ONE`] is the key of a waiter that was alone.
    last: Key,
}

pub(crate) type Key = NonZeroU32;

const ONE: Key = Key::MIN;

impl Waiters {
    pub(crate) fn wake(self) {
        match self {
            Self::One(waker) => waker.wake(),
            Self::Others(many) => many.into_iter().flat_map(|many| many.wakers.into_values()).for_each(Waker::wake),
        }
    }

    /// Takes in a waiter, or its new waker. Gives the old one, to be dropped outside the lock.
    pub(crate) fn enlist(&mut self, key: Option<Key>, waker: &Waker) -> (Key, Option<Waker>) {
        match (self, key) {
            (Self::One(known), Some(ONE)) if known.will_wake(waker) => (ONE, None),
            (Self::One(known), Some(ONE)) => (ONE, Some(std::mem::replace(known, waker.clone()))),
            (Self::Others(Some(many)), key) => many.enlist(key, waker),
            (alone, key) => {
                if let Self::One(first) = std::mem::take(alone) {
                    let mut many = Many { wakers: BTreeMap::new(), last: ONE };
                    many.wakers.insert(ONE, first);
                    let enlisted = many.enlist(key, waker);
                    *alone = Self::Others(Some(Box::new(many)));
                    enlisted
                } else {
                    *alone = Self::One(waker.clone());
                    (ONE, None)
                }
            }
        }
    }

    /// Takes a waiter off. Gives its waker, to be dropped outside the lock.
    pub(crate) fn leave(&mut self, key: Key) -> Option<Waker> {
        match self {
            Self::Others(Some(many)) => many.wakers.remove(&key),
            alone => match std::mem::take(alone) {
                Self::One(waker) => Some(waker),
                Self::Others(_) => None,
            },
        }
    }
}

impl Many {
    fn enlist(&mut self, key: Option<Key>, waker: &Waker) -> (Key, Option<Waker>) {
        let key = key.unwrap_or_else(|| self.next_key());
        (key, self.wakers.insert(key, waker.clone()))
    }

    /// Returns a key that is free: those that stay keep theirs while others come and go, also more than there are keys.
    fn next_key(&mut self) -> Key {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(ONE);
            if !self.wakers.contains_key(&self.last) {
                return self.last;
            }
        }
    }
}

#[cfg(test)]
impl Waiters {
    /// Returns how many wait, where it is not one alone.
    pub(crate) fn count_of_many(&self) -> usize {
        match self {
            Self::Others(Some(many)) => many.wakers.len(),
            _ => 0,
        }
    }
}
