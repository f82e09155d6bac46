//! The blocked-thread watch: which unit each thread polls, and which poll holds its thread for too long.
//!
//! A poll costs a few plain stores and does not read the clock. The watch thread takes samples, two within the limit,
//! and reports a poll that it finds again past the limit. So the time is counted from the first sample that saw the
//! poll, which is up to half the limit after its start.
//!
//! # Invariants
//! - Only its own thread writes a slot's `cell` and `count`, and `count` changes with every change of `cell`.
//! - Samples are taken while polls begin and end. When none does any more, the next poll wakes the watch thread: a
//!   process that is idle, or blocked for long, is not woken needlessly.
//! - A poll reported as blocked is reported again when it has ended, after all its other events: the report is put into
//!   the slot while its event is being published in the hub, and the thread that takes it out reports the end.
//! - The watch thread publishes nothing itself: an event is a line in the log, and the log may be what blocks.

use std::cell::Cell;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::{Watched, ring};
use crate::base::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};
use crate::base::thread::PollingThread;
use crate::facts::event::Event;
use crate::hub::{Hub, Moment, Tense};
use crate::shared::run::RunShared;
use crate::signal::panics;
use crate::signal::stop_signal::StopSignal;

/// The work of a poll for the watch.
static MODE: AtomicU8 = AtomicU8::new(OFF);
/// Nothing: no run is watched.
const OFF: u8 = 0;
/// Note what is polled, and wake the watch thread: no samples are taken.
const ASLEEP: u8 = 1;
/// Note what is polled.
const AWAKE: u8 = 2;

/// The minimum time between samples.
const CLOSEST: Duration = Duration::from_millis(1);

/// The poll of one thread. More than a cache line long, since processors fetch two at once.
#[repr(align(128))]
struct Slot {
    /// The address of the cell of the unit that is being polled; 0 for none.
    cell: AtomicUsize,
    /// The number of changes of it.
    count: AtomicUsize,
    /// The count of the poll reported as blocked; 0 for none.
    reported: AtomicUsize,
    report: Mutex<Option<Report>>,
    /// Set while a thread reports this slot.
    telling: AtomicBool,
    thread: Mutex<PollingThread>,
}

/// A poll that was found to block.
#[derive(Clone)]
struct Report {
    run: Weak<RunShared>,
    index: usize,
    count: usize,
    /// The first sample that saw it.
    since: Instant,
}

/// The slots of all threads that have polled a unit, including threads that have ended.
struct Slots {
    all: Vec<&'static Slot>,
    free: Vec<&'static Slot>,
}

static SLOTS: std::sync::Mutex<Slots> = std::sync::Mutex::new(Slots { all: Vec::new(), free: Vec::new() });

/// A thread's use of its slot.
struct Lease(&'static Slot);

thread_local! {
    static SLOT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
    static LEASE: Lease = Lease::take();
}

/// Switches the watch on or off.
pub(super) fn set(wanted: bool) {
    if wanted {
        // If it was on already, its mode stays.
        let _ = MODE.compare_exchange(OFF, ASLEEP, Ordering::Relaxed, Ordering::Relaxed);
    } else {
        MODE.store(OFF, Ordering::Relaxed);
    }
}

/// The guard of a poll under watch, from its beginning.
#[must_use = "dropping it marks the poll as ended"]
pub(crate) struct Polling {
    /// `None` if nothing is watched.
    slot: Option<&'static Slot>,
    /// The poll around it: a body may itself run a runtime.
    outer: usize,
}

impl Polling {
    #[inline]
    pub(crate) fn of(cell: &StopSignal) -> Self {
        let mode = MODE.load(Ordering::Relaxed);
        if mode == OFF {
            return Self { slot: None, outer: 0 };
        }
        let Some(slot) = SLOT.get().or_else(Lease::slot) else { return Self { slot: None, outer: 0 } };
        let outer = slot.enter(std::ptr::from_ref(cell).addr());
        if mode == ASLEEP {
            wake();
        }
        Self { slot: Some(slot), outer }
    }

    #[inline]
    pub(crate) fn ended(self) {
        if let Some(blocked) = self.slot.and_then(|slot| slot.leave(self.outer)) {
            blocked.tell_end();
        }
    }
}

#[cold]
fn wake() {
    if MODE.compare_exchange(ASLEEP, AWAKE, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        ring();
    }
}

fn slots() -> std::sync::MutexGuard<'static, Slots> {
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    /// Returns this thread's slot; `None` when the thread is ending.
    #[cold]
    fn slot() -> Option<&'static Slot> {
        LEASE.try_with(|lease| lease.0).ok().inspect(|slot| SLOT.set(Some(slot)))
    }

    fn take() -> Self {
        let mut slots = slots();
        let free = slots.free.pop();
        let slot = free.unwrap_or_else(|| {
            // There are as many as threads poll at once, and they are reused.
            let slot: &'static Slot = Box::leak(Box::default());
            slots.all.push(slot);
            slot
        });
        drop(slots);
        *slot.thread.lock().unwrap_or_else(PoisonError::into_inner) = PollingThread::current();
        Self(slot)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        SLOT.set(None);
        slots().free.push(self.0);
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            cell: AtomicUsize::new(0),
            count: AtomicUsize::new(1),
            reported: AtomicUsize::new(0),
            report: Mutex::new(None),
            telling: AtomicBool::new(false),
            thread: Mutex::new(PollingThread::default()),
        }
    }
}

