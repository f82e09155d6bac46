//! A unit's stop signal: asks one incarnation of it to stop, and holds the few other facts that its futures, the driver and
//! the watch thread share.
//!
//! # Invariants
//! - The incarnation's word is changed before the waiters are taken, and a waiter looks at it again under their lock: none
//!   is missed.
//! - Once an incarnation has been asked to stop it stays stopped: a `Shutdown` handle from before a restart keeps reporting
//!   shutdown.
//! - Of a context's provide and the driver's word that its setup is dropped, the first counts, and both know which.
//! - The one task that runs the unit sets and clears `polled` and `let_go`: the last is in no order with anything. A thread
//!   that sees `polled` cleared sees what that poll has done to the word.
//! - A waiter that is dropped takes itself off: those that wait for a long-lived signal may come and go without end.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
#[cfg(test)]
use std::task::Waker;
use std::task::{Context, Poll};

use crate::base::sync::{AtomicBool, AtomicU32, Mutex, MutexGuard, Ordering};
use crate::signal::waiters::{Key, Waiters};

/// The stop signal of one registration, and its flags.
#[derive(Default)]
pub(crate) struct StopSignal {
    waiters: Mutex<Waiters>,
    /// The incarnation, and in the low bits what became of it: in one word, since nothing of an earlier one counts.
    word: AtomicU32,
    polled: AtomicBool,
    let_go: AtomicBool,
    /// Nothing depends on it: it is among the first that are asked to stop.
    stops_first: AtomicBool,
}

/// It is asked to stop.
const STOP: u32 = 1;
/// Of a context's setup, which is neither at first.
const PROVIDED: u32 = 1 << 1;
const DROPPED: u32 = 1 << 2;
/// It has said that it is up.
const UP: u32 = 1 << 3;
const FLAGS: u32 = STOP | PROVIDED | DROPPED | UP;

/// One life of a unit, from its start to its end, as long as its signal counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Incarnation(u32);

impl Incarnation {
    pub(crate) const FIRST: Self = Self(0);

    /// Returns the incarnation of this number, counted from 0.
    fn of(generation: u32) -> Self {
        Self(generation << FLAGS.count_ones())
    }
}

impl StopSignal {
    /// Asks the present incarnation to stop.
    pub(crate) fn request_stop(&self) {
        self.word.fetch_or(STOP, Ordering::Release);
        self.wake();
    }

    /// Begins the incarnation of this number; what still waits in the last one is woken.
    pub(crate) fn begin(&self, generation: u32) {
        // In one step with what an earlier incarnation may still try.
        self.word.swap(Incarnation::of(generation).0, Ordering::AcqRel);
        self.let_go.store(false, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        let waiters = std::mem::take(&mut *self.waiters());
        waiters.wake();
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether it is among the first that are asked to stop.
    pub(crate) fn set_stops_first(&self, first: bool) {
        self.stops_first.store(first, Ordering::Relaxed);
    }

    pub(crate) fn stops_first(&self) -> bool {
        self.stops_first.load(Ordering::Relaxed)
    }

    /// Returns the present incarnation.
    pub(crate) fn incarnation(&self) -> Incarnation {
        Incarnation(self.word.load(Ordering::Acquire) & !FLAGS)
    }

    /// Returns whether an incarnation is asked to stop, or over.
    pub(crate) fn is_stop_requested(&self, incarnation: Incarnation) -> bool {
        self.word.load(Ordering::Acquire) & !(PROVIDED | DROPPED | UP) != incarnation.0
    }

    /// Waits until an incarnation is asked to stop.
    pub(crate) fn stop_requested(&self, incarnation: Incarnation) -> StopFuture<'_> {
        StopFuture { cell: self, waits: StopListener::new(incarnation) }
    }

    /// A context provides. Returns whether it may: not when its setup is being dropped, or that incarnation is over.
    pub(crate) fn provide(&self, incarnation: Incarnation) -> bool {
        self.settle(incarnation, PROVIDED)
    }

    /// A context's setup is to be dropped. Returns whether that is still possible: not when it has provided.
    pub(crate) fn drop_setup(&self) -> bool {
        self.settle(self.incarnation(), DROPPED)
    }

    /// Returns whether a context has provided and is not asked to tear down.
    pub(crate) fn holds(&self) -> bool {
        let word = self.word.load(Ordering::Acquire);
        word & PROVIDED != 0 && word & STOP == 0
    }

    fn settle(&self, incarnation: Incarnation, as_what: u32) -> bool {
        let settle = |word: u32| (word & !(STOP | UP) == incarnation.0).then_some(word | as_what);
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, settle).is_ok()
    }

