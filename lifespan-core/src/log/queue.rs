//! The queue of log lines. Lines are written in the order of their events, with no lock held.
//!
//! # Invariants
//! - A subscriber is user code: it may block, panic, or read the app's state. So it is called with no lock held.
//! - One thread writes at a time. If a thread adds a line meanwhile, the writing thread writes it, so a subscriber that
//!   blocks holds up one thread.
//! - A caller writes at most [`BY_CALLER`] lines. A thread of the log writes the rest, so the lines of others hold up a
//!   unit only briefly.
//! - A line without an origin was added by a thread that may not call the subscriber. The thread that writes it finds
//!   the subscriber.
//! - At most [`MOST`] lines wait. Lines beyond that are counted, and the count is logged once there is room.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::{Dispatch, Id, Level, Span, dispatcher};

use super::line::{LogLine, Out};
use crate::base::{spawn, unwind};

/// The maximum number of waiting lines.
const MOST: usize = 4096;
/// The maximum number of lines that a caller writes, its own included.
const BY_CALLER: usize = 64;

/// The lines of one app that are not written yet.
#[derive(Default)]
pub(crate) struct LineQueue {
    waiting: Mutex<Waiting>,
    /// Notified when the last line has been written.
    empty: Notify,
    /// Notified at the same time, for threads.
    is_empty: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Line>,
    /// The time at which a thread began to write the present line; `None` while no thread writes.
    writing: Option<Instant>,
    /// The number of lines left out since the last one was added.
    left_out: u64,
}

/// The subscriber and the span in which an event happened.
pub(crate) struct Origin {
    subscriber: Dispatch,
    span: Span,
}

impl Origin {
    /// Returns the subscriber and the span of this thread. Calls the subscriber.
    pub(crate) fn current() -> Self {
        Self { subscriber: dispatcher::get_default(Dispatch::clone), span: Span::current() }
    }
}

struct Line {
    origin: Option<Origin>,
    what: What,
}

enum What {
    Line(Box<dyn LogLine>),
    LeftOut(u64),
}

impl LineQueue {
    /// Adds a line. [`write`](Self::write) writes it. Returns the origin of a line that is left out: its
    /// destructor calls the subscriber.
    pub(crate) fn add(&self, origin: Option<Origin>, line: &(impl LogLine + Clone + 'static)) -> Option<Origin> {
        let mut waiting = self.lock();
        if waiting.lines.len() >= MOST {
            waiting.left_out += 1;
            return origin;
        }
        if waiting.left_out > 0 {
            let what = What::LeftOut(std::mem::take(&mut waiting.left_out));
            let without_span = |origin: &Origin| Origin { subscriber: origin.subscriber.clone(), span: Span::none() };
            waiting.lines.push_back(Line { origin: origin.as_ref().map(without_span), what });
        }
        waiting.lines.push_back(Line { origin, what: What::Line(Box::new(line.clone())) });
        None
    }

    /// Writes the first lines that wait, and has a thread write the rest, unless another thread is writing.
    pub(crate) fn write(self: &Arc<Self>) {
        if !self.begin() {
            return;
        }
        for _ in 0..BY_CALLER {
            if !self.write_next() {
                return;
            }
        }
        let queue = Arc::clone(self);
        if spawn("lifespan-log", move || queue.write_rest()).is_err() {
            self.write_rest();
        }
    }

    /// Writes every line that waits, or waits until the thread that is writing has written them.
    pub(crate) fn write_all(&self) {
        if self.begin() {
            self.write_rest();
        }
        let waiting = self.lock();
        let written = self.is_empty.wait_while(waiting, |waiting| waiting.writing.is_some());
        drop(written);
    }

    /// Makes this thread the writer, unless another thread is. Returns whether it is the writer now.
    fn begin(&self) -> bool {
        let mut waiting = self.lock();
        let is_free = waiting.writing.is_none();
        if is_free {
            waiting.writing = Some(Instant::now());
        }
        is_free
    }

    fn write_rest(&self) {
        while self.write_next() {}
    }

    /// Writes one line. If there is none, ends this thread's turn as the writer and returns `false`.
    fn write_next(&self) -> bool {
        let mut waiting = self.lock();
        let line = waiting.lines.pop_front();
        waiting.writing = line.as_ref().map(|_| Instant::now());
        drop(waiting);
        let Some(line) = line else {
            self.empty.notify_waiters();
            self.is_empty.notify_all();
            return false;
        };
        line.write();
        true
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
    /// Writes the line. If the subscriber panics (for example because the terminal was closed), only this line is lost.
    fn write(self) {
        // A failure of the log can't be logged.
        let _ = unwind::catch(move || {
            let Self { origin, what } = self;
            match &origin {
                Some(Origin { subscriber, span }) => {
                    dispatcher::with_default(subscriber, || what.write(span.id().as_ref()));
                }
                None => what.write(None),
            }
        });
    }
}

impl What {
    /// Writes the line as a child of this span, not of the thread's present span.
    fn write(&self, parent: Option<&Id>) {
        let out = Out::Subscriber(parent);
        match self {
            What::Line(line) => line.write_to(&out),
            What::LeftOut(count) => {
                let text = "lines were left out here: the log could not be written for a while";
                out.write(Level::WARN, format_args!("{count} {text}"));
            }
        }
    }
}
