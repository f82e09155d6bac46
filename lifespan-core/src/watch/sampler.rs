//! Samples of what each thread polls: finds the polls that hold their thread for too long.
//!
//! The watch thread takes samples, two within the limit, and reports a poll that it finds again past the limit. So the
//! time is counted from the first sample that saw the poll, which is up to half the limit after its start.
//!
//! # Invariants
//! - Samples are taken while polls begin and end. When none does any more, the next poll wakes the watch thread: a
//!   process that is idle, or blocked for long, is not woken needlessly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::polling::{ASLEEP, AWAKE, MODE, OFF, Report, Slot, slots};
use super::watched::Watched;
use crate::base::spawn;
use crate::base::sync::Ordering;

/// The minimum time between samples.
const CLOSEST: Duration = Duration::from_millis(1);

/// The watch thread's state from one sample to the next.
#[derive(Default)]
pub(super) struct Sampler {
    seen: Vec<Seen>,
    pace: Pace,
    /// The time at which the next poll passes its limit, or twice the time reported last.
    limit: Option<Instant>,
}

/// The time of the next sample. Polls need not wake the watch thread while a sample will see them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Pace {
    /// Never: the next poll wakes the watch thread.
    #[default]
    Asleep,
    /// Polls begin and end.
    Awake(Instant),
    /// The last sample saw no poll begin or end, and polls must wake the watch thread. A poll that began at that moment
    /// may have missed this, and may have been missed; only after one more sample, long after for a processor, do
    /// samples stop.
    Settling(Instant),
}

impl Pace {
    fn due(self) -> Option<Instant> {
        match self {
            Pace::Asleep => None,
            Pace::Awake(at) | Pace::Settling(at) => Some(at),
        }
    }

    /// Returns the pace after a sample, given whether it saw that a poll began or ended.
    fn after(self, changed: bool, now: Instant, next: Instant) -> Self {
        match self {
            _ if changed => Pace::Awake(next),
            Pace::Awake(at) if at <= now => Pace::Settling(next),
            Pace::Settling(at) if at <= now => Pace::Asleep,
            pace => pace,
        }
    }

    /// Returns what polls have to do.
    fn mode(self) -> u8 {
        if let Pace::Awake(_) = self { AWAKE } else { ASLEEP }
    }
}

/// One slot, as the last sample saw it.
struct Seen {
    count: usize,
    since: Instant,
    /// The time after which it is reported next.
    next: Option<Duration>,
}

impl Sampler {
    /// Returns when to look again.
    pub(super) fn next(&self) -> Option<Instant> {
        self.pace.due().into_iter().chain(self.limit).min()
    }

    /// Looks at what every thread polls, and starts the reports of those that block.
    pub(super) fn look(&mut self, now: Instant, runs: &[Arc<Watched>]) {
        let Some(shortest) = runs.iter().filter_map(|run| run.limits.get().blocked_after).min() else {
            *self = Self::default();
            return;
        };
        let find = |signal| {
            runs.iter().find_map(|run| Some((run, run.limits.get().blocked_after?, run.stop_signals.position(signal)?)))
        };
        let all = slots();
        let found = self.sample(now, shortest, &all.all, |signal| find(signal).map(|(_, limit, _)| limit));
        drop(all);
        let mode = self.pace.mode();
        // If the watch was switched off meanwhile, it stays off.
        let _ = MODE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now != OFF).then_some(mode));
        for Found { slot, signal, count, since } in found {
            match (signal.and_then(find), signal) {
                (Some((run, _, index)), _) => {
                    let report = Report { run: run.run.clone(), index, count, since };
                    on_a_thread(slot, move || slot.report_blocked(&report));
                }
                (None, None) => on_a_thread(slot, move || slot.report_end(count)),
                // Its run is over.
                (None, Some(_)) => {}
            }
        }
    }

    /// Takes a sample. Returns the polls to report: those that block, and those that have ended unnoticed.
    fn sample(
        &mut self,
        now: Instant,
        shortest: Duration,
        slots: &[&'static Slot],
        limit: impl Fn(usize) -> Option<Duration>,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        let mut changed = false;
        self.limit = None;
        for (position, slot) in slots.iter().enumerate() {
            let count = slot.count();
            let signal = slot.signal.load(Ordering::Relaxed);
            if self.seen.len() == position {
                self.seen.push(Seen { count: 0, since: now, next: None });
            }
            let seen = &mut self.seen[position];
            if seen.count != count {
                *seen = Seen { count, since: now, next: None };
                changed = true;
            }
            let reported = slot.reported.load(Ordering::Relaxed);
            if reported != 0 && reported != count {
                found.push(Found { slot, signal: None, count: reported, since: now });
            }
            let Some(limit) = Some(signal).filter(|&signal| signal != 0).and_then(&limit) else { continue };
            let mut next = seen.next.unwrap_or(limit);
            let lasted = now.saturating_duration_since(seen.since);
            if lasted >= next {
                found.push(Found { slot, signal: Some(signal), count, since: seen.since });
                while lasted >= next {
                    next = next.saturating_mul(2);
                }
            }
            seen.next = Some(next);
            self.limit = self.limit.into_iter().chain(seen.since.checked_add(next)).min();
        }
        self.pace = self.pace.after(changed, now, now + (shortest / 2).max(CLOSEST));
        found
    }
}

