//! How the watch thread waits and hears of signals on Unix: a pipe that handlers and threads write to.
//!
//! `unsafe`: `sigaction`, to put back the disposition that a signal had before, and `_exit`; no safe interface offers
//! these.
#![allow(unsafe_code)]

use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Wakes the watch thread.
pub(super) struct Bell {
    reader: UnixStream,
    writer: UnixStream,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        Ok(Self { reader, writer })
    }

    pub(super) fn ring(&self) {
        // A full pipe rings already.
        let _ = (&self.writer).write(&[0]);
    }

    /// Waits until it rings, or for so long.
    pub(super) fn wait(&self, timeout: Option<Duration>) {
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_millis(1)));
        if self.reader.set_read_timeout(timeout).is_err() {
            // The one error is a zero timeout, which the line above excludes.
            return;
        }
        let mut rung = [0; 64];
        match (&self.reader).read(&mut rung) {
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => {
                tracing::error!(target: crate::log::TARGET, "the watch thread cannot wait: {error}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// The signals that stop an app.
pub(super) struct Signals {
    each: [Signal; 3],
    bell: Arc<Bell>,
    installed: bool,
}

struct Signal {
    number: i32,
    came: Arc<AtomicBool>,
    /// Our disposition, once it was made.
    ours: Option<libc::sigaction>,
    /// The one before, while ours is there.
    before: Option<libc::sigaction>,
}

impl Signals {
    pub(super) fn new(bell: &Arc<Bell>) -> Self {
        TERMINALS.get_or_init(terminals);
        let each =
            [SIGINT, SIGTERM, SIGHUP].map(|number| Signal { number, came: Arc::default(), ours: None, before: None });
        Self { each, bell: Arc::clone(bell), installed: false }
    }

    /// Installs the handlers, or puts the earlier dispositions back.
    pub(super) fn set(&mut self, wanted: bool) -> io::Result<()> {
        if wanted == std::mem::replace(&mut self.installed, wanted) {
            return Ok(());
        }
        for signal in &mut self.each {
            if wanted { signal.install(&self.bell)? } else { signal.put_back()? }
        }
        Ok(())
    }

    /// The signals that came since it was asked last.
    pub(super) fn take(&self) -> Vec<i32> {
        let came = self.each.iter().filter(|signal| signal.came.swap(false, Ordering::Relaxed));
        came.map(|signal| signal.number).collect()
    }
}

impl Signal {
    fn install(&mut self, bell: &Bell) -> io::Result<()> {
        let before = disposition(self.number, None)?;
        // `nohup` has the hang-up ignored, and means it.
        if self.number == SIGHUP && before.sa_sigaction == libc::SIG_IGN {
            return Ok(());
        }
        if let Some(ours) = &self.ours {
            disposition(self.number, Some(ours))?;
        } else {
            signal_hook::flag::register(self.number, Arc::clone(&self.came))?;
            signal_hook::low_level::pipe::register(self.number, bell.writer.try_clone()?)?;
            self.ours = Some(disposition(self.number, None)?);
        }
        self.before = Some(before);
        Ok(())
    }

    fn put_back(&mut self) -> io::Result<()> {
        if let Some(before) = self.before.take() {
            disposition(self.number, Some(&before))?;
        }
        Ok(())
    }
}

/// Ends the process without running its exit handlers, which may block.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: it takes no pointer and does not return.
    unsafe { libc::_exit(code) }
}

/// Which of the standard streams were terminals before the first handler was there.
static TERMINALS: OnceLock<[bool; 3]> = OnceLock::new();

fn terminals() -> [bool; 3] {
    [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()]
}

/// Whether a signal asks that the sources be read anew. A hang-up does where it was sent, and not where the terminal has
/// gone, which is then none any more.
pub(super) fn asks_for_reload(signal: i32) -> bool {
    let before = TERMINALS.get().copied().unwrap_or_default();
    signal == SIGHUP && before.iter().zip(terminals()).all(|(before, now)| now || !before)
}

/// Sets a signal's disposition, if one is given, and returns the one before.
fn disposition(signal: i32, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut before = MaybeUninit::uninit();
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both pointers are valid for the call or null; what is set was read from the system by this function.
    let result = unsafe { libc::sigaction(signal, new, before.as_mut_ptr()) };
    if result == 0 {
        // SAFETY: a successful call has filled it in.
        Ok(unsafe { before.assume_init() })
    } else {
        Err(io::Error::last_os_error())
    }
}
