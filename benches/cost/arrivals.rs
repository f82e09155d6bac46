//! Counts the tasks that have run to their first await, the same way for every contestant.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

static ARRIVED: AtomicUsize = AtomicUsize::new(0);
static EXPECTED: AtomicUsize = AtomicUsize::new(usize::MAX);
static ALL: Notify = Notify::const_new();

/// Says how many are to come.
pub fn expect(count: usize) {
    EXPECTED.store(count, Ordering::Relaxed);
}

/// One is there.
pub fn arrive() {
    if ARRIVED.fetch_add(1, Ordering::Relaxed) + 1 == EXPECTED.load(Ordering::Relaxed) {
        ALL.notify_one();
    }
}

/// Waits until all are there.
pub async fn all() {
    ALL.notified().await;
}

/// How many are there.
pub fn count() -> usize {
    ARRIVED.load(Ordering::Relaxed)
}
