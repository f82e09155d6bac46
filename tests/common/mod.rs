//! What the tests of several themes share: a story that units write into, readers of it, and a log.
#![allow(dead_code, reason = "each theme uses what it needs")]

use std::sync::{Arc, Mutex};
use std::{fmt, io};

use lifespan::{App, Event, Outcome, Report};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// Lines in the order in which things happened.
#[derive(Clone, Default)]
pub struct Story(Arc<Mutex<Vec<String>>>);

impl Story {
    pub fn record(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn text(&self) -> String {
        self.lines().join(" ")
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Records a line when it is dropped.
pub struct Guard(pub Story, pub &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.record(self.1);
    }
}

/// A user's own error.
#[derive(Debug, PartialEq, Eq)]
pub enum Broken {
    Wire,
    Pipe,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::Wire => "the wire is broken",
            Broken::Pipe => "the pipe is broken",
        })
    }
}

impl std::error::Error for Broken {}

/// Every event until the run is over, in short words. Not that a poll took long: a busy machine may stop any.
pub fn record(app: &App) -> tokio::task::JoinHandle<Vec<String>> {
    let mut events = app.events();
    tokio::spawn(async move {
        let mut words = Vec::new();
        while let Some(event) = events.next().await {
            if !matches!(event, Event::Blocked { .. } | Event::Unblocked { .. }) {
                words.push(event.to_string());
            }
        }
        words
    })
}

/// The outcome of one registration.
pub fn outcome(report: &Report, name: &str) -> Outcome {
    report.unit(name).unwrap_or_else(|| panic!("the report has no `{name}`:\n{report}")).outcome
}

/// What a subscriber has written.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures the log of this thread, from this level on.
    pub fn captured(level: tracing::Level) -> (Self, DefaultGuard) {
        // With one subscriber in the process, a line that another thread writes first, where it has none, would be switched
        // off for this thread as well. All but the first call find this one set.
        let sink = tracing_subscriber::fmt().with_writer(io::sink).finish();
        let _ = tracing::subscriber::set_global_default(sink);
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(log.clone());
        let subscriber = subscriber.without_time().with_ansi(false).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
