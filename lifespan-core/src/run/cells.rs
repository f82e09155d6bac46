//! What every unit's futures, the sequencer and the watch thread share of each registration.
//!
//! # Invariants
//! - `told` is set before the waiters are taken, and a waiter looks at it again under their lock: none is missed.
//! - `told` is only ever set; the one task that runs the unit sets and clears `polled`, and clears `let_go`.
//! - A waiter that is dropped takes itself off: what waits for a long-lived cell may come and go without end.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::event::Reason;

/// One registration's flags, and who waits to be told.
#[derive(Default)]
pub(crate) struct Cell {
    waiters: Mutex<Waiters>,
    told: AtomicBool,
    polled: AtomicBool,
    let_go: AtomicBool,
}

/// Mostly one: the unit itself.
#[derive(Default)]
enum Waiters {
    #[default]
    None,
    One(Waker),
    Many(Box<Many>),
}

#[derive(Default)]
struct Many {
    wakers: HashMap<u32, Waker>,
    /// The last key that was given out. [`ONE`] is the key of a waiter that was alone.
    last: u32,
}

const ONE: u32 = 0;

impl Cell {
    pub(crate) fn tell(&self) {
        self.told.store(true, Ordering::Release);
        let waiters = std::mem::take(&mut *self.waiters());
        match waiters {
            Waiters::None => {}
            Waiters::One(waker) => waker.wake(),
            Waiters::Many(many) => many.wakers.into_values().for_each(Waker::wake),
        }
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_told(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// Waits until it is told.
    pub(crate) fn told(&self) -> Told<'_> {
        Told { cell: self, key: None }
    }

    pub(crate) fn set_polled(&self, polled: bool) {
        self.polled.store(polled, Ordering::Relaxed);
    }

    /// Notes that the future which holds the resource was dropped while the body is being polled.
    pub(crate) fn set_let_go(&self) {
        self.let_go.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_let_go(&self) -> bool {
        self.let_go.load(Ordering::Relaxed) && self.let_go.swap(false, Ordering::Relaxed)
    }

    /// Whether its body is on a thread at this moment.
    pub(crate) fn is_polled(&self) -> bool {
        self.polled.load(Ordering::Relaxed)
    }
}

impl Waiters {
    /// Takes in a waiter, or its new waker. Gives the old one, to be dropped outside the lock.
    fn enlist(&mut self, key: Option<u32>, waker: &Waker) -> (u32, Option<Waker>) {
        match (self, key) {
            (Self::One(known), Some(ONE)) if known.will_wake(waker) => (ONE, None),
            (Self::One(known), Some(ONE)) => (ONE, Some(std::mem::replace(known, waker.clone()))),
            (Self::Many(many), key) => many.enlist(key, waker),
            (alone, key) => {
                if let Self::One(first) = std::mem::take(alone) {
                    let mut many = Many { wakers: HashMap::from([(ONE, first)]), last: ONE };
                    let enlisted = many.enlist(key, waker);
                    *alone = Self::Many(Box::new(many));
                    enlisted
                } else {
                    *alone = Self::One(waker.clone());
                    (ONE, None)
                }
            }
        }
    }

    /// Takes a waiter off. Gives its waker, to be dropped outside the lock.
    fn leave(&mut self, key: u32) -> Option<Waker> {
        match self {
            Self::Many(many) => many.wakers.remove(&key),
            alone => match std::mem::take(alone) {
                Self::One(waker) => Some(waker),
                _ => None,
            },
        }
    }
}

impl Many {
    fn enlist(&mut self, key: Option<u32>, waker: &Waker) -> (u32, Option<Waker>) {
        let key = key.unwrap_or_else(|| {
            self.last += 1;
            self.last
        });
        (key, self.wakers.insert(key, waker.clone()))
    }
}

/// Ready when its cell is told. Cancel safe.
pub(crate) struct Told<'a> {
    cell: &'a Cell,
    key: Option<u32>,
}

impl Future for Told<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.cell.is_told() {
            return Poll::Ready(());
        }
        let mut waiters = this.cell.waiters();
        if this.cell.is_told() {
            return Poll::Ready(());
        }
        let (key, old) = waiters.enlist(this.key, context.waker());
        drop(waiters);
        drop(old);
        this.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if let (Some(key), false) = (self.key, self.cell.is_told()) {
            let left = self.cell.waiters().leave(key);
            drop(left);
        }
    }
}

/// The cells of one run.
pub(crate) struct Cells {
    cells: Box<[Cell]>,
    /// Why the run stops.
    pub(crate) reason: OnceLock<Reason>,
}

impl Cells {
    pub(crate) fn new(count: usize) -> Self {
        Self { cells: (0..count).map(|_| Cell::default()).collect(), reason: OnceLock::new() }
    }

    pub(crate) fn of(&self, index: usize) -> &Cell {
        &self.cells[index]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter()
    }
}
