//! A unit's stop signal: asks one incarnation of it to stop, and holds the few other facts that its futures, the driver
//! and the watch thread share.
//!
//! # Invariants
//! - The word is changed before the waiters are taken, and a waiter reads it again under their lock, so none is missed.
//! - Once an incarnation has been asked to stop it stays stopped: a `Shutdown` handle from before a restart keeps
//!   reporting shutdown.
//! - Of a context's `provide` and the driver's `drop_setup`, the first counts, and both know which, because each
//!   changes the word in one step.
//! - Only the task that runs the unit sets and clears `polled` and `holder_dropped`; no other data depends on
//!   `holder_dropped`. A thread that sees `polled` cleared sees what that poll has done to the word, since the store
//!   releases it.
//! - A waiter that is dropped removes itself, so a long-lived signal does not collect waiters.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
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

#[cfg(all(test, lifespan_loom))]
mod models;
#[cfg(test)]
mod tests;
