//! The terminal: lines that stay, and below them one status line that is drawn anew. Without a terminal, lines only.
//!
//! # Invariants
//! - On a terminal everything is written under one lock, and by us alone: what the program and cargo write comes through
//!   pipes, line by line, so that the status line is never torn.
//! - Without a terminal nothing stands between them and our standard streams.

use std::io::{BufRead, BufReader, IsTerminal, PipeReader, Write, stderr, stdout};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;

/// The last lines of a process come at once when it has ended. What it has left running may hold its pipe for ever.
const LAST_LINES: Duration = Duration::from_millis(300);

const BACK_TO_AN_EMPTY_LINE: &str = "\r\x1b[2K";

/// How a line is meant.
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

/// One of the two that a process writes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// A handle on it.
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

    /// Whether there is a status line.
    pub(crate) fn has_status(&self) -> bool {
        self.terminal
    }

    /// Writes a line as cargo writes its own: a word, and what it is about.
    pub(crate) fn say(&self, tone: Tone, word: &str, text: &str) {
        let line = if self.color {
            format!("{}{word:>12}\x1b[0m {text}\n", tone.code())
        } else {
            format!("{word:>12} {text}\n")
        };
        self.write(Stream::Stderr, line.as_bytes());
    }

    /// Something that is not as it should be, and does not end us.
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

    /// Takes the status line away, for good.
    pub(crate) fn close(&self) {
        if self.lock().take().is_some() {
            put(Stream::Stderr, BACK_TO_AN_EMPTY_LINE.as_bytes());
        }
    }

    /// Has a command write through us, where we would not see what it writes to the terminal.
    pub(crate) fn capture(&self, stream: Stream, command: &mut Command) -> anyhow::Result<Option<PipeReader>> {
        let terminal = match stream {
            Stream::Stdout => stdout().is_terminal(),
            Stream::Stderr => stderr().is_terminal(),
        };
        if !(self.terminal && terminal) {
            return Ok(None);
        }
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        match stream {
            Stream::Stdout => command.stdout(writer),
            Stream::Stderr => command.stderr(writer),
        };
        Ok(Some(reader))
    }

    /// Copies what comes from a pipe, each line when it is whole.
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
            // Whoever waits for it may have given up.
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
        // One that wraps could not be taken back.
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

/// Where nobody reads, nothing is lost by going on.
fn put(stream: Stream, bytes: &[u8]) {
    let _ = match stream {
        Stream::Stdout => stdout().write_all(bytes).and_then(|()| stdout().flush()),
        Stream::Stderr => stderr().write_all(bytes),
    };
}

/// What a process writes, on its way to the terminal.
pub(crate) struct Copying {
    end: Receiver<()>,
}

impl Copying {
    /// Waits until the process's last line is out.
    pub(crate) fn finish(self) {
        // Either way there is nothing more to wait for.
        let _ = self.end.recv_timeout(LAST_LINES);
    }
}
