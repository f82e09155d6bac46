//! The deadlines that the machine has set, with one timer for the earliest.
//!
//! # Invariants
//! - A unit has one deadline: a new one replaces it, by its ticket. An entry that was replaced, or that the machine no
//!   longer awaits, stays in the queue until it is the first or until its time.
//! - The timer is moved to a later time only after it has fired: most deadlines never expire, and moving it for each
//!   would cost more than firing once without need.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::blueprint::nanos;
use crate::machine::{Counted, Machine, NEVER, Nanos, UnitIndex};

/// The number of entries for which the queue keeps its memory.
const ROOM: usize = 64;

/// The action of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Unit(UnitIndex),
    Forgive(Counted),
}

/// The time, the action and the ticket.
pub(super) type Entry = (Nanos, Due, u32);

pub(super) struct Timers {
    /// The zero of the clock: the launch, plus the time for which the clock has stood still.
    begins: Instant,
    stood_still: Nanos,
    /// Entries in order of time. Nearly all are added in this order, and need no heap.
    queue: VecDeque<Entry>,
    /// Entries that were added out of order.
    heap: BinaryHeap<Reverse<Entry>>,
    /// The ticket of each unit's deadline.
    tickets: Vec<u32>,
    /// Entries that forgive are cancelled if their ticket is lower than this.
    forgiving: Vec<(Counted, u32)>,
    next_ticket: u32,
    timer: Pin<Box<Sleep>>,
    armed: Option<Armed>,
    /// The delay of the timer by the system's clock, when last checked.
    late: Duration,
}

#[derive(Clone, Copy)]
struct Armed {
    at: Nanos,
    /// The same on the system's clock, which tests can't pause.
    real: std::time::Instant,
}

impl Timers {
    pub(super) fn new(launched: Instant, units: usize) -> Self {
        Self {
            begins: launched,
            stood_still: 0,
            queue: VecDeque::new(),
            heap: BinaryHeap::new(),
            tickets: vec![0; units],
            forgiving: Vec::new(),
            next_ticket: 0,
            timer: Box::pin(sleep_until(launched)),
            armed: None,
            late: Duration::ZERO,
        }
    }

    pub(super) fn make_room(&mut self, units: usize) {
        self.tickets.resize(units, 0);
    }

    fn ticket(&mut self) -> u32 {
        self.next_ticket = self.next_ticket.wrapping_add(1);
        self.next_ticket
    }

    /// Sets a unit's deadline, and replaces the one before.
    pub(super) fn set(&mut self, unit: UnitIndex, at: Nanos) {
        let ticket = self.ticket();
        self.tickets[unit.at()] = ticket;
        if at != NEVER {
            self.add((at, Due::Unit(unit), ticket));
        }
    }

    pub(super) fn forgive(&mut self, counted: Counted, at: Nanos) {
        let ticket = self.ticket();
        if at != NEVER {
            self.add((at, Due::Forgive(counted), ticket));
        }
    }

    /// Cancels all entries that forgive these failures.
    pub(super) fn forget_forgiving(&mut self, counted: Counted) {
        let ticket = self.ticket();
        self.forgiving.retain(|&(other, _)| other != counted);
        self.forgiving.push((counted, ticket));
    }

    fn add(&mut self, entry: Entry) {
        if self.queue.back().is_none_or(|last| last.0 <= entry.0) {
            self.queue.push_back(entry);
        } else {
            self.heap.push(Reverse(entry));
        }
    }

    /// Returns whether an entry was neither replaced nor cancelled, and the machine awaits it.
    pub(super) fn counts(&self, (_, due, ticket): &Entry, machine: &Machine) -> bool {
        match due {
            Due::Unit(unit) => self.tickets.get(unit.at()) == Some(ticket) && machine.awaits_deadline(*unit),
            Due::Forgive(counted) => !self.forgiving.iter().any(|(other, until)| other == counted && *ticket < *until),
        }
    }

