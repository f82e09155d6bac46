//! A subscriber with one lock for everything, which blocks on one line and holds its lock.

use std::fmt::Debug;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

/// Blocks on the first line with this part.
pub(crate) struct OneLock {
    part: &'static str,
    lines: Mutex<u64>,
}

impl OneLock {
    pub(crate) fn install(part: &'static str) {
        tracing::subscriber::set_global_default(Self { part, lines: Mutex::new(0) }).expect("the first subscriber");
    }
}

impl Subscriber for OneLock {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        let _lines = self.lines.lock();
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut lines = self.lines.lock().expect("not poisoned");
        *lines += 1;
        event.record(&mut Line(self.part));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn current_span(&self) -> Current {
        let _lines = self.lines.lock();
        Current::none()
    }
}

struct Line(&'static str);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let line = format!("{value:?}");
        println!("{}: {line}", field.name());
        while line.contains(self.0) {
            std::thread::park();
        }
    }
}
