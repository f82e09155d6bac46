//! A record of the child that each thread is polling, to name a child that blocks its thread.
//!
//! A unit's stop signal has a flag for a poll of its body. Of children there are many, on many threads at once, and a
//! flag for each would cost a lock or an allocation. So each thread records what it polls.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static THREADS: Mutex<Vec<Arc<AtomicU64>>> = Mutex::new(Vec::new());

thread_local! {
    static HERE: Arc<AtomicU64> = register();
}

fn threads() -> MutexGuard<'static, Vec<Arc<AtomicU64>>> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register() -> Arc<AtomicU64> {
    let here = Arc::default();
    let mut threads = threads();
    // Of a thread that has ended, only the reference in the list is left.
    threads.retain(|thread| Arc::strong_count(thread) > 1);
    threads.push(Arc::clone(&here));
    here
}

/// Runs a poll of the child in this slot of this set of children, and records it. `poll` must not unwind.
pub(crate) fn poll<T>((child_set, slot): (u32, u32), poll: impl FnOnce() -> T) -> T {
    let child = u64::from(child_set) << 32 | u64::from(slot);
    // One may be polled within another, by a `block_on` of its own.
    let swap = |child: u64| {
        let before = HERE.try_with(|here| {
            let before = here.load(Ordering::Relaxed);
            here.store(child, Ordering::Relaxed);
            before
        });
        // A thread that is ending polls nothing that could block it for long.
        before.unwrap_or_default()
    };
    let before = swap(child);
    let polled = poll();
    swap(before);
    polled
}

/// Returns the slots of the children of this set that are being polled.
pub(crate) fn of(child_set: u32) -> Vec<u32> {
    let polled = threads().iter().map(|thread| thread.load(Ordering::Relaxed)).collect::<Vec<_>>();
    let slot = |child: u64| u32::try_from(child & u64::from(u32::MAX)).unwrap_or_default();
    polled.into_iter().filter(|child| child >> 32 == u64::from(child_set)).map(slot).collect()
}
