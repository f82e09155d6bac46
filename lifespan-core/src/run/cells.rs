//! What every unit's futures, the driver and the watch thread share of each registration.
//!
//! # Invariants
//! - The life's word is changed before the waiters are taken, and a waiter looks at it again under their lock: none is
//!   missed.
//! - A life that was told stays told, also when the unit lives anew: what was handed out in an earlier life has its word.
//! - Of a context's provide and the driver's word that its setup is dropped, the first counts, and both know which.
//! - The one task that runs the unit sets and clears `polled` and `let_go`: the last is in no order with anything. Who sees
//!   `polled` cleared sees what that poll has done to the life's word.
//! - A waiter that is dropped takes itself off: what waits for a long-lived cell may come and go without end.

use std::collections::BTreeMap;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::event::Reason;
use crate::sync::{AtomicBool, AtomicU32, Mutex, MutexGuard, Ordering};

/// One registration's flags, and who waits to be told.
#[derive(Default)]
pub(crate) struct Cell {
    waiters: Mutex<Waiters>,
    /// Which life this is, and in its low bits what became of it: in one word, since nothing of an earlier life counts.
    life: AtomicU32,
    polled: AtomicBool,
    let_go: AtomicBool,
    /// Nothing depends on it: it is among the first that are asked to stop.
    stops_first: AtomicBool,
}

/// It is told to stop.
const TOLD: u32 = 1;
/// Of a context's setup, which is neither at first.
const PROVIDED: u32 = 1 << 1;
const DROPPED: u32 = 1 << 2;
/// It has said that it is up.
const UP: u32 = 1 << 3;
const FLAGS: u32 = TOLD | PROVIDED | DROPPED | UP;

/// Mostly one: the unit itself.
enum Waiters {
    One(Waker),
    /// Nobody where there is no box: so this takes no more room than a waker.
    Others(Option<Box<Many>>),
}

impl Default for Waiters {
    fn default() -> Self {
        Self::Others(None)
    }
}

struct Many {
    /// In the order in which they came.
    wakers: BTreeMap<Key, Waker>,
    /// The last key that was given out. [`ONE`] is the key of a waiter that was alone.
    last: Key,
}

type Key = NonZeroU32;

const ONE: Key = Key::MIN;

/// One life of a unit, from its start to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life(u32);

impl Life {
    pub(crate) const FIRST: Self = Self(0);

    /// Returns the life of this number, counted from 0.
    fn of(generation: u32) -> Self {
        Self(generation << FLAGS.count_ones())
    }
}

impl Cell {
    /// Tells the present life to stop.
    pub(crate) fn tell(&self) {
        self.life.fetch_or(TOLD, Ordering::Release);
        self.wake();
    }

    /// Begins the life of this number; what still waits in the last one is told.
    pub(crate) fn begin(&self, generation: u32) {
        // In one step with what an earlier life may still try.
        self.life.swap(Life::of(generation).0, Ordering::AcqRel);
        self.let_go.store(false, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        let waiters = std::mem::take(&mut *self.waiters());
        match waiters {
            Waiters::One(waker) => waker.wake(),
            Waiters::Others(many) => many.into_iter().flat_map(|many| many.wakers.into_values()).for_each(Waker::wake),
        }
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether it is among the first that are asked to stop.
    pub(crate) fn set_stops_first(&self, first: bool) {
        self.stops_first.store(first, Ordering::Relaxed);
    }

    /// The present life.
    pub(crate) fn life(&self) -> Life {
        Life(self.life.load(Ordering::Acquire) & !FLAGS)
    }

    /// Whether that life is told to stop, or over.
    pub(crate) fn is_told(&self, life: Life) -> bool {
        self.life.load(Ordering::Acquire) & !(PROVIDED | DROPPED | UP) != life.0
    }

    /// Waits until that life is told.
    pub(crate) fn told(&self, life: Life) -> Told<'_> {
        Told { cell: self, waits: Waits::new(life) }
    }

    /// A context provides; whether it may: not when its setup is being dropped, or that life is over.
    pub(crate) fn provide(&self, life: Life) -> bool {
        self.settle(life, PROVIDED)
    }

    /// A context's setup is to be dropped; whether that is still possible: not when it has provided.
    pub(crate) fn drop_setup(&self) -> bool {
        self.settle(self.life(), DROPPED)
    }

    /// Whether a context has provided and is not told to tear down.
    pub(crate) fn holds(&self) -> bool {
        let word = self.life.load(Ordering::Acquire);
        word & PROVIDED != 0 && word & TOLD == 0
    }

    fn settle(&self, life: Life, as_what: u32) -> bool {
        let settle = |word: u32| (word & !(TOLD | UP) == life.0).then_some(word | as_what);
        self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, settle).is_ok()
    }

