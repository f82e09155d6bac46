//! The deadlines that the machine has set, with one timer for the earliest.
//!
//! # Invariants
//! - A unit has one deadline: another one replaces it, by its ticket. What it replaces stays in the line until its time.
//! - The timer is only moved forwards when it has rung: most deadlines never come, and moving it for each would cost more
//!   than ringing once for nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::blueprint::nanos;
use crate::machine::{Counted, NEVER, Nanos, UnitIndex};

/// What comes at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Unit(UnitIndex),
    Forgive(Counted),
}

/// When, what, and with which ticket.
pub(super) type Entry = (Nanos, Due, u32);

pub(super) struct Timers {
    /// What the clock counts from: the launch, and later by the time for which the clock has stood still.
    begins: Instant,
    stood_still: Nanos,
    /// In order of time: nearly all deadlines are added in it, and need no heap.
    line: VecDeque<Entry>,
    /// Those that were added late.
    heap: BinaryHeap<Reverse<Entry>>,
    /// The ticket of each unit's deadline.
    tickets: Vec<u32>,
    /// Forgiving that was taken back before this ticket means nothing.
    forgiving: Vec<(Counted, u32)>,
    next_ticket: u32,
    timer: Pin<Box<Sleep>>,
    armed: Option<Armed>,
    /// By how much the system's clock was past the time for which the timer was set when it was looked at last.
    late: Duration,
}

#[derive(Clone, Copy)]
struct Armed {
    at: Nanos,
    /// The same on the system's clock, which no test moves.
    real: std::time::Instant,
}

impl Timers {
    pub(super) fn new(launched: Instant, units: usize) -> Self {
        Self {
            begins: launched,
            stood_still: 0,
            line: VecDeque::new(),
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

    /// Sets a unit's deadline, in the place of the one before.
    pub(super) fn set(&mut self, unit: UnitIndex, at: Nanos) {
        if self
            .line
            .back()
            .is_some_and(|&(_, last, ticket)| last == Due::Unit(unit) && ticket == self.tickets[unit.at()])
        {
            self.line.pop_back();
        }
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

    /// Takes back all that is to be forgiven.
    pub(super) fn forget_forgiving(&mut self, counted: Counted) {
        let ticket = self.ticket();
        self.forgiving.retain(|&(other, _)| other != counted);
        self.forgiving.push((counted, ticket));
    }

    fn add(&mut self, entry: Entry) {
        if self.line.back().is_none_or(|last| last.0 <= entry.0) {
            self.line.push_back(entry);
        } else {
            self.heap.push(Reverse(entry));
        }
    }

    /// Returns whether it was neither replaced nor taken back.
    pub(super) fn counts(&self, (_, due, ticket): &Entry) -> bool {
        match due {
            Due::Unit(unit) => self.tickets.get(unit.at()) == Some(ticket),
            Due::Forgive(counted) => !self.forgiving.iter().any(|(other, until)| other == counted && *ticket < *until),
        }
    }

    fn first(&self) -> Option<Nanos> {
        let late = self.heap.peek().map(|Reverse((at, ..))| *at);
        self.line.front().map(|(at, ..)| *at).into_iter().chain(late).min()
    }

    fn pop_first(&mut self) -> Option<Entry> {
        let late = self.heap.peek().map(|Reverse((at, ..))| *at);
        match self.line.front() {
            Some((at, ..)) if late.is_none_or(|late| *at <= late) => self.line.pop_front(),
            _ => self.heap.pop().map(|Reverse(entry)| entry),
        }
    }

    /// Forgets what counts no longer at the front, so that the timer does not ring for it.
    fn clean(&mut self) {
        while self.line.front().is_some_and(|entry| !self.counts(entry)) {
            self.line.pop_front();
        }
        while self.heap.peek().is_some_and(|Reverse(entry)| !self.counts(entry)) {
            self.heap.pop();
        }
    }

    /// Takes out all that has come. What is set from here on comes at the next look, so that its unit has a turn before.
    pub(super) fn take_due(&mut self, now: Nanos) -> Vec<Entry> {
        let mut due = Vec::new();
        while self.first().is_some_and(|at| at <= now) {
            due.extend(self.pop_first());
        }
        due
    }

    /// Returns by how much the timer rang late by the system's clock: something blocked the thread, or the machine slept.
    pub(super) fn look(&mut self, now: Nanos) -> Duration {
        self.late = Duration::ZERO;
        if let Some(armed) = self.armed.filter(|armed| armed.at <= now) {
            self.late = armed.real.elapsed();
            self.armed = None;
        }
        self.late
    }

    /// Returns whether a deadline has come, which may no longer count.
    pub(super) fn is_due(&self, now: Nanos) -> bool {
        self.first().is_some_and(|at| at <= now)
    }

    /// Stops the clock of all deadlines for so long.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.begins += by;
        self.stood_still += nanos(by);
        self.armed = None;
    }

    /// Returns what the clock of the deadlines counts from.
    pub(super) fn begins(&self) -> Instant {
        self.begins
    }

    /// Returns for how long that clock has stood still.
    pub(super) fn stood_still(&self) -> Nanos {
        self.stood_still
    }

    /// Returns what the clock of the deadlines shows: the time since the launch in which the process was not suspended.
    pub(super) fn nanos(&self, at: Instant) -> Nanos {
        nanos(at.saturating_duration_since(self.begins))
    }

    /// Returns the moment at which that clock shows this.
    pub(super) fn instant(&self, at: Nanos) -> Instant {
        self.begins + Duration::from_nanos(at)
    }

    /// Ready when it is time to look; `arm` hears of each moment for which the timer is set. A timer that is set knows
    /// the driver's waker, and is asked only when that was `woken`.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, woken: bool, arm: impl Fn(Duration)) -> Poll<()> {
        self.clean();
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

    /// Forgets that the timer is set: the watch thread has rung.
    pub(super) fn rearm(&mut self) {
        self.armed = None;
    }
}
