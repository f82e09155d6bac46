//! The blocked-thread watch: which unit each thread polls, and which poll holds its thread for too long.
//!
//! A poll costs a few plain stores and no look at the clock. The watch thread takes samples, two within the limit, and
//! reports a poll that it finds again past the limit. So a time is counted from the first sample that saw the poll, which
//! is up to half the limit after its start.
//!
//! # Invariants
//! - A slot's `cell` and `count` are written by its own thread alone, and `count` changes with every change of `cell`.
//! - Samples are taken while polls begin and end. When none does any more, the next poll rings the watch thread: a process
//!   that is idle, or blocked for long, is not woken for nothing.
//! - A poll that was told of as blocked is told of once more when it has ended, and after all else that is said of it:
//!   the report goes into the slot while its event has its turn in the hub, and whoever takes it out tells of the end.
//! - The watch thread tells nothing itself. An event is a line in the log, and the log may be what blocks.

use std::cell::Cell;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::thread::PollingThread;
use super::{Watched, ring};
use crate::event::Event;
use crate::run::stop_signal::StopSignal;
use crate::run::{Lasting, panics};
use crate::state::{Hub, Moment, Tense};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};

/// What polls have to do.
static MODE: AtomicU8 = AtomicU8::new(OFF);
/// Nothing: no run wants to be watched.
const OFF: u8 = 0;
/// Note what is polled, and ring: no samples are taken.
const ASLEEP: u8 = 1;
/// Note what is polled.
const AWAKE: u8 = 2;

/// No samples are taken closer together.
const CLOSEST: Duration = Duration::from_millis(1);

/// What one thread polls. On a cache line of its own, and more, since processors fetch two at once.
#[repr(align(128))]
struct Slot {
    /// The address of the cell of the unit that is being polled; 0 for none.
    cell: AtomicUsize,
    /// How often that has changed.
    count: AtomicUsize,
    /// The count of the poll that was told of as blocked; 0 for none.
    reported: AtomicUsize,
    report: Mutex<Option<Report>>,
    /// Somebody is telling of this slot.
    telling: AtomicBool,
    thread: Mutex<PollingThread>,
}

/// A poll that was found to block.
#[derive(Clone)]
struct Report {
    run: Weak<Lasting>,
    index: usize,
    count: usize,
    /// The first sample that saw it.
    since: Instant,
}

/// The slots of all threads that have polled a unit, and those whose threads have ended since.
struct Slots {
    all: Vec<&'static Slot>,
    free: Vec<&'static Slot>,
}

static SLOTS: std::sync::Mutex<Slots> = std::sync::Mutex::new(Slots { all: Vec::new(), free: Vec::new() });

