//! When the sequencer has to look at a unit again, though nobody left word.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// What is due at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// It should be up.
    Startup,
    /// It should have stopped.
    Stop,
    /// Dropped long ago, its future should be gone.
    Gone,
    /// Its delay is over, and it may start again.
    Rise,
}

/// When, for whom, in which of its lives, for what.
type Deadline = (Instant, u32, u16, Due);

/// All deadlines, with one timer for the earliest. The timer is only moved forwards in time when it has rung: most
/// deadlines never come, and moving it for each would cost more than ringing once for nothing.
pub(super) struct Deadlines {
    /// In order of time: nearly all deadlines are added in it, and need no heap.
    line: VecDeque<Deadline>,
    /// Those that were added late.
    heap: BinaryHeap<Reverse<Deadline>>,
    timer: Pin<Box<Sleep>>,
    armed: Option<Instant>,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self {
            line: VecDeque::new(),
            heap: BinaryHeap::new(),
            timer: Box::pin(sleep_until(Instant::now())),
            armed: None,
        }
    }

    pub(super) fn add(&mut self, at: Instant, unit: usize, life: u16, due: Due) {
        let unit = u32::try_from(unit).expect("fewer than 2^32 registrations");
        let deadline = (at, unit, life, due);
        if self.line.back().is_none_or(|(last, ..)| *last <= at) {
            self.line.push_back(deadline);
        } else {
            self.heap.push(Reverse(deadline));
        }
    }

    /// Takes back a unit's deadline, if it was the last that was added.
    pub(super) fn take_back(&mut self, unit: usize, due: Due) {
        if self.line.back().is_some_and(|&(_, last, _, what)| last as usize == unit && what == due) {
            self.line.pop_back();
        }
    }

    fn first(&self) -> Option<Instant> {
        let late = self.heap.peek().map(|Reverse((at, ..))| *at);
        self.line.front().map(|(at, ..)| *at).into_iter().chain(late).min()
    }

    fn pop_first(&mut self) -> Option<Deadline> {
        let late = self.heap.peek().map(|Reverse((at, ..))| *at);
        match self.line.front() {
            Some((at, ..)) if late.is_none_or(|late| *at <= late) => self.line.pop_front(),
            _ => self.heap.pop().map(|Reverse(deadline)| deadline),
        }
    }

    /// Returns whether a deadline has come, which may no longer count.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.first().is_some_and(|at| at <= now)
    }

    /// Puts all deadlines off.
    pub(super) fn postpone(&mut self, by: Duration) {
        let late = std::mem::take(&mut self.heap);
        self.heap =
            late.into_iter().map(|Reverse((at, unit, life, due))| Reverse((at + by, unit, life, due))).collect();
        for (at, ..) in &mut self.line {
            *at += by;
        }
        self.armed = None;
    }

    /// Takes out a deadline that has come and still counts.
    pub(super) fn next_due(&mut self, now: Instant, counts: impl Fn(usize, u16, Due) -> bool) -> Option<(usize, Due)> {
        // It has rung, or is about to.
        self.armed = self.armed.filter(|&armed| armed > now);
        while self.first().is_some_and(|at| at <= now) {
            let (_, unit, life, due) = self.pop_first()?;
            if counts(unit as usize, life, due) {
                return Some((unit as usize, due));
            }
        }
        None
    }

    /// Forgets all that no longer count, and that the timer was set for the earliest.
    pub(super) fn keep(&mut self, counts: impl Fn(usize, u16, Due) -> bool) {
        self.line.retain(|&(_, unit, life, due)| counts(unit as usize, life, due));
        self.line.shrink_to_fit();
        self.heap.retain(|&Reverse((_, unit, life, due))| counts(unit as usize, life, due));
        self.heap.shrink_to_fit();
        self.armed = None;
    }

    /// Ready when it is time to look; `arm` hears of each moment for which the timer is set. A timer that is set knows
    /// the sequencer's waker, and is asked only when that was `woken`.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, woken: bool, arm: impl Fn(Instant)) -> Poll<()> {
        let Some(first) = self.first() else { return Poll::Pending };
        if self.armed.is_none_or(|armed| first < armed) {
            self.timer.as_mut().reset(first);
            self.armed = Some(first);
            arm(first);
        } else if !woken {
            return Poll::Pending;
        }
        let rung = self.timer.as_mut().poll(context);
        if rung.is_ready() {
            self.armed = None;
        }
        rung
    }

    /// Forgets that the timer is set: someone else has rung.
    pub(super) fn rearm(&mut self) {
        self.armed = None;
    }
}
