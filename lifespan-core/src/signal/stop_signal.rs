//! A unit's stop signal: asks one incarnation of it to stop, and holds the few other facts that its futures, the driver
//! and the watch thread share.
//!
//! # Invariants
//! - The word is changed before the waiters are taken, and a waiter reads it again under their lock, so none is missed.
//! - Once an incarnation has been asked to stop it stays stopped: a `Shutdown` handle from before a restart keeps
//!   reporting shutdown.
//! - Of a context's `provide` and the driver's `drop_setup`, the first counts, and both know which, because each
//!   changes the word in one step.
//! - Only the task that runs the unit sets and clears `polled` and `holder_dropped`; no other data depends on `holder_dropped`. A
//!   thread that sees `polled` cleared sees what that poll has done to the word, since the store releases it.
//! - A waiter that is dropped removes itself, so a long-lived signal does not collect waiters.

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
    /// The incarnation, and its flags in the low bits: in one word, so that a flag never applies to another
    /// incarnation.
    word: AtomicU32,
    polled: AtomicBool,
    holder_dropped: AtomicBool,
    /// Set if nothing depends on the unit, so that it is among the first that are asked to stop.
    stops_first: AtomicBool,
}

/// The incarnation is asked to stop.
const STOP: u32 = 1;
/// The context has provided.
const PROVIDED: u32 = 1 << 1;
/// The context's setup is dropped.
const DROPPED: u32 = 1 << 2;
/// The incarnation has reported that it is up.
const UP: u32 = 1 << 3;
const FLAGS: u32 = STOP | PROVIDED | DROPPED | UP;

/// One incarnation of a unit, from its start to its end.
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

    /// Begins the incarnation of this number, and wakes the waiters of the last one.
    pub(crate) fn begin(&self, generation: u32) {
        // In one step, because an earlier incarnation may still try to change the word.
        self.word.swap(Incarnation::of(generation).0, Ordering::AcqRel);
        self.holder_dropped.store(false, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        let waiters = std::mem::take(&mut *self.waiters());
        waiters.wake();
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether the unit is among the first that are asked to stop.
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

    /// Returns whether an incarnation is asked to stop or has ended.
    pub(crate) fn is_stop_requested(&self, incarnation: Incarnation) -> bool {
        self.word.load(Ordering::Acquire) & !(PROVIDED | DROPPED | UP) != incarnation.0
    }

    /// Waits until an incarnation is asked to stop.
    pub(crate) fn stop_requested(&self, incarnation: Incarnation) -> StopFuture<'_> {
        StopFuture { signal: self, waits: StopListener::new(incarnation) }
    }

    /// Marks a context as having provided. Returns `false` if its setup is being dropped or the incarnation has ended.
    pub(crate) fn provide(&self, incarnation: Incarnation) -> bool {
        self.settle(incarnation, PROVIDED)
    }

    /// Marks a context's setup as dropped. Returns `false` if the context has provided.
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

    /// Marks the incarnation as up: its context has provided, or its task has used its `Ready`.
    pub(crate) fn set_up(&self, incarnation: Incarnation) {
        let set = |word: u32| (word & !FLAGS == incarnation.0).then_some(word | UP);
        // An earlier incarnation changes nothing.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, set);
    }

    /// Returns whether the present incarnation has reported that it is up.
    pub(crate) fn has_reported_up(&self) -> bool {
        self.word.load(Ordering::Acquire) & UP != 0
    }

    pub(crate) fn set_polled(&self, polled: bool) {
        self.polled.store(polled, Ordering::Release);
    }

    /// Records that the future which holds the resource was dropped while the body is being polled.
    pub(crate) fn set_holder_dropped(&self) {
        self.holder_dropped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_holder_dropped(&self) -> bool {
        self.holder_dropped.load(Ordering::Relaxed) && self.holder_dropped.swap(false, Ordering::Relaxed)
    }

    /// Returns whether the unit's body is being polled now.
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

    pub(crate) fn is_stop_requested(&self, signal: &StopSignal) -> bool {
        signal.is_stop_requested(self.incarnation)
    }

    /// Ready when that incarnation is asked to stop.
    pub(crate) fn poll(&mut self, signal: &StopSignal, context: &mut Context<'_>) -> Poll<()> {
        if self.is_stop_requested(signal) {
            return Poll::Ready(());
        }
        let mut waiters = signal.waiters();
        if self.is_stop_requested(signal) {
            return Poll::Ready(());
        }
        let (key, old) = waiters.add(self.key, context.waker());
        drop(waiters);
        drop(old);
        self.key = Some(key);
        Poll::Pending
    }

    pub(crate) fn leave(&mut self, signal: &StopSignal) {
        if let (Some(key), false) = (self.key.take(), self.is_stop_requested(signal)) {
            let mut waiters = signal.waiters();
            // If it was asked to stop meanwhile, its key may belong to a waiter of the next incarnation.
            let left = if self.is_stop_requested(signal) { None } else { waiters.leave(key) };
            drop(waiters);
            drop(left);
        }
    }
}

/// Ready when its incarnation is asked to stop. Cancel safe.
pub(crate) struct StopFuture<'a> {
    signal: &'a StopSignal,
    waits: StopListener,
}

