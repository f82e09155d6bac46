//! The terminal: permanent lines, and below them one status line that is redrawn. Without a terminal, only lines.
//!
//! # Invariants
//! - On a terminal only we write, under one lock: the output of the program and of cargo comes through pipes, line by
//!   line, so that the status line is never torn.
//! - Without a terminal the program and cargo write directly to our standard streams.

use std::io::{BufRead, BufReader, IsTerminal, PipeReader, Write, stderr, stdout};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;

/// The time limit for the last lines of an ended process. Its child processes may keep the pipe open forever.
const LAST_LINES: Duration = Duration::from_millis(300);

const BACK_TO_AN_EMPTY_LINE: &str = "\r\x1b[2K";

/// The meaning of a line, shown as its color.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tone {
    Good,
    Busy,
    Bad,
    Plain,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Tone::Good => "\x1b[1;32m",
            Tone::Busy => "\x1b[1;36m",
            Tone::Bad => "\x1b[1;31m",
            Tone::Plain => "\x1b[1m",
        }
    }
}

/// An output stream of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// A handle to the terminal.
#[derive(Clone)]
pub(crate) struct Screen {
    terminal: bool,
    color: bool,
    status: Arc<Mutex<Option<(Tone, String)>>>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let terminal = stderr().is_terminal();
        Self { terminal, color: terminal && std::env::var_os("NO_COLOR").is_none(), status: Arc::default() }
    }

    /// Returns true if there is a status line.
    pub(crate) fn has_status(&self) -> bool {
        self.terminal
    }

    /// Writes a line in cargo's style: a word and a text.
    pub(crate) fn say(&self, tone: Tone, word: &str, text: &str) {
        let line = if self.color {
            format!("{}{word:>12}\x1b[0m {text}\n", tone.code())
        } else {
            format!("{word:>12} {text}\n")
        };
        self.write(Stream::Stderr, line.as_bytes());
    }

    /// Writes a warning.
    pub(crate) fn warn(&self, text: &str) {
        self.say(Tone::Bad, "Warning", text);
    }

    /// Draws the status line.
    pub(crate) fn status(&self, tone: Tone, text: String) {
        if self.terminal {
            let mut status = self.lock();
            *status = Some((tone, text));
            let drawn = format!("{BACK_TO_AN_EMPTY_LINE}{}", self.drawn(status.as_ref()));
            put(Stream::Stderr, drawn.as_bytes());
        }
    }

    /// Removes the status line permanently.
    pub(crate) fn close(&self) {
        if self.lock().take().is_some() {
            put(Stream::Stderr, BACK_TO_AN_EMPTY_LINE.as_bytes());
        }
    }

    /// Redirects the output of a command through us if it would go to the terminal directly.
    pub(crate) fn capture(&self, stream: Stream, command: &mut Command) -> anyhow::Result<Option<PipeReader>> {
        let terminal = match stream {
            Stream::Stdout => stdout().is_terminal(),
            Stream::Stderr => stderr().is_terminal(),
        };
        if !(self.terminal && terminal) {
            return Ok(None);
        }
        let (reader, writer) = std::io::pipe().context("cannot create a pipe")?;
        match stream {
            Stream::Stdout => command.stdout(writer),
            Stream::Stderr => command.stderr(writer),
        };
        Ok(Some(reader))
    }

    /// Copies the output from a pipe, one complete line at a time.
    pub(crate) fn copy(&self, stream: Stream, pipe: PipeReader) -> Copying {
        let screen = self.clone();
        let (finished, end) = channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if line.last() != Some(&b'\n') {
                    line.push(b'\n');
                }
                screen.write(stream, &line);
                line.clear();
            }
            // The receiver may have stopped waiting.
            let _ = finished.send(());
        });
        Copying { end }
    }

    fn write(&self, stream: Stream, line: &[u8]) {
        let status = self.lock();
        if status.is_some() {
            put(Stream::Stderr, BACK_TO_AN_EMPTY_LINE.as_bytes());
        }
        put(stream, line);
        put(Stream::Stderr, self.drawn(status.as_ref()).as_bytes());
    }

    fn drawn(&self, status: Option<&(Tone, String)>) -> String {
        let Some((tone, text)) = status else { return String::new() };
        // A line that wraps could not be removed again.
        let width = match rustix::termios::tcgetwinsize(stderr()) {
            Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
            _ => 80,
        };
        let text: String = text.chars().take(width.saturating_sub(3)).collect();
        if self.color { format!("{}●\x1b[0m {text}", tone.code()) } else { format!("● {text}") }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Tone, String)>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes to a stream; errors are ignored, since a closed output must not end the tool.
fn put(stream: Stream, bytes: &[u8]) {
    let _ = match stream {
        Stream::Stdout => stdout().write_all(bytes).and_then(|()| stdout().flush()),
        Stream::Stderr => stderr().write_all(bytes),
    };
}

/// A thread that copies the output of a process to the terminal.
pub(crate) struct Copying {
    end: Receiver<()>,
}

impl Copying {
    /// Waits until the last line of the process is written.
    pub(crate) fn finish(self) {
        // After a timeout there is nothing more to wait for either.
        let _ = self.end.recv_timeout(LAST_LINES);
    }
}
