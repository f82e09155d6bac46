//! The sockets that systemd or another parent passes to the process (`LISTEN_FDS`).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use listenfd::ListenFd;

use super::error::ListenError;

/// An inherited socket, or the reason why it is unusable.
type Inherited = io::Result<Arc<TcpListener>>;

/// Returns the inherited sockets. They are taken once per process, and kept.
fn all() -> MutexGuard<'static, Vec<Inherited>> {
    static ALL: OnceLock<Mutex<Vec<Inherited>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut sockets = ListenFd::from_env();
        let count = sockets.len();
        let take = |index| match sockets.take_tcp_listener(index) {
            Ok(Some(listener)) if listens(&listener) => Ok(Arc::new(listener)),
            Ok(Some(_)) => Err(io::Error::other("it is not listening")),
            Ok(None) => Err(io::Error::other("it is already taken")),
            Err(error) => Err(error),
        };
        Mutex::new((0..count).map(take).collect())
    });
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns true for a listening socket. A connection is a socket of the same type, and accepting from it waits forever.
#[cfg(target_os = "linux")]
fn listens(listener: &TcpListener) -> bool {
    // If the system can't answer, accepting will report the error.
    socket2::SockRef::from(listener).is_listener().unwrap_or(true)
}

#[cfg(not(target_os = "linux"))]
fn listens(_: &TcpListener) -> bool {
    true
}

/// Returns the inherited socket for one of these addresses.
pub(super) fn for_address(addresses: &[SocketAddr]) -> Option<Arc<TcpListener>> {
    let is_for = |listener: &TcpListener| listener.local_addr().is_ok_and(|address| addresses.contains(&address));
    all().iter().flatten().find(|listener| is_for(listener)).cloned()
}

/// Returns the inherited socket with this number, counted from 0; `address` is `inherited:` and the number.
pub(super) fn at(address: &str, number: &str) -> Result<Arc<TcpListener>, ListenError> {
    let address = address.to_owned();
    let Ok(number) = number.parse::<usize>() else {
        return Err(ListenError::InvalidSocketNumber { address });
    };
    let all = all();
    match all.get(number) {
        Some(Ok(listener)) => Ok(Arc::clone(listener)),
        Some(Err(error)) => Err(ListenError::NotAListener { address, reason: error.to_string() }),
        None => Err(ListenError::NotInherited { address, inherited: all.len() }),
    }
}
