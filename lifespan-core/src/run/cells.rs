//! What every unit's futures, the sequencer and the watch thread share of each registration.
//!
//! # Invariants
//! - `TOLD` is set before the waiters are notified, and a waiter enlists before it looks at the flag: none misses it.
//! - `TOLD` is only ever set; the one task that runs the unit sets and clears `POLLED`, and clears `LET_GO`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::event::Reason;

const TOLD: u8 = 1;
const POLLED: u8 = 2;
const LET_GO: u8 = 4;

/// One registration's flags.
pub(crate) struct Cell {
    flags: AtomicU8,
    waiters: Notify,
}

impl Cell {
    fn new() -> Self {
        Self { flags: AtomicU8::new(0), waiters: Notify::new() }
    }

    pub(crate) fn tell(&self) {
        self.flags.fetch_or(TOLD, Ordering::Release);
        self.waiters.notify_waiters();
    }

    pub(crate) fn is_told(&self) -> bool {
        self.flags.load(Ordering::Acquire) & TOLD != 0
    }

    /// Waits until it is told.
    pub(crate) async fn told(&self) {
        let notified = self.waiters.notified();
        if !self.is_told() {
            notified.await;
        }
    }

    pub(crate) fn set_polled(&self, polled: bool) {
        if polled {
            self.flags.fetch_or(POLLED, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!POLLED, Ordering::Relaxed);
        }
    }

    /// Notes that the future which holds the resource was dropped while the body is being polled.
    pub(crate) fn set_let_go(&self) {
        self.flags.fetch_or(LET_GO, Ordering::Relaxed);
    }

    pub(crate) fn take_let_go(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & LET_GO != 0
            && self.flags.fetch_and(!LET_GO, Ordering::Relaxed) & LET_GO != 0
    }

    /// Whether its body is on a thread at this moment.
    pub(crate) fn is_polled(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & POLLED != 0
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
        Self { cells: (0..count).map(|_| Cell::new()).collect(), reason: OnceLock::new() }
    }

    pub(crate) fn of(&self, index: usize) -> &Cell {
        &self.cells[index]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter()
    }
}