impl Slot {
    /// Notes that a poll begins. Returns what was polled around it.
    fn enter(&self, cell: usize) -> usize {
        let outer = self.cell.load(Ordering::Relaxed);
        let count = self.count.load(Ordering::Relaxed);
        self.cell.store(cell, Ordering::Relaxed);
        self.count.store(count.wrapping_add(1), Ordering::Release);
        outer
    }

    /// Notes that a poll has ended. Returns its report if it was reported as blocked: its end must be reported.
    fn leave(&self, outer: usize) -> Option<Report> {
        let count = self.count.load(Ordering::Relaxed);
        self.cell.store(outer, Ordering::Relaxed);
        self.count.store(count.wrapping_add(1), Ordering::Release);
        if self.reported.load(Ordering::Relaxed) == count { self.take(count) } else { None }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Stores a report if that poll is still running: its end is then reported by the thread that takes it out.
    fn hold(&self, report: Report) -> bool {
        let mut held = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = self.count() == report.count;
        if goes_on {
            self.reported.store(report.count, Ordering::Relaxed);
            *held = Some(report);
        }
        goes_on
    }

    #[cold]
    fn take(&self, count: usize) -> Option<Report> {
        let mut held = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let report = held.take_if(|report| report.count == count)?;
        self.reported.store(0, Ordering::Relaxed);
        Some(report)
    }

    /// Reports that the poll of this count has ended, unless another thread does.
    fn tell_end(&self, count: usize) {
        if let Some(report) = self.take(count) {
            report.tell_end();
        }
    }

    /// Reports that a poll blocks.
    fn tell_blocked(&self, report: &Report) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).clone();
        thread.look();
        report.say(|now| {
            // While the event is being published: the thread that sees the report publishes the end after it. What was
            // looked at before belongs to the poll, if that is still running.
            let (unit, lasted) = (now.unit(report.index), report.since.elapsed());
            self.hold(report.clone()).then_some(Event::Blocked { unit, lasted, thread })
        });
        // It may have ended before it could see the report.
        if self.count() != report.count {
            self.tell_end(report.count);
        }
    }
}

impl Report {
    fn tell_end(&self) {
        let lasted = self.since.elapsed();
        self.say(|now| Some(Event::Unblocked { unit: now.unit(self.index), lasted }));
    }

