//! Signals, sent and handled by the system's own calls.
//!
//! `unsafe`: `kill`, `sigaction` and `setrlimit` have no safe interface in the standard library, and the tests are about
//! what stands below any wrapper of them.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

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

/// Handlers that call the one before them.
pub(crate) const CHAIN: [fn(i32); 6] = [chain::<0>, chain::<1>, chain::<2>, chain::<3>, chain::<4>, chain::<5>];

static BEFORE: [AtomicUsize; CHAIN.len()] = [const { AtomicUsize::new(libc::SIG_DFL) }; CHAIN.len()];

/// Handles a signal by calling the handler before.
fn chain<const N: usize>(signal: i32) {
    type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);
    extern "C" fn call_before<const N: usize>(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
        let before = BEFORE[N].load(Ordering::SeqCst);
        if before != libc::SIG_DFL {
            // SAFETY: it was installed with the flag that says that it takes these three.
            unsafe { std::mem::transmute::<*const (), Handler>(before as *const ())(signal, info, context) };
        }
    }
    let mut new = disposition(signal);
    BEFORE[N].store(new.sa_sigaction, Ordering::SeqCst);
    let handler: Handler = call_before::<N>;
    new.sa_sigaction = handler as *const () as libc::sighandler_t;
    new.sa_flags |= libc::SA_SIGINFO;
    // SAFETY: the handler only loads an atomic, and calls what was a handler before.
    let result = unsafe { libc::sigaction(signal, &raw const new, std::ptr::null_mut()) };
    assert_eq!(result, 0, "sigaction: {}", std::io::Error::last_os_error());
}

/// Handles a signal by noting it for as long as this is there; then the handler before is back.
pub(crate) struct Noting(i32, libc::sigaction);

impl Noting {
    pub(crate) fn begin(signal: i32) -> Self {
        let before = disposition(signal);
        note(signal);
        Self(signal, before)
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        // SAFETY: what is set was read from the system.
        let result = unsafe { libc::sigaction(self.0, &raw const self.1, std::ptr::null_mut()) };
        assert_eq!(result, 0, "sigaction: {}", std::io::Error::last_os_error());
    }
}

/// Lets this process have so much of a resource, until this is dropped.
#[cfg(target_os = "linux")]
pub(crate) struct Limit(libc::__rlimit_resource_t, libc::rlimit);

#[cfg(target_os = "linux")]
impl Limit {
    /// No file descriptors but one.
    pub(crate) fn files() -> Self {
        let next = File::open("/dev/null").expect("a file").as_raw_fd();
        Self::begin(libc::RLIMIT_NOFILE, u64::try_from(next).expect("a descriptor") + 1)
    }

    /// Room for all but the stack of a thread.
    pub(crate) fn memory() -> Self {
        Self::memory_for(0)
    }

    /// Room for the stacks of so many threads, and for none more.
    pub(crate) fn memory_for(stacks: u64) -> Self {
        let used = std::fs::read_to_string("/proc/self/statm").expect("its size");
        let pages: u64 = used.split(' ').next().and_then(|pages| pages.parse().ok()).expect("a number of pages");
        // SAFETY: no memory is involved.
        let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("a size");
        Self::begin(libc::RLIMIT_AS, pages * page + (1 << 20) + stacks * (2 << 20))
    }

    fn begin(resource: libc::__rlimit_resource_t, limit: u64) -> Self {
        let mut before = MaybeUninit::uninit();
        // SAFETY: a successful call fills it in.
        let before: libc::rlimit = unsafe {
            assert_eq!(libc::getrlimit(resource, before.as_mut_ptr()), 0);
            before.assume_init()
        };
        set_limit(resource, &libc::rlimit { rlim_cur: limit, ..before });
        Self(resource, before)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Limit {
    fn drop(&mut self) {
        set_limit(self.0, &self.1);
    }
}

#[cfg(target_os = "linux")]
fn set_limit(resource: libc::__rlimit_resource_t, limit: &libc::rlimit) {
    // SAFETY: the pointer is valid for the call.
    let result = unsafe { libc::setrlimit(resource, limit) };
    assert_eq!(result, 0, "setrlimit: {}", std::io::Error::last_os_error());
}

/// Has a signal do what it does by default, here and in the programs that are started: a shell starts what it runs in the
/// background with SIGINT ignored.
pub(crate) fn set_default(signal: i32) {
    // SAFETY: no memory is involved.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// From here on none was noted.
pub(crate) fn forget_noted() {
    SEEN.store(0, Ordering::SeqCst);
}

/// The signal that was noted last, 0 for none.
pub(crate) fn noted() -> i32 {
    SEEN.load(Ordering::SeqCst)
}

/// How a signal is handled at this moment: the address of the handler, or what stands for the default or for ignoring.
pub(crate) fn handler(signal: i32) -> libc::sighandler_t {
    disposition(signal).sa_sigaction
}

fn disposition(signal: i32) -> libc::sigaction {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is set, and a successful call fills `now` in.
    unsafe {
        assert_eq!(libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()), 0);
        now.assume_init()
    }
}