    /// A context has provided, or a task has used its `Ready`.
    pub(crate) fn say_up(&self, life: Life) {
        let say = |word: u32| (word & !FLAGS == life.0).then_some(word | UP);
        // Of an earlier life it is nobody's news.
        let _ = self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, say);
    }

    /// Whether the present life has said that it is up.
    pub(crate) fn has_said_up(&self) -> bool {
        self.life.load(Ordering::Acquire) & UP != 0
    }

    pub(crate) fn set_polled(&self, polled: bool) {
        self.polled.store(polled, Ordering::Release);
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
        self.polled.load(Ordering::Acquire)
    }
}

impl Waiters {
    /// Takes in a waiter, or its new waker. Gives the old one, to be dropped outside the lock.
    fn enlist(&mut self, key: Option<Key>, waker: &Waker) -> (Key, Option<Waker>) {
        match (self, key) {
            (Self::One(known), Some(ONE)) if known.will_wake(waker) => (ONE, None),
            (Self::One(known), Some(ONE)) => (ONE, Some(std::mem::replace(known, waker.clone()))),
            (Self::Others(Some(many)), key) => many.enlist(key, waker),
            (alone, key) => {
                if let Self::One(first) = std::mem::take(alone) {
                    let mut many = Many { wakers: BTreeMap::from([(ONE, first)]), last: ONE };
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
    fn leave(&mut self, key: Key) -> Option<Waker> {
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

    /// One that nobody has: those who stay keep theirs while others come and go, also more than there are keys.
    fn next_key(&mut self) -> Key {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(ONE);
            if !self.wakers.contains_key(&self.last) {
                return self.last;
            }
        }
    }
}

/// One that waits until a life is told, and has its cell at hand. It has to leave before it goes.
pub(crate) struct Waits {
    life: Life,
    key: Option<Key>,
}

impl Waits {
    pub(crate) fn new(life: Life) -> Self {
        Self { life, key: None }
    }

    pub(crate) fn is_told(&self, cell: &Cell) -> bool {
        cell.is_told(self.life)
    }

    /// Ready when that life is told.
    pub(crate) fn poll(&mut self, cell: &Cell, context: &mut Context<'_>) -> Poll<()> {
        if self.is_told(cell) {
            return Poll::Ready(());
        }
        let mut waiters = cell.waiters();
        if self.is_told(cell) {
            return Poll::Ready(());
        }
        let (key, old) = waiters.enlist(self.key, context.waker());
        drop(waiters);
        drop(old);
        self.key = Some(key);
        Poll::Pending
    }

    pub(crate) fn leave(&mut self, cell: &Cell) {
        if let (Some(key), false) = (self.key.take(), self.is_told(cell)) {
            let mut waiters = cell.waiters();
            // Told meanwhile, its key may be that of a waiter in the next life.
            let left = if self.is_told(cell) { None } else { waiters.leave(key) };
            drop(waiters);
            drop(left);
        }
    }
}

/// Ready when its cell is told. Cancel safe.
pub(crate) struct Told<'a> {
    cell: &'a Cell,
    waits: Waits,
}

impl Future for Told<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { cell, waits } = &mut *self;
        waits.poll(cell, context)
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.waits.leave(self.cell);
    }
}

/// The cells of one run. None of them moves: threads that poll units know them by their addresses.
pub(crate) struct Cells {
    first: Row,
    /// Why the run stops.
    pub(crate) reason: OnceLock<Reason>,
    /// Shutdown was requested.
    requested: Arc<AtomicBool>,
}

/// Cells side by side; those that came later are in the next row.
struct Row {
    cells: Box<[Cell]>,
    next: OnceLock<Box<Row>>,
}

/// How many cells are added at least.
const ROW: usize = 16;

impl Cells {
    pub(crate) fn new(count: usize, requested: Arc<AtomicBool>) -> Self {
        Self { first: Row::new(count), reason: OnceLock::new(), requested }
    }

    /// Returns whether this life of a unit is asked to stop, or is about to be: shutdown was requested, and nothing has to
    /// stop before it.
    pub(crate) fn is_to_stop(&self, index: usize, life: Life) -> bool {
        let cell = self.of(index);
        cell.is_told(life) || self.requested.load(Ordering::Acquire) && cell.stops_first.load(Ordering::Relaxed)
    }