    fn say(&self, make: impl FnOnce(&Tense<'_>) -> Option<Event>) {
        let Some(run) = self.run.upgrade() else { return };
        // It changes no unit's status, so its time is not used.
        let say = || run.span.in_scope(|| Hub::send_if(run.app.hub(), Moment::default(), make));
        // A subscriber that panics loses only this line.
        drop(panics::catch(say));
    }
}

/// The watch thread's state from one sample to the next.
#[derive(Default)]
pub(super) struct Sampler {
    seen: Vec<Seen>,
    pace: Pace,
    /// When the next poll passes its limit, or twice the time reported last.
    limit: Option<Instant>,
}

/// When the next sample is due. Polls need not wake the watch thread while a sample will see them.
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
        let find = |cell| {
            runs.iter().find_map(|run| Some((run, run.limits.get().blocked_after?, run.stop_signals.position(cell)?)))
        };
        let all = slots();
        let found = self.sample(now, shortest, &all.all, |cell| find(cell).map(|(_, limit, _)| limit));
        drop(all);
        let mode = self.pace.mode();
        // If the watch was switched off meanwhile, it stays off.
        let _ = MODE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now != OFF).then_some(mode));
        for Found { slot, cell, count, since } in found {
            match (cell.and_then(find), cell) {
                (Some((run, _, index)), _) => {
                    let report = Report { run: run.run.clone(), index, count, since };
                    on_a_thread(slot, move || slot.tell_blocked(&report));
                }
                (None, None) => on_a_thread(slot, move || slot.tell_end(count)),
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
            let cell = slot.cell.load(Ordering::Relaxed);
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
                found.push(Found { slot, cell: None, count: reported, since: now });
            }
            let Some(limit) = Some(cell).filter(|&cell| cell != 0).and_then(&limit) else { continue };
            let mut next = seen.next.unwrap_or(limit);
            let lasted = now.saturating_duration_since(seen.since);
            if lasted >= next {
                found.push(Found { slot, cell: Some(cell), count, since: seen.since });
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
    cell: Option<usize>,
    count: usize,
    since: Instant,
}

/// Reports a slot on a separate thread, unless an earlier one is still working on it.
fn on_a_thread(slot: &'static Slot, tell: impl FnOnce() + Send + 'static) {
    if slot.telling.swap(true, Ordering::Acquire) {
        return;
    }
    let teller = std::thread::Builder::new().name("lifespan-blocked".to_owned()).spawn(move || {
        tell();
        slot.telling.store(false, Ordering::Release);
    });
    if teller.is_err() {
        // Without a thread it is reported when the time has doubled, if a thread can be started then.
        slot.telling.store(false, Ordering::Release);
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
    fn a_poll_that_goes_on_is_told_of_at_its_limit_and_whenever_the_time_has_doubled() {
        let mut watch = Watch::new();
        watch.slot.enter(8);
        let mut told = Vec::new();
        for _ in 0..8 {
            told.extend(watch.look());
            watch.sleeps();
        }
        assert_eq!(told, [100, 200, 400, 800, 1600, 3200]);
    }

    #[test]
    fn polls_that_are_short_are_not_told_of_however_many_they_are() {
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
    fn when_nothing_is_polled_it_sleeps_until_it_is_rung() {
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
    fn rung_before_the_first_poll_it_is_rung_by_that_poll() {
        let mut watch = Watch::new();
        assert!(watch.sampler.sample(watch.now, LIMIT, &[], |_| Some(LIMIT)).is_empty());
        assert_eq!((watch.sleeps(), watch.sampler.pace.mode()), (None, ASLEEP));
        watch.slot.enter(8);
        watch.look();
        assert_eq!((watch.sleeps(), watch.sampler.pace.mode()), (Some(50), AWAKE));
    }

    #[test]
    fn rung_early_it_does_not_take_the_quiet_of_a_moment_for_quiet() {
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
    fn a_poll_within_a_poll_is_its_own_and_the_outer_one_goes_on_behind_it() {
        let slot = Slot::default();
        assert_eq!(slot.enter(8), 0);
        assert_eq!(slot.enter(16), 8);
        assert!(slot.leave(8).is_none());
        assert_eq!((slot.cell.load(Ordering::Relaxed), slot.count()), (8, 4));
        assert!(slot.leave(0).is_none());
        assert_eq!((slot.cell.load(Ordering::Relaxed), slot.count()), (0, 5));
    }
}

#[cfg(all(test, lifespan_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;
    use crate::base::sync::model;

    fn report(count: usize) -> Report {
        Report { run: Weak::new(), index: 0, count, since: Instant::now() }
    }

    /// Returns what the next sample does with the report of a poll that has ended.
    fn sampled(slot: &Slot) -> Option<Report> {
        let reported = slot.reported.load(Ordering::Relaxed);
        if reported != 0 && reported != slot.count() { slot.take(reported) } else { None }
    }

    #[test]
    fn loom_the_end_of_a_poll_that_was_told_of_is_told_once_and_of_another_never() {
        model(|| {
            let slot = Arc::new(Slot::default());
            slot.enter(1);
            let count = slot.count();
            let teller = thread::spawn({
                let slot = Arc::clone(&slot);
                move || {
                    let held = slot.hold(report(count));
                    let ended = slot.count() != count;
                    (held, ended.then(|| slot.take(count)).flatten())
                }
            });
            let by_poll = slot.leave(0);
            // The next poll of this thread is not reported.
            slot.enter(2);
            let by_next = slot.leave(0);
            let (held, by_teller) = teller.join().unwrap();
            let ends = [by_poll, by_next, by_teller, sampled(&slot)].into_iter().flatten().collect::<Vec<_>>();
            assert_eq!(ends.len(), usize::from(held));
            assert!(ends.iter().all(|end| end.count == count));
        });
    }

    #[test]
    fn loom_of_two_samples_that_find_an_end_one_tells_it() {
        model(|| {
            let slot = Arc::new(Slot::default());
            slot.enter(1);
            assert!(slot.hold(report(slot.count())));
            let sampler = thread::spawn({
                let slot = Arc::clone(&slot);
                move || sampled(&slot)
            });
            let by_poll = slot.leave(0);
            let by_sample = sampler.join().unwrap();
            assert_eq!(by_poll.into_iter().chain(by_sample).count(), 1);
        });
    }
}