/// A poll to report.
struct Found {
    slot: &'static Slot,
    /// The unit; `None` if the poll has ended.
    signal: Option<usize>,
    count: usize,
    since: Instant,
}

/// Reports a slot on a separate thread, unless an earlier one is still working on it.
fn on_a_thread(slot: &'static Slot, report: impl FnOnce() + Send + 'static) {
    if slot.reporting.swap(true, Ordering::Acquire) {
        return;
    }
    let thread = spawn("lifespan-blocked", move || {
        report();
        slot.reporting.store(false, Ordering::Release);
    });
    if thread.is_err() {
        // Without a thread it is reported when the time has doubled, if a thread can be started then.
        slot.reporting.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    /// One thread's slot, a sampler, and a clock that the test moves.
    struct Watch {
        slot: &'static Slot,
        sampler: Sampler,
        now: Instant,
    }

    impl Watch {
        fn new() -> Self {
            Self { slot: Box::leak(Box::default()), sampler: Sampler::default(), now: Instant::now() }
        }

        /// Takes a sample at this moment; returns after how many milliseconds the blocked poll is reported.
        fn look(&mut self) -> Vec<u128> {
            let found = self.sampler.sample(self.now, LIMIT, &[self.slot], |_| Some(LIMIT));
            found.iter().map(|found| (self.now - found.since).as_millis()).collect()
        }

        /// Returns how many milliseconds it sleeps; `None` until it is woken.
        fn sleeps(&mut self) -> Option<u128> {
            let next = self.sampler.next()?;
            let slept = next - self.now;
            self.now = next;
            Some(slept.as_millis())
        }
    }

    #[test]
    fn a_poll_that_goes_on_is_reported_at_its_limit_and_whenever_the_time_has_doubled() {
        let mut watch = Watch::new();
        watch.slot.enter(8);
        let mut reported = Vec::new();
        for _ in 0..8 {
            reported.extend(watch.look());
            watch.sleeps();
        }
        assert_eq!(reported, [100, 200, 400, 800, 1600, 3200]);
    }

    #[test]
    fn short_polls_are_not_reported_however_many_they_are() {
        let mut watch = Watch::new();
        for _ in 0..100 {
            watch.slot.enter(8);
            assert!(watch.look().is_empty());
            assert_eq!(watch.sleeps(), Some(50));
            assert!(watch.look().is_empty());
            assert!(watch.slot.leave(0).is_none());
        }
    }

    #[test]
    fn when_nothing_is_polled_it_sleeps_until_it_is_woken() {
        let mut watch = Watch::new();
        watch.slot.enter(8);
        assert!(watch.slot.leave(0).is_none());
        let mut slept = Vec::new();
        for _ in 0..3 {
            assert!(watch.look().is_empty());
            slept.push(watch.sleeps());
        }
        assert_eq!(slept, [Some(50), Some(50), None]);
        // Woken for another reason, it sleeps again; woken by a poll, it takes samples.
        watch.look();
        assert_eq!((watch.sleeps(), watch.sampler.pace.mode()), (None, ASLEEP));
        watch.slot.enter(8);
        watch.look();
        assert_eq!(watch.sleeps(), Some(50));
    }

    #[test]
    fn woken_before_the_first_poll_it_is_woken_by_that_poll() {
        let mut watch = Watch::new();
        assert!(watch.sampler.sample(watch.now, LIMIT, &[], |_| Some(LIMIT)).is_empty());
        assert_eq!((watch.sleeps(), watch.sampler.pace.mode()), (None, ASLEEP));
        watch.slot.enter(8);
        watch.look();
        assert_eq!((watch.sleeps(), watch.sampler.pace.mode()), (Some(50), AWAKE));
    }

    #[test]
    fn woken_early_it_keeps_taking_samples() {
        let mut watch = Watch::new();
        watch.slot.enter(8);
        assert!(watch.slot.leave(0).is_none());
        for _ in 0..5 {
            watch.look();
        }
        assert_eq!(watch.sampler.pace.mode(), AWAKE);
        assert_eq!(watch.sleeps(), Some(50));
    }

    #[test]
    fn a_poll_within_a_poll_is_its_own_and_the_outer_one_goes_on_after_it() {
        let slot = Slot::default();
        assert_eq!(slot.enter(8), 0);
        assert_eq!(slot.enter(16), 8);
        assert!(slot.leave(8).is_none());
        assert_eq!((slot.signal.load(Ordering::Relaxed), slot.count()), (8, 4));
        assert!(slot.leave(0).is_none());
        assert_eq!((slot.signal.load(Ordering::Relaxed), slot.count()), (0, 5));
    }
}
