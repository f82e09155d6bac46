//! Isolated children: counts their failures, keeps the last, and says when there are too many.
//!
//! # Invariants
//! - No user code runs under the lock, and no other lock is taken under it.
//! - Of failures of one kind, errors or panics, at most one event a second is sent; it counts those that had none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long there is no other event of the same kind.
const QUIET: Duration = Duration::from_secs(1);

/// What is known of the isolated children of one handle.
#[derive(Default)]
pub(crate) struct Isolation {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    failed: u64,
    last: Option<Arc<str>>,
    /// So many may fail within this time.
    limit: Option<(u32, Duration)>,
    /// When the last ones failed: no more than the limit allows, and one.
    recent: VecDeque<Instant>,
    errors: Told,
    panics: Told,
}

/// What was told of one kind of failure.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    /// How many were not told since.
    more: u64,
}

/// What follows from a failure.
pub(crate) struct Verdict {
    /// An event is to be sent, which counts so many others.
    pub(crate) tell: Option<u64>,
    /// More have failed than may.
    pub(crate) too_many: bool,
}

impl Isolation {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how many may fail within a time.
    pub(crate) fn set_limit(&self, most: u32, per: Duration) {
        self.lock().limit = Some((most, per));
    }

    /// Returns how many have failed, and what went wrong in the last.
    pub(crate) fn so_far(&self) -> (u64, Option<Arc<str>>) {
        let inner = self.lock();
        (inner.failed, inner.last.clone())
    }

    /// Takes in a failure.
    pub(crate) fn failed(&self, now: Instant, words: &str, panicked: bool) -> Verdict {
        let mut inner = self.lock();
        inner.failed += 1;
        inner.last = Some(words.into());
        let told = if panicked { &mut inner.panics } else { &mut inner.errors };
        Verdict { tell: told.tell(now), too_many: inner.are_too_many(now) }
    }
}

impl Inner {
    fn are_too_many(&mut self, now: Instant) -> bool {
        let Some((most, per)) = self.limit else { return false };
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|&at| now.duration_since(at) > per) {
            self.recent.pop_front();
        }
        let too_many = self.recent.len() > most as usize;
        if too_many {
            self.recent.pop_front();
        }
        too_many
    }
}

impl Told {
    fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.at.is_some_and(|at| now.duration_since(at) < QUIET) {
            self.more += 1;
            return None;
        }
        self.at = Some(now);
        Some(std::mem::take(&mut self.more))
    }
}