    /// A context has provided, or a task has used its `Ready`.
    pub(crate) fn say_up(&self, incarnation: Incarnation) {
        let say = |word: u32| (word & !FLAGS == incarnation.0).then_some(word | UP);
        // Of an earlier incarnation it means nothing.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, say);
    }

    /// Returns whether the present incarnation has said that it is up.
    pub(crate) fn has_said_up(&self) -> bool {
        self.word.load(Ordering::Acquire) & UP != 0
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

    /// Returns whether its body is on a thread at this moment.
    pub(crate) fn is_polled(&self) -> bool {
        self.polled.load(Ordering::Acquire)
    }
}

/// A waiter for the stop of one incarnation. Call `leave` before dropping it.
pub(crate) struct StopListener {
    incarnation: Incarnation,
    key: Option<Key>,
}

impl StopListener {
    pub(crate) fn new(incarnation: Incarnation) -> Self {
        Self { incarnation, key: None }
    }

    pub(crate) fn is_stop_requested(&self, cell: &StopSignal) -> bool {
        cell.is_stop_requested(self.incarnation)
    }

    /// Ready when that incarnation is asked to stop.
    pub(crate) fn poll(&mut self, cell: &StopSignal, context: &mut Context<'_>) -> Poll<()> {
        if self.is_stop_requested(cell) {
            return Poll::Ready(());
        }
        let mut waiters = cell.waiters();
        if self.is_stop_requested(cell) {
            return Poll::Ready(());
        }
        let (key, old) = waiters.enlist(self.key, context.waker());
        drop(waiters);
        drop(old);
        self.key = Some(key);
        Poll::Pending
    }

    pub(crate) fn leave(&mut self, cell: &StopSignal) {
        if let (Some(key), false) = (self.key.take(), self.is_stop_requested(cell)) {
            let mut waiters = cell.waiters();
            // Asked to stop meanwhile, its key may be that of a waiter in the next incarnation.
            let left = if self.is_stop_requested(cell) { None } else { waiters.leave(key) };
            drop(waiters);
            drop(left);
        }
    }
}

/// Ready when its incarnation is asked to stop. Cancel safe.
pub(crate) struct StopFuture<'a> {
    cell: &'a StopSignal,
    waits: StopListener,
}

impl Future for StopFuture<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { cell, waits } = &mut *self;
        waits.poll(cell, context)
    }
}

