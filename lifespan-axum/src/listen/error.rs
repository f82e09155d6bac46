//! The error of a server that can't listen.

use std::fmt;
use std::io;

/// The formats of addresses, for messages.
const FORMS: &str =
    "write \"127.0.0.1:3000\", \"[::1]:3000\", \"localhost:3000\", \"unix:/run/app.sock\" or \"inherited:0\"";

const ELSEWHERE: &str = "choose another address: `bind(…)` in code, or `bind = …` in its table in lifespan.toml";

const PARENT: &str = "start it with socket activation, for example systemd or `systemfd`, or choose an address";

/// The error of a server that can't listen on its address. `Display` says what is wrong, where, and what to do, and
/// `Debug` prints the same.
///
/// ```
/// use axum::Router;
/// use lifespan_axum::{ListenError, Server};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = lifespan::App::empty();
/// app.register(Server::new(Router::new()).bind("localhost"))?;
/// let report = app.launch().await;
/// let is_invalid = |error: &ListenError| matches!(error, ListenError::InvalidAddress { address } if address == "localhost");
/// assert_eq!(report.failures()[0].inspect_error(is_invalid), Some(true));
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub enum ListenError {
    /// The address has none of the valid forms: it has no port, or its path is empty.
    InvalidAddress {
        /// The address, as it was given.
        address: String,
    },
    /// The host name of the address can't be resolved.
    Unresolved {
        /// The address, as it was given.
        address: String,
        /// The error of the resolver.
        error: io::Error,
    },
    /// A process already listens on the address.
    InUse {
        /// The address, as it was given.
        address: String,
        /// That process, as far as this one has permission to see it: `process 4711 (nginx)`.
        owner: Option<String>,
        /// The error of the system.
        error: io::Error,
    },
    /// The process may not use the port, or may not write to the directory of the Unix socket.
    PermissionDenied {
        /// The address, as it was given.
        address: String,
        /// The error of the system.
        error: io::Error,
    },
    /// No network interface of this machine has the address.
    NotAvailable {
        /// The address, as it was given.
        address: String,
        /// The error of the system.
        error: io::Error,
    },
    /// The path of a Unix socket is taken by a file that is not a socket.
    NotASocket {
        /// The address, as it was given.
        address: String,
    },
    /// The address is a Unix socket, and the system has none.
    UnixNotSupported {
        /// The address, as it was given.
        address: String,
    },
    /// The address is `inherited:` with something else than a number.
    InvalidSocketNumber {
        /// The address, as it was given.
        address: String,
    },
    /// The address is `inherited:n`, and fewer sockets were inherited.
    NotInherited {
        /// The address, as it was given.
        address: String,
        /// The number of inherited sockets.
        inherited: usize,
    },
    /// The inherited socket is not a listening TCP socket.
    NotAListener {
        /// The address, as it was given.
        address: String,
        /// The kind of file that it is.
        reason: String,
    },
    /// The system reported another error.
    Io {
        /// The address, as it was given.
        address: String,
        /// The error of the system.
        error: io::Error,
    },
}

impl ListenError {
    pub(super) fn from_io(address: &str, error: io::Error) -> Self {
        let owned = address.to_owned();
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address: owned, owner: owner(address), error },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { address: owned, error },
            io::ErrorKind::AddrNotAvailable => Self::NotAvailable { address: owned, error },
            _ => Self::Io { address: owned, error },
        }
    }

    /// Returns the address, as it was given.
    ///
    /// ```
    /// use lifespan_axum::ListenError;
    ///
    /// let error = ListenError::InvalidAddress { address: "localhost".to_owned() };
    /// assert_eq!(error.address(), "localhost");
    /// assert!(error.to_string().starts_with("can't listen on \"localhost\": invalid address; write "));
    /// ```
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::InvalidAddress { address }
            | Self::Unresolved { address, .. }
            | Self::InUse { address, .. }
            | Self::PermissionDenied { address, .. }
            | Self::NotAvailable { address, .. }
            | Self::NotASocket { address }
            | Self::UnixNotSupported { address }
            | Self::InvalidSocketNumber { address }
            | Self::NotInherited { address, .. }
            | Self::NotAListener { address, .. }
            | Self::Io { address, .. } => address,
        }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address();
        write!(f, "can't listen on {address:?}: ")?;
        match self {
            Self::InvalidAddress { .. } => write!(f, "invalid address; {FORMS}"),
            Self::Unresolved { error, .. } => {
                write!(f, "invalid address, and the name can't be resolved ({error}); {FORMS}")
            }
            Self::InUse { owner, .. } => {
                f.write_str("the address is in use")?;
                if let Some(owner) = owner {
                    write!(f, " by {owner}")?;
                }
                write!(f, "; stop that process, or {ELSEWHERE}")
            }
            Self::PermissionDenied { .. } => {
                let needed = if address.starts_with("unix:") {
                    "a Unix socket needs write access to its directory"
                } else {
                    "ports below 1024 need privileges"
                };
                write!(f, "permission denied; {needed}: grant that, or {ELSEWHERE}")
            }
            Self::NotAvailable { .. } => {
                write!(f, "this machine does not have that address; use an address of this machine, or {ELSEWHERE}")
            }
            Self::NotASocket { .. } => {
                write!(f, "there is a file at this path that is not a socket; move it away, or {ELSEWHERE}")
            }
            Self::UnixNotSupported { .. } => write!(f, "Unix sockets are not supported on this system; {FORMS}"),
            Self::InvalidSocketNumber { .. } => write!(f, "invalid socket number; {FORMS}"),
            Self::NotInherited { inherited, .. } => {
                write!(f, "{inherited} sockets were inherited, counted from 0 (LISTEN_FDS); {PARENT}")
            }
            Self::NotAListener { reason, .. } => {
                write!(f, "the inherited socket is not a listening TCP socket ({reason}); {PARENT}")
            }
            Self::Io { error, .. } => write!(f, "{error}; fix that, or {ELSEWHERE}"),
        }
    }
}

impl fmt::Debug for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// `Display` already shows the system's error, so `source` returns none.
impl std::error::Error for ListenError {}

#[cfg(target_os = "linux")]
fn owner(address: &str) -> Option<String> {
    use super::port_owner;
    match address.strip_prefix("unix:") {
        Some(path) => port_owner::of_path(path),
        None => address.rsplit(':').next().and_then(|port| port.parse().ok()).and_then(port_owner::of_port),
    }
}

#[cfg(not(target_os = "linux"))]
fn owner(_: &str) -> Option<String> {
    None
}
