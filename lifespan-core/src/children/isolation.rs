//! Isolated children: counts their failures, keeps the last, and detects when there are too many.
//!
//! # Invariants
//! - No user code runs under the lock, and no other lock is taken under it.
//! - At most one event a second is sent for each kind of failure, errors and panics. It counts the failures without
//!   one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::error_box::{self};
use crate::base::{BoxError, short};

/// The time after an event in which no other of the same kind is sent.
const QUIET: Duration = Duration::from_secs(1);

/// The failures of the isolated children of one handle.
#[derive(Default)]
pub(crate) struct Isolation {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    failed: u64,
    last: Option<Arc<str>>,
    /// The number of failures allowed within a time.
    limit: Option<(u32, Duration)>,
    /// The times of the last failures: at most one more than the limit allows.
    recent: VecDeque<Instant>,
    errors: Reported,
    panics: Reported,
}

/// The last event of one kind of failure.
#[derive(Default)]
struct Reported {
    at: Option<Instant>,
    /// The number of failures since then, which had no event.
    more: u64,
}

/// The consequence of a failure.
pub(crate) struct Verdict {
    /// Set if an event is to be sent, with the number of earlier failures that had none.
    pub(crate) report: Option<u64>,
    /// Set if more have failed than allowed.
    pub(crate) too_many: Option<Rate>,
}

/// The number of failures within a time, and the number allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    failed: usize,
    most: u32,
    per: Duration,
}

impl Rate {
    /// Makes the error of the unit, with the error of the last child as its source.
    pub(crate) fn exceeded_by(self, last: BoxError) -> BoxError {
        error_box::because(self.to_string(), last)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, most, per } = *self;
        let children = if failed == 1 { "child" } else { "children" };
        write!(f, "{failed} isolated {children} failed within {}, and `fail_above` allows ", short(per))?;
        if most == 0 { f.write_str("none") } else { write!(f, "{most}") }
    }
}

impl Isolation {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the number of failures allowed within a time.
    pub(crate) fn set_limit(&self, most: u32, per: Duration) {
        self.lock().limit = Some((most, per));
    }

    /// Returns the number of failures, and the text of the last.
    pub(crate) fn so_far(&self) -> (u64, Option<Arc<str>>) {
        let inner = self.lock();
        (inner.failed, inner.last.clone())
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, now: Instant, words: &str, panicked: bool) -> Verdict {
        let mut inner = self.lock();
        inner.failed += 1;
        inner.last = Some(words.into());
        let reported = if panicked { &mut inner.panics } else { &mut inner.errors };
        Verdict { report: reported.count(now), too_many: inner.exceeds(now) }
    }
}

impl Inner {
    fn exceeds(&mut self, now: Instant) -> Option<Rate> {
        let (most, per) = self.limit?;
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|&at| now.duration_since(at) > per) {
            self.recent.pop_front();
        }
        let failed = self.recent.len();
        (failed > most as usize).then(|| {
            self.recent.pop_front();
            Rate { failed, most, per }
        })
    }
}

impl Reported {
    /// Counts a failure. If an event is to be sent, returns the number of failures before that had none.
    fn count(&mut self, now: Instant) -> Option<u64> {
        if self.at.is_some_and(|at| now.duration_since(at) < QUIET) {
            self.more += 1;
            return None;
        }
        self.at = Some(now);
        Some(std::mem::take(&mut self.more))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::base::error_box::{Keep, Text};

    const SECOND: Duration = Duration::from_secs(1);

    fn fails(isolation: &Isolation, words: &str) -> Verdict {
        isolation.failed(Instant::now(), words, false)
    }

    fn panics(isolation: &Isolation) -> Verdict {
        isolation.failed(Instant::now(), "panicked", true)
    }

    /// Returns, for each of this many failures with this time between them, whether it was above the limit.
    async fn are_too_many(limit: (u32, Duration), failures: u32, between: Duration) -> Vec<bool> {
        let isolation = Isolation::default();
        isolation.set_limit(limit.0, limit.1);
        let mut verdicts = Vec::new();
        for number in 0..failures {
            if number > 0 {
                advance(between).await;
            }
            verdicts.push(fails(&isolation, "broken").too_many.is_some());
        }
        verdicts
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_counted_and_the_last_is_kept() {
        let isolation = Isolation::default();
        assert_eq!(isolation.so_far(), (0, None));
        fails(&isolation, "first");
        panics(&isolation);
        fails(&isolation, "last");
        assert_eq!(isolation.so_far(), (3, Some("last".into())));
    }

    #[tokio::test(start_paused = true)]
    async fn one_event_a_second_of_each_kind_counts_those_that_had_none() {
        let isolation = Isolation::default();
        assert_eq!(fails(&isolation, "1").report, Some(0));
        assert_eq!(panics(&isolation).report, Some(0), "of the other kind");
        for _ in 0..3 {
            assert_eq!(fails(&isolation, "again").report, None);
        }
        advance(Duration::from_millis(999)).await;
        assert_eq!(fails(&isolation, "again").report, None);
        advance(Duration::from_millis(1)).await;
        assert_eq!((fails(&isolation, "later").report, panics(&isolation).report), (Some(4), Some(0)));
        advance(60 * SECOND).await;
        assert_eq!(fails(&isolation, "much later").report, Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_than_the_limit_within_the_time_is_too_many() {
        assert_eq!(are_too_many((2, 10 * SECOND), 3, SECOND).await, [false, false, true]);
        assert_eq!(are_too_many((2, 10 * SECOND), 4, 5 * SECOND).await, [false, false, true, true], "at the very end");
        assert_eq!(are_too_many((2, 10 * SECOND), 9, 6 * SECOND).await, [false; 9]);
        assert_eq!(are_too_many((0, SECOND), 1, SECOND).await, [true]);
        assert_eq!(are_too_many((0, Duration::ZERO), 2, SECOND).await, [true, true]);
        assert_eq!(are_too_many((1, Duration::ZERO), 3, SECOND).await, [false; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_none_are_too_many_and_no_times_are_kept() {
        let isolation = Isolation::default();
        for _ in 0..1000 {
            assert!(fails(&isolation, "broken").too_many.is_none());
        }
        assert_eq!(isolation.lock().recent.len(), 0);
        // Failures before the limit was set do not count.
        isolation.set_limit(1, SECOND);
        assert!(fails(&isolation, "broken").too_many.is_none());
        assert!(fails(&isolation, "broken").too_many.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_times_are_kept_than_the_limit_needs() {
        let isolation = Isolation::default();
        isolation.set_limit(3, 60 * SECOND);
        for _ in 0..1000 {
            fails(&isolation, "broken");
            advance(Duration::from_millis(1)).await;
        }
        assert_eq!(isolation.lock().recent.len(), 3);
    }

    #[test]
    fn the_error_says_the_rate_and_its_source_is_the_last_failure() {
        let rate = |failed, most| Rate { failed, most, per: 10 * SECOND };
        let error = rate(4, 3).exceeded_by(Text::keep("reset by peer".to_owned()));
        assert_eq!(error.to_string(), "4 isolated children failed within 10 s, and `fail_above` allows 3");
        assert_eq!(error.source().unwrap().to_string(), "reset by peer");
        let error = error_box::take::<u8>(error).expect_err("it is a text");
        assert!(error.source().is_some(), "all of it is given back");
        assert_eq!(error_box::take::<String>(error).ok().as_deref(), Some("reset by peer"));
    }
}