impl Drop for StopFuture<'_> {
    fn drop(&mut self) {
        self.waits.leave(self.cell);
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
    fn waiter(cell: &StopSignal) -> (Pin<Box<StopFuture<'_>>>, Arc<Woken>) {
        let woken = Arc::new(Woken::default());
        let mut told = Box::pin(cell.stop_requested(cell.incarnation()));
        assert!(poll(&mut told, &woken).is_pending());
        (told, woken)
    }

    fn poll(told: &mut Pin<Box<StopFuture<'_>>>, woken: &Arc<Woken>) -> Poll<()> {
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
                let cell = StopSignal::default();
                let mut all: Vec<_> = (0..waiters).map(|_| waiter(&cell)).collect();
                let (gone, left) = all.remove(leaving);
                drop(gone);
                assert_eq!(Arc::strong_count(&left), 1, "its waker is kept");
                all.push(waiter(&cell));
                cell.request_stop();
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
            let cell = StopSignal::default();
            let kept: Vec<_> = (0..others).map(|_| waiter(&cell)).collect();
            let (mut told, before) = waiter(&cell);
            let after = Arc::new(Woken::default());
            assert!(poll(&mut told, &after).is_pending());
            cell.request_stop();
            assert_eq!((count(&before), count(&after)), (0, 1));
            assert!(kept.iter().all(|(_, woken)| count(woken) == 1));
        }
    }

    #[test]
    fn who_asks_after_it_was_told_need_not_wait() {
        let cell = StopSignal::default();
        cell.request_stop();
        let woken = Arc::new(Woken::default());
        assert!(poll(&mut Box::pin(cell.stop_requested(Incarnation::FIRST)), &woken).is_ready());
    }

    #[test]
    fn an_earlier_life_stays_told_and_the_next_is_told_by_itself() {
        let cell = StopSignal::default();
        let (mut old, woken) = waiter(&cell);
        cell.begin(1);
        assert!(count(&woken) == 1 && poll(&mut old, &woken).is_ready(), "whoever waits in the last life is told");
        let (mut new, woken) = waiter(&cell);
        assert!(cell.is_stop_requested(Incarnation::FIRST) && !cell.is_stop_requested(cell.incarnation()));
        cell.request_stop();
        assert!(count(&woken) == 1 && poll(&mut new, &woken).is_ready());
    }

    #[test]
    fn waiters_that_come_and_go_leave_nothing_behind() {
        let cell = StopSignal::default();
        let stays = waiter(&cell);
        for _ in 0..1000 {
            drop(waiter(&cell));
        }
        assert_eq!(cell.waiters().count_of_many(), 1);
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
    use crate::base::sync::model;

    type Shared = loom::sync::Arc<StopSignal>;

    /// StopListener on a thread of its own, in the life that this is.
    fn waits(cell: &Shared) -> thread::JoinHandle<()> {
        let (cell, incarnation) = (cell.clone(), cell.incarnation());
        thread::spawn(move || block_on(cell.stop_requested(incarnation)))
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

    fn poll(told: &mut StopFuture<'_>, woken: &Arc<Woken>) -> bool {
        let waker = Waker::from(Arc::clone(woken));
        Pin::new(told).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    #[test]
    fn loom_whoever_waits_is_told() {
        model(|| {
            let cell = Shared::default();
            let waiters = [waits(&cell), waits(&cell)];
            cell.request_stop();
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
            let mut leaves = Box::new(cell.stop_requested(Incarnation::FIRST));
            let _ = poll(&mut leaves, &woken);
            let stays = waits(&cell);
            let tells = {
                let cell = cell.clone();
                thread::spawn(move || cell.request_stop())
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
            let mut told = cell.stop_requested(Incarnation::FIRST);
            assert!(!poll(&mut told, &before));
            let tells = {
                let cell = cell.clone();
                thread::spawn(move || cell.request_stop())
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
                thread::spawn(move || cell.provide(Incarnation::FIRST))
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
                thread::spawn(move || cell.provide(Incarnation::FIRST))
            };
            cell.begin(1);
            let _ = provides.join().unwrap();
            assert!(cell.provide(cell.incarnation()));
        });
    }

    #[test]
    fn loom_a_new_life_tells_whoever_waits_in_the_last() {
        model(|| {
            let cell = Shared::default();
            let waiter = waits(&cell);
            cell.begin(1);
            waiter.join().unwrap();
            assert!(cell.is_stop_requested(Incarnation::FIRST) && !cell.is_stop_requested(cell.incarnation()));
        });
    }

    #[test]
    fn loom_a_waiter_of_the_last_life_that_leaves_late_takes_nobody_else_off() {
        model(|| {
            let cell = Shared::default();
            let lives = {
                let (cell, incarnation) = (cell.clone(), cell.incarnation());
                thread::spawn(move || {
                    let mut old = cell.stop_requested(incarnation);
                    let _ = poll(&mut old, &Arc::default());
                })
            };
            cell.begin(1);
            let woken = Arc::new(Woken::default());
            let mut new = cell.stop_requested(cell.incarnation());
            assert!(!poll(&mut new, &woken));
            lives.join().unwrap();
            cell.request_stop();
            assert_eq!(woken.times(), 1);
        });
    }
}