impl Future for StopFuture<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { signal, waits } = &mut *self;
        waits.poll(signal, context)
    }
}

impl Drop for StopFuture<'_> {
    fn drop(&mut self) {
        self.waits.leave(self.signal);
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
    fn waiter(signal: &StopSignal) -> (Pin<Box<StopFuture<'_>>>, Arc<Woken>) {
        let woken = Arc::new(Woken::default());
        let mut waiting = Box::pin(signal.stop_requested(signal.incarnation()));
        assert!(poll(&mut waiting, &woken).is_pending());
        (waiting, woken)
    }

    fn poll(waiting: &mut Pin<Box<StopFuture<'_>>>, woken: &Arc<Woken>) -> Poll<()> {
        let waker = Waker::from(Arc::clone(woken));
        waiting.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn count(woken: &Woken) -> u32 {
        woken.0.load(Ordering::SeqCst)
    }

    #[test]
    fn every_waiter_is_woken_once_and_those_that_left_are_not() {
        for waiters in 1..5 {
            for leaving in 0..waiters {
                let signal = StopSignal::default();
                let mut all: Vec<_> = (0..waiters).map(|_| waiter(&signal)).collect();
                let (removed, left) = all.remove(leaving);
                drop(removed);
                assert_eq!(Arc::strong_count(&left), 1, "its waker is kept");
                all.push(waiter(&signal));
                signal.request_stop();
                assert_eq!(count(&left), 0);
                for (waiting, woken) in &mut all {
                    assert_eq!(count(woken), 1);
                    assert!(poll(waiting, woken).is_ready());
                }
            }
        }
    }

    #[test]
    fn a_waiter_that_moves_to_another_task_is_woken_there() {
        for others in 0..3 {
            let signal = StopSignal::default();
            let kept: Vec<_> = (0..others).map(|_| waiter(&signal)).collect();
            let (mut waiting, before) = waiter(&signal);
            let after = Arc::new(Woken::default());
            assert!(poll(&mut waiting, &after).is_pending());
            signal.request_stop();
            assert_eq!((count(&before), count(&after)), (0, 1));
            assert!(kept.iter().all(|(_, woken)| count(woken) == 1));
        }
    }

    #[test]
    fn a_wait_after_the_request_is_ready_at_once() {
        let signal = StopSignal::default();
        signal.request_stop();
        let woken = Arc::new(Woken::default());
        assert!(poll(&mut Box::pin(signal.stop_requested(Incarnation::FIRST)), &woken).is_ready());
    }

    #[test]
    fn an_earlier_incarnation_stays_stopped_and_the_next_has_its_own_request() {
        let signal = StopSignal::default();
        let (mut old, woken) = waiter(&signal);
        signal.begin(1);
        assert!(count(&woken) == 1 && poll(&mut old, &woken).is_ready(), "a waiter of the last incarnation is woken");
        let (mut new, woken) = waiter(&signal);
        assert!(signal.is_stop_requested(Incarnation::FIRST) && !signal.is_stop_requested(signal.incarnation()));
        signal.request_stop();
        assert!(count(&woken) == 1 && poll(&mut new, &woken).is_ready());
    }

    #[test]
    fn dropped_waiters_are_removed() {
        let signal = StopSignal::default();
        let stays = waiter(&signal);
        for _ in 0..1000 {
            drop(waiter(&signal));
        }
        assert_eq!(signal.waiters().count_of_many(), 1);
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

    /// Waits on a thread of its own, in the present incarnation.
    fn waits(signal: &Shared) -> thread::JoinHandle<()> {
        let (signal, incarnation) = (signal.clone(), signal.incarnation());
        thread::spawn(move || block_on(signal.stop_requested(incarnation)))
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

    fn poll(waiting: &mut StopFuture<'_>, woken: &Arc<Woken>) -> bool {
        let waker = Waker::from(Arc::clone(woken));
        Pin::new(waiting).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    #[test]
    fn loom_every_waiter_is_woken() {
        model(|| {
            let signal = Shared::default();
            let waiters = [waits(&signal), waits(&signal)];
            signal.request_stop();
            for waiter in waiters {
                waiter.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_waiter_is_woken_when_another_leaves() {
        model(|| {
            let signal = Shared::default();
            let woken = Arc::new(Woken::default());
            let mut leaves = Box::new(signal.stop_requested(Incarnation::FIRST));
            let _ = poll(&mut leaves, &woken);
            let stays = waits(&signal);
            let requests = {
                let signal = signal.clone();
                thread::spawn(move || signal.request_stop())
            };
            drop(leaves);
            stays.join().unwrap();
            requests.join().unwrap();
        });
    }

    #[test]
    fn loom_a_waiter_that_moves_to_another_task_is_woken_there_unless_it_sees_the_request() {
        model(|| {
            let signal = Shared::default();
            let [before, after] = [(); 2].map(|()| Arc::new(Woken::default()));
            let mut waiting = signal.stop_requested(Incarnation::FIRST);
            assert!(!poll(&mut waiting, &before));
            let requests = {
                let signal = signal.clone();
                thread::spawn(move || signal.request_stop())
            };
            let seen = poll(&mut waiting, &after);
            requests.join().unwrap();
            assert!(seen || after.times() == 1);
        });
    }

    #[test]
    fn loom_a_context_has_provided_or_its_setup_is_dropped_and_both_know_which() {
        model(|| {
            let signal = Shared::default();
            let provides = {
                let signal = signal.clone();
                thread::spawn(move || signal.provide(Incarnation::FIRST))
            };
            let drops = signal.drop_setup();
            assert_ne!(provides.join().unwrap(), drops);
        });
    }

    #[test]
    fn loom_a_provide_of_an_earlier_incarnation_does_not_count_in_the_next() {
        model(|| {
            let signal = Shared::default();
            let provides = {
                let signal = signal.clone();
                thread::spawn(move || signal.provide(Incarnation::FIRST))
            };
            signal.begin(1);
            let _ = provides.join().unwrap();
            assert!(signal.provide(signal.incarnation()));
        });
    }

    #[test]
    fn loom_a_new_incarnation_wakes_waiters_of_the_last() {
        model(|| {
            let signal = Shared::default();
            let waiter = waits(&signal);
            signal.begin(1);
            waiter.join().unwrap();
            assert!(signal.is_stop_requested(Incarnation::FIRST) && !signal.is_stop_requested(signal.incarnation()));
        });
    }

    #[test]
    fn loom_a_waiter_of_the_last_incarnation_that_leaves_late_removes_no_other() {
        model(|| {
            let signal = Shared::default();
            let leaves = {
                let (signal, incarnation) = (signal.clone(), signal.incarnation());
                thread::spawn(move || {
                    let mut old = signal.stop_requested(incarnation);
                    let _ = poll(&mut old, &Arc::default());
                })
            };
            signal.begin(1);
            let woken = Arc::new(Woken::default());
            let mut new = signal.stop_requested(signal.incarnation());
            assert!(!poll(&mut new, &woken));
            leaves.join().unwrap();
            signal.request_stop();
            assert_eq!(woken.times(), 1);
        });
    }
}
