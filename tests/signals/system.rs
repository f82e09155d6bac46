//! Signals, sent and handled by the system's own calls.
//!
//! `unsafe`: `kill`, `raise` and `sigaction` have no safe interface in the standard library, and the tests are about
//! what stands below any wrapper of them.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

pub(crate) use libc::{SIGCONT, SIGHUP, SIGINT, SIGSTOP, SIGTERM};

/// Sends a signal to a process that is this one's child and was not waited for yet, so that its number is still its own.
pub(crate) fn kill(process: u32, signal: i32) {
    let process = i32::try_from(process).expect("a process number");
    // SAFETY: no memory is involved.
    let result = unsafe { libc::kill(process, signal) };
    assert_eq!(result, 0, "kill: {}", std::io::Error::last_os_error());
}

/// Sends a signal to this process.
pub(crate) fn raise(signal: i32) {
    kill(std::process::id(), signal);
}

/// Whether a write to this pipe would wait.
pub(crate) fn is_full(pipe: &impl AsRawFd) -> bool {
    let mut asked = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: there is one entry, which lives through the call.
    let writable = unsafe { libc::poll(&raw mut asked, 1, 0) };
    assert!(writable >= 0, "poll: {}", std::io::Error::last_os_error());
    writable == 0
}

/// A terminal: the end that a person would sit at, and the end that is a program's.
pub(crate) fn terminal() -> (OwnedFd, OwnedFd) {
    let open = |path: &str| File::options().read(true).write(true).open(path).expect("a terminal");
    // Opened as a file, it is inherited by none of the programs that other cases start.
    let ours = open("/dev/ptmx");
    // SAFETY: the descriptor is open; the name is read before anybody could ask for another, in the one case that does.
    let name = unsafe {
        assert_eq!((libc::grantpt(ours.as_raw_fd()), libc::unlockpt(ours.as_raw_fd())), (0, 0));
        CStr::from_ptr(libc::ptsname(ours.as_raw_fd()))
    };
    let programs = open(name.to_str().expect("a path"));
    (ours.into(), programs.into())
}

static SEEN: AtomicI32 = AtomicI32::new(0);

/// Handles a signal by noting it.
pub(crate) fn note(signal: i32) {
    extern "C" fn noted(signal: i32) {
        SEEN.store(signal, Ordering::SeqCst);
    }
    // SAFETY: the handler only stores to an atomic.
    unsafe { libc::signal(signal, noted as *const () as libc::sighandler_t) };
}

/// The signal that was noted last, 0 for none.
pub(crate) fn noted() -> i32 {
    SEEN.load(Ordering::SeqCst)
}

/// How a signal is handled at this moment: the address of the handler, or what stands for the default or for ignoring.
pub(crate) fn handler(signal: i32) -> libc::sighandler_t {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is set, and a successful call fills `now` in.
    let now = unsafe {
        assert_eq!(libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()), 0);
        now.assume_init()
    };
    now.sa_sigaction
}
