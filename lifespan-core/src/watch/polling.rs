//! The blocked-thread watch: which unit each thread polls, and which poll holds its thread for too long.
//!
//! A poll costs a few plain stores and does not read the clock. The watch thread takes samples, two within the limit,
//! and reports a poll that it finds again past the limit. So the time is counted from the first sample that saw the
//! poll, which is up to half the limit after its start.
//!
//! # Invariants
//! - Only its own thread writes a slot's `signal` and `count`, and `count` changes with every change of `signal`.
//! - Samples are taken while polls begin and end. When none does any more, the next poll wakes the watch thread: a
//!   process that is idle, or blocked for long, is not woken needlessly.
//! - A poll reported as blocked is reported again when it has ended, after all its other events: the report is put into
//!   the slot while its event is being published in the hub, and the thread that takes it out reports the end.
//! - The watch thread publishes nothing itself: an event is a line in the log, and the log may be what blocks.

use std::cell::Cell;
use std::sync::atomic::AtomicU8;
use std::sync::{PoisonError, Weak};
use std::time::Instant;

use super::waker::wake_watch;
use crate::base::PollingThread;
use crate::base::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};
use crate::facts::Event;
use crate::hub::{Hub, Timestamp, View};
use crate::shared::RunShared;
use crate::signal::{StopSignal, panics};

/// The work that each poll does for the watch.
pub(super) static MODE: AtomicU8 = AtomicU8::new(OFF);
/// Nothing: no run is watched.
pub(super) const OFF: u8 = 0;
/// Note what is polled, and wake the watch thread: no samples are taken.
pub(super) const ASLEEP: u8 = 1;
/// Note what is polled.
pub(super) const AWAKE: u8 = 2;

/// The poll of one thread. More than a cache line long, since processors fetch two at once.
#[repr(align(128))]
pub(super) struct Slot {
    /// The address of the stop signal of the unit that is being polled; 0 for none.
    pub(super) signal: AtomicUsize,
    /// The number of changes of it.
    pub(super) count: AtomicUsize,
    /// The count of the poll reported as blocked; 0 for none.
    pub(super) reported: AtomicUsize,
    pub(super) report: Mutex<Option<Report>>,
    /// Set while a thread reports this slot.
    pub(super) reporting: AtomicBool,
    pub(super) thread: Mutex<PollingThread>,
}

/// A poll that was found to block.
#[derive(Clone)]
pub(super) struct Report {
    pub(super) run: Weak<RunShared>,
    pub(super) index: usize,
    pub(super) count: usize,
    /// The first sample that saw it.
    pub(super) since: Instant,
}

/// The slots of all threads that have polled a unit, including threads that have ended.
pub(super) struct Slots {
    pub(super) all: Vec<&'static Slot>,
    pub(super) free: Vec<&'static Slot>,
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
    pub(crate) fn of(signal: &StopSignal) -> Self {
        let mode = MODE.load(Ordering::Relaxed);
        if mode == OFF {
            return Self { slot: None, outer: 0 };
        }
        let Some(slot) = SLOT.get().or_else(Lease::slot) else { return Self { slot: None, outer: 0 } };
        let outer = slot.enter(std::ptr::from_ref(signal).addr());
        if mode == ASLEEP {
            wake();
        }
        Self { slot: Some(slot), outer }
    }

    #[inline]
    pub(crate) fn ended(self) {
        if let Some(blocked) = self.slot.and_then(|slot| slot.leave(self.outer)) {
            blocked.report_end();
        }
    }
}

#[cold]
fn wake() {
    if MODE.compare_exchange(ASLEEP, AWAKE, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        wake_watch();
    }
}