    fn first(&self) -> Option<Nanos> {
        let late = self.heap.peek().map(|Reverse((at, ..))| *at);
        self.queue.front().map(|(at, ..)| *at).into_iter().chain(late).min()
    }

    fn pop_first(&mut self) -> Option<Entry> {
        let late = self.heap.peek().map(|Reverse((at, ..))| *at);
        match self.queue.front() {
            Some((at, ..)) if late.is_none_or(|late| *at <= late) => self.queue.pop_front(),
            _ => self.heap.pop().map(|Reverse(entry)| entry),
        }
    }

    /// Removes entries at the front that no longer count, so that the timer does not fire for them.
    pub(super) fn clean(&mut self, machine: &Machine) {
        while self.queue.front().is_some_and(|entry| !self.counts(entry, machine)) {
            self.queue.pop_front();
        }
        while self.heap.peek().is_some_and(|Reverse(entry)| !self.counts(entry, machine)) {
            self.heap.pop();
        }
        if self.queue.is_empty() && self.queue.capacity() > ROOM {
            self.queue = VecDeque::new();
        }
    }

    /// Takes out all entries that are due. Those set from here on are left to the next call, so that their units get a
    /// turn before.
    pub(super) fn take_due(&mut self, now: Nanos) -> Vec<Entry> {
        let mut due = Vec::new();
        while self.first().is_some_and(|at| at <= now) {
            due.extend(self.pop_first());
        }
        due
    }

    /// Returns the delay of the timer by the system's clock. It is long if the thread was blocked or the system slept.
    pub(super) fn measure_delay(&mut self, now: Nanos) -> Duration {
        self.late = Duration::ZERO;
        if let Some(armed) = self.armed.filter(|armed| armed.at <= now) {
            self.late = armed.real.elapsed();
            self.armed = None;
        }
        self.late
    }

    /// Returns whether an entry is due, which may no longer count.
    pub(super) fn is_due(&self, now: Nanos) -> bool {
        self.first().is_some_and(|at| at <= now)
    }

    /// Postpones all deadlines by this time, by stopping their clock.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.begins += by;
        self.stood_still += nanos(by);
        self.armed = None;
    }

    /// Returns the zero of the deadline clock.
    pub(super) fn begins(&self) -> Instant {
        self.begins
    }

    /// Returns the time for which the deadline clock has stood still.
    pub(super) fn stood_still(&self) -> Nanos {
        self.stood_still
    }

    /// Returns the time on the deadline clock: since the launch, without suspensions of the process.
    pub(super) fn nanos(&self, at: Instant) -> Nanos {
        nanos(at.saturating_duration_since(self.begins))
    }

    /// Returns the moment at which the deadline clock shows this time.
    pub(super) fn instant(&self, at: Nanos) -> Instant {
        self.begins + Duration::from_nanos(at)
    }

    /// Returns whether there are no entries.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.heap.is_empty()
    }

    /// Waits until an entry may be due. Calls `arm` with the delay each time the timer is set. A timer that is set has
    /// the driver's waker, and is polled only after a wake (`woken`).
    pub(super) fn poll(&mut self, context: &mut Context<'_>, woken: bool, arm: impl Fn(Duration)) -> Poll<()> {
        let Some(first) = self.first() else { return Poll::Pending };
        if self.armed.is_none_or(|armed| first < armed.at) {
            let at = self.instant(first);
            let delay = at.saturating_duration_since(Instant::now());
            self.timer.as_mut().reset(at);
            self.armed = Some(Armed { at: first, real: std::time::Instant::now() + delay });
            arm(delay);
        } else if !woken {
            return Poll::Pending;
        }
        self.timer.as_mut().poll(context)
    }

    /// Forgets that the timer is set, so that the next poll sets it again.
    pub(super) fn rearm(&mut self) {
        self.armed = None;
    }
}
