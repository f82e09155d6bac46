//! Waits and signals of the watch thread on Unix: a pipe that handlers and threads write to.
//!
//! # Invariants
//! - A handler notes its signal while a run wants it, and then calls the handler that was installed before it.
//! - After the last run the earlier disposition is restored only where ours is the present one. A handler that other
//!   code has installed over ours (tokio's `ctrl_c`, for example) stays and goes on calling ours, which from then on
//!   only calls the one before it.
//! - A handler that others may call is not installed again, since it would then call itself through them. The next run
//!   uses another of a few; the last of these is installed again and again, and calls none.
//!
//! `signal-hook-registry`, through which tokio listens, cannot be used here: it installs one handler for all its users,
//! once in a process. Removing that after a run would remove it for tokio too, and leaving it would prevent the default
//! action of the signal from coming back.
//!
//! `unsafe`: `sigaction`, `raise` and `write` in a handler, calling the handler before ours, and `_exit`; no safe
//! interface offers these.
#![allow(unsafe_code)]

use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};
use std::time::Duration;

use libc::{SIG_DFL, SIG_IGN, SIGHUP, SIGINT, SIGTERM, c_int, c_void, siginfo_t};

/// Wakes the watch thread.
pub(super) struct ThreadWaker {
    reader: UnixStream,
    writer: UnixStream,
}

impl ThreadWaker {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        Ok(Self { reader, writer })
    }

    pub(super) fn wake(&self) {
        // If the pipe is full, the thread wakes anyway.
        let _ = (&self.writer).write(&[0]);
    }

    /// Waits until it is woken, or for this long.
    pub(super) fn wait(&self, timeout: Option<Duration>) {
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_millis(1)));
        if self.reader.set_read_timeout(timeout).is_err() {
            // The one error is a zero timeout, which the line above excludes.
            return;
        }
        let mut woken = [0; 64];
        match (&self.reader).read(&mut woken) {
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => {
                super::aside::aside(move || {
                    let text = format_args!("the watch thread cannot wait: {error}");
                    crate::log::Prints::of_process().write(tracing::Level::ERROR, text);
                });
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// A handler, as `sigaction` takes it.
type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// Handlers that do the same for a signal. More than one is in use if other code has installed its own in between.
static HANDLERS: [Handler; 4] = [handle::<0>, handle::<1>, handle::<2>, handle::<3>];

const LAST: usize = HANDLERS.len() - 1;

/// The state that the handlers of a signal share with the watch thread.
struct Shared {
    number: c_int,
    /// Set while a run wants it, and for a moment longer.
    wanted: AtomicBool,
    came: AtomicBool,
    /// The disposition before each handler. It is never freed, since a handler may be reading it.
    before: [AtomicPtr<libc::sigaction>; HANDLERS.len()],
}

static SHARED: [Shared; 3] = [Shared::new(SIGINT), Shared::new(SIGTERM), Shared::new(SIGHUP)];

/// The write end of the pipe for handlers: the watch's, which is never closed once a handler is installed.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Handles a signal. It may interrupt anything, so it calls only async-signal-safe functions.
extern "C" fn handle<const POSITION: usize>(number: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let errno = errno::errno();
    if let Some(shared) = SHARED.iter().find(|shared| shared.number == number) {
        shared.note();
        shared.call_before(POSITION, info, context);
    }
    errno::set_errno(errno);
}

impl Shared {
    const fn new(number: c_int) -> Self {
        let before = [const { AtomicPtr::new(std::ptr::null_mut()) }; HANDLERS.len()];
        Self { number, wanted: AtomicBool::new(false), came: AtomicBool::new(false), before }
    }

    fn note(&self) {
        if self.wanted.load(Ordering::Acquire) {
            self.came.store(true, Ordering::Release);
            // If the pipe is full, the thread will wake anyway.
            // SAFETY: one byte is read from a constant; the descriptor is open as long as signals are wanted.
            unsafe { libc::write(PIPE.load(Ordering::Relaxed), [0_u8].as_ptr().cast(), 1) };
        }
    }

    fn call_before(&self, position: usize, info: *mut siginfo_t, context: *mut c_void) {
        let Some(before) = self.before(position) else { return };
        // Through a pointer: an integer that was made a function has no provenance.
        let address = before.sa_sigaction as *const ();
        match before.sa_sigaction {
            SIG_DFL => self.leave_to_default(position, before),
            SIG_IGN => {}
            _ if position == LAST => {}
            // SAFETY: the flag, set by the code that installed it, states which of the two signatures it has.
            _ if before.sa_flags & libc::SA_SIGINFO == 0 => unsafe {
                std::mem::transmute::<*const (), extern "C" fn(c_int)>(address)(self.number);
            },
            // SAFETY: as above.
            _ => unsafe { std::mem::transmute::<*const (), Handler>(address)(self.number, info, context) },
        }
    }

    /// Takes the default action if a handler is the present one and no run wants the signal: the last run has just
    /// ended, or code that had installed its own handler during the run has put ours back after it.
    fn leave_to_default(&self, position: usize, default: &libc::sigaction) {
        let is_present = || disposition(self.number, None).is_ok_and(|now| now.sa_sigaction == address(position));
        if !self.wanted.load(Ordering::Acquire) && is_present() && disposition(self.number, Some(default)).is_ok() {
            // SAFETY: no memory is involved. The signal is delivered when the handler has returned.
            unsafe { libc::raise(self.number) };
        }
    }

    fn before(&self, position: usize) -> Option<&libc::sigaction> {
        // SAFETY: null, or from a box that was leaked.
        unsafe { self.before[position].load(Ordering::Acquire).as_ref() }
    }

    fn set_before(&self, position: usize, before: libc::sigaction) {
        let is_same =
            |now: &libc::sigaction| (now.sa_sigaction, now.sa_flags) == (before.sa_sigaction, before.sa_flags);
        if !self.before(position).is_some_and(is_same) {
            self.before[position].store(Box::leak(Box::new(before)), Ordering::Release);
        }
    }
}

fn address(position: usize) -> libc::sighandler_t {
    HANDLERS[position] as *const () as libc::sighandler_t
}

/// The signals that stop an app.
pub(super) struct Signals {
    each: [Signal; SHARED.len()],
    wanted: bool,
}

struct Signal {
    shared: &'static Shared,
    /// The handler for the next run: other code may call those before it.
    position: usize,
    installed: bool,
}

impl Signals {
    pub(super) fn new(waker: &ThreadWaker) -> Self {
        TERMINALS.get_or_init(terminals);
        PIPE.store(waker.writer.as_raw_fd(), Ordering::Relaxed);
        Self { each: SHARED.each_ref().map(|shared| Signal { shared, position: 0, installed: false }), wanted: false }
    }

    /// Installs the handlers, or restores the earlier dispositions.
    pub(super) fn set(&mut self, wanted: bool) -> io::Result<()> {
        if wanted == std::mem::replace(&mut self.wanted, wanted) {
            return Ok(());
        }
        // All of them, even if one fails.
        let results = self.each.each_mut().map(|signal| if wanted { signal.install() } else { signal.put_back() });
        results.into_iter().collect()
    }

    /// Installs the handlers over those that others have installed since: a run wants them again.
    pub(super) fn renew(&mut self) -> io::Result<()> {
        if self.wanted {
            self.each.iter_mut().try_for_each(Signal::renew)?;
        }
        Ok(())
    }

    /// Returns the signals that came since the last call.
    pub(super) fn take(&self) -> Vec<i32> {
        let came = self.each.iter().filter(|signal| signal.shared.came.swap(false, Ordering::Acquire));
        came.map(|signal| signal.shared.number).collect()
    }
}

impl Signal {
    fn install(&mut self) -> io::Result<()> {
        let (shared, position) = (self.shared, self.position);
        let before = disposition(shared.number, None)?;
        // `nohup` sets the hang-up to be ignored, and that is respected.
        if shared.number == SIGHUP && before.sa_sigaction == SIG_IGN {
            return Ok(());
        }
        shared.set_before(position, before);
        shared.came.store(false, Ordering::Relaxed);
        shared.wanted.store(true, Ordering::Release);
        self.installed = true;
        // Another thread may have installed one meanwhile.
        let before = disposition(shared.number, Some(&ours(position)))?;
        shared.set_before(position, before);
        Ok(())
    }

    fn renew(&mut self) -> io::Result<()> {
        let now = disposition(self.shared.number, None)?;
        if self.installed && now.sa_sigaction == address(self.position) {
            return Ok(());
        }
        self.put_back()?;
        self.install()
    }

    fn put_back(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.installed) {
            return Ok(());
        }
        let (shared, ours) = (self.shared, address(self.position));
        shared.wanted.store(false, Ordering::Release);
        let Some(before) = shared.before(self.position) else { return Ok(()) };
        let mut now = disposition(shared.number, None)?;
        if now.sa_sigaction == ours {
            now = disposition(shared.number, Some(before))?;
            if now.sa_sigaction == ours {
                return Ok(());
            }
            // Another thread has just installed its own.
            disposition(shared.number, Some(&now))?;
        }
        let may_call_ours = ![SIG_DFL, SIG_IGN, before.sa_sigaction].contains(&now.sa_sigaction);
        self.position = LAST.min(self.position + usize::from(may_call_ours));
        Ok(())
    }
}

/// Ends the process without running its exit handlers, which may block.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: it takes no pointer and does not return.
    unsafe { libc::_exit(code) }
}

