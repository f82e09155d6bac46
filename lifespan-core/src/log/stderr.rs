//! Lines on standard error, for a program without a subscriber.
//!
//! # Invariants
//! - A thread of its own writes: a pipe or a terminal that takes nothing holds up nobody but this thread.
//! - Of each unit, one warning and one error a second are written. Of those that come within that second, the last is
//!   written when it is over, or when the run ends, with the number of those left out. An error that ends the app is
//!   written at once.
//! - At most [`MOST`] lines wait.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::Level;

use super::{Out, loudness, write_line};
use crate::event::Event;
use crate::unwind;

const MOST: usize = 1024;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct StandardError {
    lines: Mutex<Lines>,
    /// A line has come, the run ends, or the thread has ended.
    changed: Condvar,
    /// No line waits.
    empty: Notify,
}

#[derive(Default)]
struct Lines {
    queue: VecDeque<Line>,
    /// By unit, and whether it is an error.
    units: HashMap<(u32, bool), OfUnit>,
    /// A thread writes, or waits for the end of a pause.
    has_thread: bool,
    /// The run ends: pauses are over.
    is_closing: bool,
}

struct Line {
    what: What,
    left_out: u32,
}

enum What {
    Event(Event),
    Text(Level, String),
}

/// Returns where lines go that belong to no app.
pub(crate) fn of_process() -> &'static Arc<StandardError> {
    static OF_PROCESS: OnceLock<Arc<StandardError>> = OnceLock::new();
    OF_PROCESS.get_or_init(Arc::default)
}

#[derive(Default)]
struct OfUnit {
    written: Option<Instant>,
    /// The last line since then.
    waiting: Option<Line>,
}

impl StandardError {
    /// Adds the line of an event, if it is a warning or an error. Never blocks.
    pub(crate) fn add(self: &Arc<Self>, event: &Event) {
        let Some(level) = loudness(event).filter(|level| *level <= Level::WARN) else { return };
        let mut lines = self.lock();
        lines.add(event, level == Level::ERROR);
        self.write(lines);
    }

    /// Adds a line that tells no event. Never blocks.
    pub(crate) fn add_text(self: &Arc<Self>, level: Level, text: String) {
        let mut lines = self.lock();
        lines.push(Line { what: What::Text(level, text), left_out: 0 });
        self.write(lines);
    }

    /// Has a thread write what waits.
    fn write(self: &Arc<Self>, mut lines: MutexGuard<'_, Lines>) {
        let starts = !std::mem::replace(&mut lines.has_thread, true);
        drop(lines);
        if !starts {
            return self.changed.notify_all();
        }
        let writer = Arc::clone(self);
        if thread::Builder::new().name("lifespan-log".to_owned()).spawn(move || writer.write_all()).is_err() {
            // The next line tries again.
            self.lock().has_thread = false;
            self.empty.notify_waiters();
        }
    }

    /// Returns whether a warning of a unit would be written at once.
    pub(crate) fn is_due(&self, index: u32) -> bool {
        self.lock().units.get(&(index, false)).is_none_or(|unit| unit.pause(Instant::now()).is_zero())
    }

    /// Waits until all lines are written, without pauses.
    pub(crate) async fn written(&self) {
        self.lock().is_closing = true;
        self.changed.notify_all();
        loop {
            let empty = self.empty.notified();
            if !self.lock().has_thread {
                return;
            }
            empty.await;
        }
    }

    /// The same, for threads.
    pub(crate) fn wait_until_written(&self) {
        let mut lines = self.lock();
        lines.is_closing = true;
        self.changed.notify_all();
        drop(self.changed.wait_while(lines, |lines| lines.has_thread));
    }

    fn write_all(&self) {
        while let Some(line) = self.next() {
            // No text of ours panics; whatever does costs this line.
            let _ = unwind::catch(|| line.write());
        }
        self.empty.notify_waiters();
        self.changed.notify_all();
    }

    /// Returns the next line, once it may be written; none when no line waits.
    fn next(&self) -> Option<Line> {
        let mut lines = self.lock();
        loop {
            if let Some(line) = lines.queue.pop_front() {
                return Some(line);
            }
            let Some(pause) = lines.end_pauses() else {
                lines.has_thread = false;
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
    fn add(&mut self, event: &Event, is_error: bool) {
        let line = |left_out| Line { what: What::Event(event.clone()), left_out };
        let now = Instant::now();
        if let Some(index) = limited(event) {
            let unit = self.units.entry((index, is_error)).or_default();
            if !unit.pause(now).is_zero() {
                let left_out = unit.waiting.as_ref().map_or(0, |line| line.left_out.saturating_add(1));
                unit.waiting = Some(line(left_out));
                return;
            }
            unit.written = Some(now);
        }
        self.push(line(0));
    }

    fn push(&mut self, line: Line) {
        if self.queue.len() < MOST {
            self.queue.push_back(line);
        }
    }

    /// Has the lines written whose pause is over. Returns how long the next pause lasts, zero where there is a line to
    /// write; none when no line waits.
    fn end_pauses(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let mut next = None;
        for unit in self.units.values_mut() {
            let pause = if self.is_closing { Duration::ZERO } else { unit.pause(now) };
            if unit.waiting.is_none() {
                continue;
            }
            next = Some(next.map_or(pause, |next: Duration| next.min(pause)));
            if pause.is_zero() {
                unit.written = Some(now);
                self.queue.extend(unit.waiting.take());
            }
        }
        next
    }
}

impl Line {
    fn write(&self) {
        let out = Out::StandardError { left_out: self.left_out };
        match &self.what {
            What::Event(event) => write_line(event, &out),
            What::Text(level, text) => out.write(*level, format_args!("{text}")),
        }
    }
}

impl OfUnit {
    /// Returns for how long no line is written.
    fn pause(&self, now: Instant) -> Duration {
        self.written.map_or(Duration::ZERO, |written| PAUSE.saturating_sub(now.duration_since(written)))
    }
}

/// Returns the unit whose lines are limited with this one; none where every line is written.
fn limited(event: &Event) -> Option<u32> {
    match event {
        Event::Failed { failure } if failure.counts() => None,
        Event::Failed { failure } | Event::RunFailed { failure, .. } => Some(failure.unit().index),
        Event::EndedByItself { unit, .. }
        | Event::Restarting { unit, .. }
        | Event::Blocked { unit, .. }
        | Event::Unblocked { unit, .. }
        | Event::Stopped { unit, .. }
        | Event::ChildFailed { unit, .. }
        | Event::Unhealthy { unit, .. }
        | Event::RunsMissed { unit, .. } => Some(unit.index),
        _ => None,
    }
}