/// A thread's hold on its slot.
struct Lease(&'static Slot);

thread_local! {
    static SLOT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
    static LEASE: Lease = Lease::take();
}

/// Switches the watch on or off.
pub(super) fn set(wanted: bool) {
    if wanted {
        // Who was on stays as it was.
        let _ = MODE.compare_exchange(OFF, ASLEEP, Ordering::Relaxed, Ordering::Relaxed);
    } else {
        MODE.store(OFF, Ordering::Relaxed);
    }
}

/// A poll under watch, from its beginning.
#[must_use = "a poll that has ended says so"]
pub(crate) struct Polling {
    /// None where nothing is watched.
    slot: Option<&'static Slot>,
    /// What was polled around it: a body may itself run a runtime.
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
    /// This thread's slot; none when the thread is ending.
    #[cold]
    fn slot() -> Option<&'static Slot> {
        LEASE.try_with(|lease| lease.0).ok().inspect(|slot| SLOT.set(Some(slot)))
    }

    fn take() -> Self {
        let mut slots = slots();
        let free = slots.free.pop();
        let slot = free.unwrap_or_else(|| {
            // There are as many as threads poll at once, and they are used again.
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
    /// A poll begins. Gives what was polled around it.
    fn enter(&self, cell: usize) -> usize {
        let outer = self.cell.load(Ordering::Relaxed);
        let count = self.count.load(Ordering::Relaxed);
        self.cell.store(cell, Ordering::Relaxed);
        self.count.store(count.wrapping_add(1), Ordering::Release);
        outer
    }

    /// A poll has ended. Gives the report of it, if it was told of as blocked: its end is to be told.
    fn leave(&self, outer: usize) -> Option<Report> {
        let count = self.count.load(Ordering::Relaxed);
        self.cell.store(outer, Ordering::Relaxed);
        self.count.store(count.wrapping_add(1), Ordering::Release);
        if self.reported.load(Ordering::Relaxed) == count { self.take(count) } else { None }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Takes a report in, if that poll still goes on: its end is then told by whoever takes it out.
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

    /// Tells that the poll of this count has ended, unless somebody else does.
    fn tell_end(&self, count: usize) {
        if let Some(report) = self.take(count) {
            report.tell_end();
        }
    }

    /// Tells that a poll blocks.
    fn tell_blocked(&self, report: &Report) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).clone();
        thread.look();
        report.say(|now| {
            // While the event has its turn: whoever sees the report there tells of the end behind it. What was looked at
            // before belongs to the poll, if that goes on.
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
        // No unit comes to another status with it, so the moment is nobody's.
        let say = || run.span.in_scope(|| Hub::send_if(run.app.hub(), Moment::default(), make));
        // A subscriber that panics costs its line.
        drop(panics::catch(say));
    }
}

/// What the watch thread remembers from one sample to the next.
#[derive(Default)]
pub(super) struct Sampler {
    seen: Vec<Seen>,
    pace: Pace,
    /// When the next poll is past its limit, or past twice what was told of it.
    limit: Option<Instant>,
}

/// When the next sample is due. Polls are silent only while there is one that sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Pace {
    /// Never: the next poll rings.
    #[default]
    Asleep,
    /// Polls begin and end.
    Awake(Instant),
    /// The last sample saw no poll begin or end, and polls are asked to ring. One that was begun at that moment may not
    /// have seen it, and may not be seen either: only the next sample, ages later for a processor, is the last.
    Settling(Instant),
}

impl Pace {
    fn due(self) -> Option<Instant> {
        match self {
            Pace::Asleep => None,
            Pace::Awake(at) | Pace::Settling(at) => Some(at),
        }
    }

    /// The pace after a sample, which has or has not seen that a poll began or ended.
    fn after(self, changed: bool, now: Instant, next: Instant) -> Self {
        match self {
            _ if changed => Pace::Awake(next),
            Pace::Awake(at) if at <= now => Pace::Settling(next),
            Pace::Settling(at) if at <= now => Pace::Asleep,
            pace => pace,
        }
    }

    /// What polls have to do.
    fn mode(self) -> u8 {
        if let Pace::Awake(_) = self { AWAKE } else { ASLEEP }
    }
}

/// One slot, as the last sample saw it.
struct Seen {
    count: usize,
    since: Instant,
    /// After how long it is told of next.
    next: Option<Duration>,
}

impl Sampler {
    /// When to look again.
    pub(super) fn next(&self) -> Option<Instant> {
        self.pace.due().into_iter().chain(self.limit).min()
    }

    /// Looks at what every thread polls, and has told what blocks.
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
        // What was switched off meanwhile stays so.
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

    /// Takes a sample. Gives the polls to tell of: those that block, and those that have ended unnoticed.
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

/// A poll to tell of.
struct Found {
    slot: &'static Slot,
    /// Whose it is; none where it has ended.
    cell: Option<usize>,
    count: usize,
    since: Instant,
}

/// Tells of a slot on a thread for the purpose, unless another is still about it.
fn on_a_thread(slot: &'static Slot, tell: impl FnOnce() + Send + 'static) {
    if slot.telling.swap(true, Ordering::Acquire) {
        return;
    }
    let teller = std::thread::Builder::new().name("lifespan-blocked".to_owned()).spawn(move || {
        tell();
        slot.telling.store(false, Ordering::Release);
    });
    if teller.is_err() {
        // Without a thread it is told when the time has doubled, if there is one then.
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

        /// Takes a sample at this moment; after how many milliseconds the blocked poll is told of.
        fn look(&mut self) -> Vec<u128> {
            let found = self.sampler.sample(self.now, LIMIT, &[self.slot], |_| Some(LIMIT));
            found.iter().map(|found| (self.now - found.since).as_millis()).collect()
        }

        /// How many milliseconds it sleeps; none for until it is rung.
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
        // Rung for another reason, it goes back to sleep; rung by a poll, it takes samples.
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
    use crate::sync::model;

    fn report(count: usize) -> Report {
        Report { run: Weak::new(), index: 0, count, since: Instant::now() }
    }

    /// What the next sample does with a report of a poll that has ended.
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
            // The next poll of this thread is nobody's news.
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