/// The standard streams that were terminals before the first handler was installed.
static TERMINALS: OnceLock<[bool; 3]> = OnceLock::new();

fn terminals() -> [bool; 3] {
    [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()]
}

/// Returns whether a signal requests a reload. A hang-up does if a program sent it, but not if the terminal was closed:
/// then the stream is no longer a terminal.
pub(super) fn asks_for_reload(signal: i32) -> bool {
    let before = TERMINALS.get().copied().unwrap_or_default();
    signal == SIGHUP && before.iter().zip(terminals()).all(|(before, now)| now || !before)
}

/// Returns the disposition that calls a handler.
fn ours(position: usize) -> libc::sigaction {
    // SAFETY: all of its fields are numbers or optional functions: zeros are valid.
    let mut ours: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    ours.sa_sigaction = address(position);
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    ours
}

/// Sets a signal's disposition, if one is given, and returns the previous one.
fn disposition(signal: i32, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut before = MaybeUninit::uninit();
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both pointers are valid for the call or null; what is set calls a handler of ours, or was read from the
    // system by this function.
    let result = unsafe { libc::sigaction(signal, new, before.as_mut_ptr()) };
    if result == 0 {
        // SAFETY: a successful call has filled it in.
        Ok(unsafe { before.assume_init() })
    } else {
        Err(io::Error::last_os_error())
    }
}
