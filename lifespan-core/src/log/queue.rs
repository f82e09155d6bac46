//! The queue of log lines: they are written in the order of their events, and no lock is held meanwhile.
//!
//! # Invariants
//! - A subscriber is user code: it may block, panic, or ask the app for its state. It is called with no lock held.
//! - One thread writes at a time. A thread that adds a line while another writes leaves it to that one and goes on, so a
//!   subscriber that blocks holds up one thread.
//! - At most [`MOST`] lines wait. Lines beyond that are counted, and the count is logged once there is room.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::{Dispatch, Span, dispatcher, warn};

use super::{TARGET, write_line};
use crate::event::Event;
use crate::unwind;

/// How many lines wait for a subscriber that blocks.
const MOST: usize = 4096;

/// The lines of one app that are not written yet.
#[derive(Default)]
pub(crate) struct LineQueue {
    waiting: Mutex<Waiting>,
    /// Notified when the last line has been written.
    empty: Notify,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Line>,
    /// Since when a thread has been writing the line at hand; `None` while no thread writes.
    writing: Option<Instant>,
    /// How many lines were left out since the last one was added.
    left_out: u64,
}

/// The subscriber and the span in which an event happened.
pub(crate) struct Origin {
    subscriber: Dispatch,
    span: Span,
}

impl Origin {
    /// Returns those of this thread. Calls the subscriber.
    pub(crate) fn current() -> Self {
        Self { subscriber: dispatcher::get_default(Dispatch::clone), span: Span::current() }
    }
}

struct Line {
    origin: Origin,
    what: What,
}

enum What {
    Event(Box<Event>),
    LeftOut(u64),
}

impl LineQueue {
    /// Adds the line of an event. [`write`](Self::write) writes it.
    pub(crate) fn add(&self, origin: Origin, event: &Event) -> Option<Origin> {
        let mut waiting = self.lock();
        if waiting.lines.len() >= MOST {
            waiting.left_out += 1;
            // Its destructor calls the subscriber: not under this lock.
            return Some(origin);
        }
        if waiting.left_out > 0 {
            let what = What::LeftOut(std::mem::take(&mut waiting.left_out));
            let origin = Origin { subscriber: origin.subscriber.clone(), span: Span::none() };
            waiting.lines.push_back(Line { origin, what });
        }
        waiting.lines.push_back(Line { origin, what: What::Event(Box::new(event.clone())) });
        None
    }

    /// Writes the lines that wait, unless another thread is writing.
    pub(crate) fn write(&self) {
        let mut waiting = self.lock();
        if waiting.writing.is_some() {
            return;
        }
        while let Some(line) = waiting.lines.pop_front() {
            waiting.writing = Some(Instant::now());
            drop(waiting);
            line.write();
            waiting = self.lock();
        }
        waiting.writing = None;
        drop(waiting);
        self.empty.notify_waiters();
    }

    /// Waits until every line is written.
    pub(crate) async fn written(&self) {
        loop {
            let empty = self.empty.notified();
            if self.lock().writing.is_none() {
                return;
            }
            empty.await;
        }
    }

    /// Returns how long the subscriber has been blocking on one line.
    pub(crate) fn blocked_for(&self) -> Option<Duration> {
        self.lock().writing.map(|since| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Writes it. A subscriber that panics, as one does whose terminal has gone, costs the line and not the run.
    fn write(self) {
        // There is no place left to report it.
        let _ = unwind::catch(move || {
            let Self { origin: Origin { subscriber, span }, what } = self;
            dispatcher::with_default(&subscriber, || {
                span.in_scope(|| match what {
                    What::Event(event) => write_line(&event),
                    What::LeftOut(count) => warn!(
                        target: TARGET,
                        "{count} lines were left out here: the log could not be written for a while"
                    ),
                });
            });
        });
    }
}
