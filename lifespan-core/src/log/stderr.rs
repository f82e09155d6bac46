//! Lines on standard error, for a program without a subscriber.
//!
//! # Invariants
//! - A separate thread writes, so a blocked pipe or terminal holds up only this thread.
//! - For each unit, and for each kind of text that may come with every request, at most one warning and one error a
//!   second are written. Of those that follow within the second, the last is written after it, or when the run ends,
//!   with the number of those left out. An error that ends the app is written at once.
//! - At most [`MOST`] lines wait.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::Level;

use super::line::{LogLine, Out, level_of};
use crate::base::{spawn, unwind};

const MOST: usize = 1024;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct StandardError {
    lines: Mutex<Lines>,
    /// Notified when a line was added, the run ends, or the thread has ended.
    changed: Condvar,
    /// Notified when no line waits.
    empty: Notify,
}

#[derive(Default)]
struct Lines {
    queue: VecDeque<Line>,
    /// The limited lines, by their subject and whether they are errors.
    limited: HashMap<(About, bool), Limited>,
    /// A thread is writing or waits for the end of a pause.
    has_thread: bool,
    /// The run ends: the waiting lines are written without pauses.
    is_closing: bool,
}

/// The subject of lines: those with the same subject are limited together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum About {
    Unit(u32),
    Text(&'static str),
}

struct Line {
    what: What,
    left_out: u32,
}

enum What {
    Line(Box<dyn LogLine>),
    Text(Level, String),
}

/// Returns the output for lines that belong to no app.
pub(crate) fn of_process() -> &'static Arc<StandardError> {
    static OF_PROCESS: OnceLock<Arc<StandardError>> = OnceLock::new();
    OF_PROCESS.get_or_init(Arc::default)
}

#[derive(Default)]
struct Limited {
    written: Option<Instant>,
    /// The last line that came after it.
    waiting: Option<Line>,
}

impl StandardError {
    /// Adds a line, if it is a warning or an error. Never blocks.
    pub(crate) fn add(self: &Arc<Self>, line: &(impl LogLine + Clone + 'static)) {
        let Some(level) = level_of(line).filter(|level| *level <= Level::WARN) else { return };
        let mut lines = self.lock();
        lines.add(line.limited_for().map(About::Unit), level, What::Line(Box::new(line.clone())));
        self.write(lines);
    }

    /// Adds a line that reports no event. If it may come often, `about` is its subject. Never blocks.
    pub(crate) fn add_text(self: &Arc<Self>, about: Option<&'static str>, level: Level, text: String) {
        let mut lines = self.lock();
        lines.add(about.map(About::Text), level, What::Text(level, text));
        self.write(lines);
    }

    /// Wakes the thread that writes, or starts one.
    fn write(self: &Arc<Self>, mut lines: MutexGuard<'_, Lines>) {
        let starts = !std::mem::replace(&mut lines.has_thread, true);
        drop(lines);
        if !starts {
            return self.changed.notify_all();
        }
        let writer = Arc::clone(self);
        if spawn("lifespan-log", move || writer.write_all()).is_err() {
            // The next line tries again.
            self.lock().has_thread = false;
            self.empty.notify_waiters();
        }
    }

    /// Returns whether a warning of a unit would be written at once.
    pub(crate) fn is_due(&self, index: u32) -> bool {
        self.lock().limited.get(&(About::Unit(index), false)).is_none_or(|unit| unit.pause(Instant::now()).is_zero())
    }

    /// Waits until all lines are written, without pauses.
    pub(crate) async fn written(&self) {
        self.lock().end_all_pauses();
        self.changed.notify_all();
        loop {
            let empty = self.empty.notified();
            if !self.lock().has_thread {
                return;
            }
            empty.await;
        }
    }

    /// Blocks until all lines are written, without pauses.
    pub(crate) fn wait_until_written(&self) {
        let mut lines = self.lock();
        lines.end_all_pauses();
        self.changed.notify_all();
        drop(self.changed.wait_while(lines, |lines| lines.has_thread));
    }

    fn write_all(&self) {
        while let Some(line) = self.next() {
            // If formatting a line panics, only this line is lost.
            let _ = unwind::catch(|| line.write());
        }
        self.empty.notify_waiters();
        self.changed.notify_all();
    }

    /// Waits for the next line's pause and returns the line; `None` if no line waits.
    fn next(&self) -> Option<Line> {
        let mut lines = self.lock();
        loop {
            if let Some(line) = lines.queue.pop_front() {
                return Some(line);
            }
            let Some(pause) = lines.end_pauses() else {
                (lines.has_thread, lines.is_closing) = (false, false);
                return None;
            };
            if !pause.is_zero() {
                lines = self.changed.wait_timeout(lines, pause).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn add(&mut self, about: Option<About>, level: Level, what: What) {
        let now = Instant::now();
        if let Some(about) = about {
            let limited = self.limited.entry((about, level == Level::ERROR)).or_default();
            if !limited.pause(now).is_zero() {
                let left_out = limited.waiting.as_ref().map_or(0, |line| line.left_out.saturating_add(1));
                limited.waiting = Some(Line { what, left_out });
                return;
            }
            limited.written = Some(now);
        }
        if self.queue.len() < MOST {
            self.queue.push_back(Line { what, left_out: 0 });
        }
    }

    /// Ends all pauses.
    fn end_all_pauses(&mut self) {
        // Without a thread nothing waits.
        self.is_closing = self.has_thread;
    }

    /// Queues the lines whose pause is over. Returns the time until the next pause ends: zero if a line was queued,
    /// `None` if no line waits.
    fn end_pauses(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let mut next = None;
        for limited in self.limited.values_mut().filter(|limited| limited.waiting.is_some()) {
            let pause = if self.is_closing { Duration::ZERO } else { limited.pause(now) };
            next = Some(next.map_or(pause, |next: Duration| next.min(pause)));
            if pause.is_zero() {
                limited.written = Some(now);
                self.queue.extend(limited.waiting.take());
            }
        }
        next
    }
}

impl Line {
    fn write(&self) {
        let out = Out::StandardError { left_out: self.left_out };
        match &self.what {
            What::Line(line) => line.write_to(&out),
            What::Text(level, text) => out.write(*level, format_args!("{text}")),
        }
    }
}

impl Limited {
    /// Returns the rest of the pause.
    fn pause(&self, now: Instant) -> Duration {
        self.written.map_or(Duration::ZERO, |written| PAUSE.saturating_sub(now.duration_since(written)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_about_one_thing_are_limited_and_the_last_is_written_with_the_number_of_those_left_out() {
        let mut lines = Lines { has_thread: true, ..Lines::default() };
        for (about, text) in [("a", "first"), ("a", "second"), ("a", "third"), ("b", "other"), ("a", "last")] {
            lines.add(Some(About::Text(about)), Level::WARN, What::Text(Level::WARN, text.into()));
        }
        let written = |lines: &mut Lines| -> Vec<(String, u32)> {
            let text = |Line { what, left_out }| match what {
                What::Text(_, text) => (text, left_out),
                What::Line(_) => unreachable!("no event was added"),
            };
            lines.queue.drain(..).map(text).collect()
        };
        assert_eq!(written(&mut lines), [("first".into(), 0), ("other".into(), 0)]);
        assert!(lines.end_pauses().is_some_and(|pause| !pause.is_zero()) && lines.queue.is_empty());
        lines.end_all_pauses();
        lines.end_pauses();
        assert_eq!(written(&mut lines), [("last".into(), 2)]);
    }
}