pub(super) fn slots() -> std::sync::MutexGuard<'static, Slots> {
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    /// Returns this thread's slot; `None` when the thread is ending.
    #[cold]
    fn slot() -> Option<&'static Slot> {
        LEASE.try_with(|lease| lease.0).ok().inspect(|slot| SLOT.set(Some(slot)))
    }

    pub(super) fn take() -> Self {
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
            signal: AtomicUsize::new(0),
            count: AtomicUsize::new(1),
            reported: AtomicUsize::new(0),
            report: Mutex::new(None),
            reporting: AtomicBool::new(false),
            thread: Mutex::new(PollingThread::default()),
        }
    }
}

impl Slot {
    /// Notes that a poll begins. Returns what was polled around it.
    pub(super) fn enter(&self, signal: usize) -> usize {
        let outer = self.signal.load(Ordering::Relaxed);
        let count = self.count.load(Ordering::Relaxed);
        self.signal.store(signal, Ordering::Relaxed);
        self.count.store(count.wrapping_add(1), Ordering::Release);
        outer
    }

    /// Notes that a poll has ended. Returns its report if it was reported as blocked: its end must be reported.
    pub(super) fn leave(&self, outer: usize) -> Option<Report> {
        let count = self.count.load(Ordering::Relaxed);
        self.signal.store(outer, Ordering::Relaxed);
        self.count.store(count.wrapping_add(1), Ordering::Release);
        if self.reported.load(Ordering::Relaxed) == count { self.take(count) } else { None }
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Stores a report if that poll is still running: its end is then reported by the thread that takes it out.
    pub(super) fn hold(&self, report: Report) -> bool {
        let mut held = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = self.count() == report.count;
        if goes_on {
            self.reported.store(report.count, Ordering::Relaxed);
            *held = Some(report);
        }
        goes_on
    }

    #[cold]
    pub(super) fn take(&self, count: usize) -> Option<Report> {
        let mut held = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let report = held.take_if(|report| report.count == count)?;
        self.reported.store(0, Ordering::Relaxed);
        Some(report)
    }

    /// Reports that the poll of this count has ended, unless another thread does.
    pub(super) fn report_end(&self, count: usize) {
        if let Some(report) = self.take(count) {
            report.report_end();
        }
    }

    /// Reports that a poll blocks.
    pub(super) fn report_blocked(&self, report: &Report) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).clone();
        thread.look();
        report.send(|now| {
            // The report is stored while the event is being published, so the thread that sees it publishes the end
            // after it. The state of the thread belongs to the poll, since `hold` checks that the poll is still
            // running.
            let (unit, lasted) = (now.unit(report.index), report.since.elapsed());
            self.hold(report.clone()).then_some(Event::Blocked { unit, lasted, thread })
        });
        // It may have ended before it could see the report.
        if self.count() != report.count {
            self.report_end(report.count);
        }
    }
}

impl Report {
    pub(super) fn report_end(&self) {
        let lasted = self.since.elapsed();
        self.send(|now| Some(Event::Unblocked { unit: now.unit(self.index), lasted }));
    }

    fn send(&self, make: impl FnOnce(&View<'_>) -> Option<Event>) {
        let Some(run) = self.run.upgrade() else { return };
        // It changes no unit's status, so its time is not used.
        let send = || run.span.in_scope(|| Hub::send_if(run.app.hub(), Timestamp::default(), make));
        // A subscriber that panics loses only this line.
        drop(panics::catch(send));
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
    fn loom_the_end_of_a_reported_poll_is_reported_once_and_of_another_never() {
        model(|| {
            let slot = Arc::new(Slot::default());
            slot.enter(1);
            let count = slot.count();
            let reporter = thread::spawn({
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
            let (held, by_reporter) = reporter.join().unwrap();
            let ends = [by_poll, by_next, by_reporter, sampled(&slot)].into_iter().flatten().collect::<Vec<_>>();
            assert_eq!(ends.len(), usize::from(held));
            assert!(ends.iter().all(|end| end.count == count));
        });
    }

    #[test]
    fn loom_of_two_samples_that_find_an_end_one_reports_it() {
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