    pub(crate) fn of(&self, index: usize) -> &Cell {
        let (mut row, mut index) = (&self.first, index);
        while index >= row.cells.len() {
            index -= row.cells.len();
            row = row.next.get().expect("room is made before a registration is told its index");
        }
        &row.cells[index]
    }

    /// Makes room for so many in all. Only the driver calls it.
    pub(super) fn make_room(&self, count: usize) {
        let (mut row, mut left) = (&self.first, count);
        loop {
            left = left.saturating_sub(row.cells.len());
            if left == 0 {
                return;
            }
            row = row.next.get_or_init(|| Box::new(Row::new(left.max(ROW))));
        }
    }

    /// The index of the cell at this address, if it is one of these.
    pub(crate) fn position(&self, address: usize) -> Option<usize> {
        let mut before = 0;
        for row in std::iter::successors(Some(&self.first), |row| row.next.get().map(|row| &**row)) {
            let offset = address.checked_sub(row.cells.as_ptr().addr()).map(|offset| offset / size_of::<Cell>());
            if let Some(index) = offset.filter(|&index| index < row.cells.len()) {
                return Some(before + index);
            }
            before += row.cells.len();
        }
        None
    }
}

impl Row {
    fn new(count: usize) -> Self {
        Self { cells: (0..count).map(|_| Cell::default()).collect(), next: OnceLock::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A waiter with a waker of its own, polled once.
    fn waiter(cell: &Cell) -> (Pin<Box<Told<'_>>>, Arc<Woken>) {
        let woken = Arc::new(Woken::default());
        let mut told = Box::pin(cell.told(cell.life()));
        assert!(poll(&mut told, &woken).is_pending());
        (told, woken)
    }

    fn poll(told: &mut Pin<Box<Told<'_>>>, woken: &Arc<Woken>) -> Poll<()> {
        let waker = Waker::from(Arc::clone(woken));
        told.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn count(woken: &Woken) -> u32 {
        woken.0.load(Ordering::SeqCst)
    }

    #[test]
    fn every_waiter_is_woken_once_and_those_that_left_are_not() {
        for waiters in 1..5 {
            for leaving in 0..waiters {
                let cell = Cell::default();
                let mut all: Vec<_> = (0..waiters).map(|_| waiter(&cell)).collect();
                let (gone, left) = all.remove(leaving);
                drop(gone);
                assert_eq!(Arc::strong_count(&left), 1, "its waker is kept");
                all.push(waiter(&cell));
                cell.tell();
                assert_eq!(count(&left), 0);
                for (told, woken) in &mut all {
                    assert_eq!(count(woken), 1);
                    assert!(poll(told, woken).is_ready());
                }
            }
        }
    }

    #[test]
    fn a_waiter_that_moves_to_another_task_is_woken_there() {
        for others in 0..3 {
            let cell = Cell::default();
            let kept: Vec<_> = (0..others).map(|_| waiter(&cell)).collect();
            let (mut told, before) = waiter(&cell);
            let after = Arc::new(Woken::default());
            assert!(poll(&mut told, &after).is_pending());
            cell.tell();
            assert_eq!((count(&before), count(&after)), (0, 1));
            assert!(kept.iter().all(|(_, woken)| count(woken) == 1));
        }
    }

    #[test]
    fn cells_that_are_added_leave_the_others_where_they_are() {
        let cells = Cells::new(3, Arc::default());
        let address = |index| std::ptr::from_ref(cells.of(index)).addr();
        let before = address(2);
        for room in [2, 4, 40] {
            cells.make_room(room);
        }
        assert_eq!(address(2), before);
        for index in 0..40 {
            assert_eq!(cells.position(address(index)), Some(index));
        }
        assert_eq!(cells.position(std::ptr::from_ref(&Cell::default()).addr()), None);
    }

    #[test]
    fn who_asks_after_it_was_told_need_not_wait() {
        let cell = Cell::default();
        cell.tell();
        let woken = Arc::new(Woken::default());
        assert!(poll(&mut Box::pin(cell.told(Life::FIRST)), &woken).is_ready());
    }

    #[test]
    fn an_earlier_life_stays_told_and_the_next_is_told_by_itself() {
        let cell = Cell::default();
        let (mut old, woken) = waiter(&cell);
        cell.begin(1);
        assert!(count(&woken) == 1 && poll(&mut old, &woken).is_ready(), "whoever waits in the last life is told");
        let (mut new, woken) = waiter(&cell);
        assert!(cell.is_told(Life::FIRST) && !cell.is_told(cell.life()));
        cell.tell();
        assert!(count(&woken) == 1 && poll(&mut new, &woken).is_ready());
    }

    #[test]
    fn waiters_that_come_and_go_leave_nothing_behind() {
        let cell = Cell::default();
        let stays = waiter(&cell);
        for _ in 0..1000 {
            drop(waiter(&cell));
        }
        let kept = match &*cell.waiters() {
            Waiters::Others(Some(many)) => many.wakers.len(),
            _ => 0,
        };
        assert_eq!(kept, 1);
        drop(stays);
    }
}

#[cfg(all(test, lifespan_loom))]
mod models {
    use std::sync::Arc;
    use std::sync::atomic::{self, AtomicU32};
    use std::task::Wake;

    use loom::future::block_on;
    use loom::thread;

    use super::*;
    use crate::sync::model;

    type Shared = loom::sync::Arc<Cell>;

    /// Waits on a thread of its own, in the life that this is.
    fn waits(cell: &Shared) -> thread::JoinHandle<()> {
        let (cell, life) = (cell.clone(), cell.life());
        thread::spawn(move || block_on(cell.told(life)))
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, atomic::Ordering::Relaxed);
        }
    }

    impl Woken {
        fn times(&self) -> u32 {
            self.0.load(atomic::Ordering::Relaxed)
        }
    }

    fn poll(told: &mut Told<'_>, woken: &Arc<Woken>) -> bool {
        let waker = Waker::from(Arc::clone(woken));
        Pin::new(told).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    #[test]
    fn loom_whoever_waits_is_told() {
        model(|| {
            let cell = Shared::default();
            let waiters = [waits(&cell), waits(&cell)];
            cell.tell();
            for waiter in waiters {
                waiter.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_whoever_waits_is_told_when_another_leaves() {
        model(|| {
            let cell = Shared::default();
            let woken = Arc::new(Woken::default());
            let mut leaves = Box::new(cell.told(Life::FIRST));
            let _ = poll(&mut leaves, &woken);
            let stays = waits(&cell);
            let tells = {
                let cell = cell.clone();
                thread::spawn(move || cell.tell())
            };
            drop(leaves);
            stays.join().unwrap();
            tells.join().unwrap();
        });
    }

    #[test]
    fn loom_a_waiter_that_moves_to_another_task_is_woken_there_unless_it_sees_that_it_is_told() {
        model(|| {
            let cell = Shared::default();
            let [before, after] = [(); 2].map(|()| Arc::new(Woken::default()));
            let mut told = cell.told(Life::FIRST);
            assert!(!poll(&mut told, &before));
            let tells = {
                let cell = cell.clone();
                thread::spawn(move || cell.tell())
            };
            let seen = poll(&mut told, &after);
            tells.join().unwrap();
            assert!(seen || after.times() == 1);
        });
    }

    #[test]
    fn loom_a_context_has_provided_or_its_setup_is_dropped_and_both_know_which() {
        model(|| {
            let cell = Shared::default();
            let provides = {
                let cell = cell.clone();
                thread::spawn(move || cell.provide(Life::FIRST))
            };
            let drops = cell.drop_setup();
            assert_ne!(provides.join().unwrap(), drops);
        });
    }

    #[test]
    fn loom_what_an_earlier_life_provides_counts_for_nothing_in_the_next() {
        model(|| {
            let cell = Shared::default();
            let provides = {
                let cell = cell.clone();
                thread::spawn(move || cell.provide(Life::FIRST))
            };
            cell.begin(1);
            let _ = provides.join().unwrap();
            assert!(cell.provide(cell.life()));
        });
    }

    #[test]
    fn loom_a_new_life_tells_whoever_waits_in_the_last() {
        model(|| {
            let cell = Shared::default();
            let waiter = waits(&cell);
            cell.begin(1);
            waiter.join().unwrap();
            assert!(cell.is_told(Life::FIRST) && !cell.is_told(cell.life()));
        });
    }

    #[test]
    fn loom_a_waiter_of_the_last_life_that_leaves_late_takes_nobody_else_off() {
        model(|| {
            let cell = Shared::default();
            let lives = {
                let (cell, life) = (cell.clone(), cell.life());
                thread::spawn(move || {
                    let mut old = cell.told(life);
                    let _ = poll(&mut old, &Arc::default());
                })
            };
            cell.begin(1);
            let woken = Arc::new(Woken::default());
            let mut new = cell.told(cell.life());
            assert!(!poll(&mut new, &woken));
            lives.join().unwrap();
            cell.tell();
            assert_eq!(woken.times(), 1);
        });
    }
}
