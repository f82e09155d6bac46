//! The waiters for one signal, mostly one: each with its waker, and a key by which it leaves.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::task::Waker;

/// The wakers of the waiters; mostly one, that of the unit itself.
pub(crate) enum Waiters {
    One(Waker),
    /// `None` if there is no waiter. Boxed, so that this takes no more room than a waker.
    Others(Option<Box<Many>>),
}

impl Default for Waiters {
    fn default() -> Self {
        Self::Others(None)
    }
}

pub(crate) struct Many {
    /// In the order of their arrival.
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

    /// Adds a waiter, or replaces its waker. Returns the old waker, to be dropped outside the lock.
    pub(crate) fn add(&mut self, key: Option<Key>, waker: &Waker) -> (Key, Option<Waker>) {
        match (self, key) {
            (Self::One(known), Some(ONE)) if known.will_wake(waker) => (ONE, None),
            (Self::One(known), Some(ONE)) => (ONE, Some(std::mem::replace(known, waker.clone()))),
            (Self::Others(Some(many)), key) => many.add(key, waker),
            (alone, key) => {
                if let Self::One(first) = std::mem::take(alone) {
                    let mut many = Many { wakers: BTreeMap::new(), last: ONE };
                    many.wakers.insert(ONE, first);
                    let added = many.add(key, waker);
                    *alone = Self::Others(Some(Box::new(many)));
                    added
                } else {
                    *alone = Self::One(waker.clone());
                    (ONE, None)
                }
            }
        }
    }

    /// Removes a waiter. Returns its waker, to be dropped outside the lock.
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
    fn add(&mut self, key: Option<Key>, waker: &Waker) -> (Key, Option<Waker>) {
        let key = key.unwrap_or_else(|| self.next_key());
        (key, self.wakers.insert(key, waker.clone()))
    }

    /// Returns a free key. A waiter that stays keeps its key, even if more waiters come and go than there are keys.
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
    /// Returns the number of waiters if there are several, or else 0.
    pub(crate) fn count_of_many(&self) -> usize {
        match self {
            Self::Others(Some(many)) => many.wakers.len(),
            _ => 0,
        }
    }
}
