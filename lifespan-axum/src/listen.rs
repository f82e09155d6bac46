//! The listeners of a server: an address, a Unix socket, an inherited socket, or one that the code has bound.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

#[cfg(unix)]
use lifespan_core::private::line;
use listenfd::ListenFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, lookup_host};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// The formats of addresses, for messages.
const FORMS: &str =
    "write \"127.0.0.1:3000\", \"[::1]:3000\", \"localhost:3000\", \"unix:/run/app.sock\" or \"inherited:0\"";

const ELSEWHERE: &str = "choose another address: `bind(…)` in code, or `bind = …` in its table in lifespan.toml";

const PARENT: &str = "start it with socket activation, for example systemd or `systemfd`, or choose an address";

/// The place to listen on.
pub(crate) enum Place {
    Address(String),
    Bound(Arc<StdListener>),
}

/// An error of a server that can't listen on its address: what is wrong, where, and what to do.
#[derive(Debug)]
pub struct ListenError {
    address: String,
    what: String,
    advice: String,
    source: Option<io::Error>,
}

impl ListenError {
    fn new(address: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { address: address.to_owned(), what: what.into(), advice: advice.into(), source: None }
    }

    fn from_io(address: &str, error: io::Error) -> Self {
        let elsewhere = format!("or {ELSEWHERE}");
        let (what, advice) = match error.kind() {
            io::ErrorKind::AddrInUse => {
                (format!("the address is in use{}", by_whom(address)), format!("stop that process, {elsewhere}"))
            }
            io::ErrorKind::PermissionDenied => {
                let needed = if address.starts_with("unix:") {
                    "a Unix socket needs write access to its directory"
                } else {
                    "ports below 1024 need privileges"
                };
                ("permission denied".to_owned(), format!("{needed}: grant that, {elsewhere}"))
            }
            io::ErrorKind::AddrNotAvailable => (
                "this machine does not have that address".to_owned(),
                format!("use an address of this machine, {elsewhere}"),
            ),
            _ => (error.to_string(), format!("fix that, {elsewhere}")),
        };
        Self { source: Some(error), ..Self::new(address, what, advice) }
    }

    /// Returns the address, as it was given.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the kind of the system's error, if there was one.
    #[must_use]
    pub fn kind(&self) -> Option<io::ErrorKind> {
        self.source.as_ref().map(io::Error::kind)
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, what, advice, .. } = self;
        write!(f, "can't listen on {address:?}: {what}; {advice}")
    }
}

impl std::error::Error for ListenError {}

#[cfg(target_os = "linux")]
fn by_whom(address: &str) -> String {
    let holder = match address.strip_prefix("unix:") {
        Some(path) => crate::holder::of_path(path),
        None => address.rsplit(':').next().and_then(|port| port.parse().ok()).and_then(crate::holder::of_port),
    };
    holder.map(|holder| format!(" by {holder}")).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn by_whom(_: &str) -> String {
    String::new()
}

/// Listens for connections.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, OwnSocket),
}

/// The file of a Unix socket, which is removed with it.
#[cfg(unix)]
pub(crate) struct OwnSocket(std::path::PathBuf);

#[cfg(unix)]
impl Drop for OwnSocket {
    fn drop(&mut self) {
        // Another process may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    pub(crate) async fn open(place: Place) -> Result<Self, ListenError> {
        let address = match place {
            Place::Bound(listener) => {
                let address =
                    listener.local_addr().map_or_else(|_| "a socket".to_owned(), |address| address.to_string());
                return adopt(&listener).map_err(|error| ListenError::from_io(&address, error));
            }
            Place::Address(address) => address,
        };
        if let Some(number) = address.strip_prefix("inherited:") {
            return inherited(&address, number);
        }
        if let Some(path) = address.strip_prefix("unix:") {
            return unix(&address, path).await;
        }
        let has_port =
            address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port {
            return Err(ListenError::new(&address, "invalid address", FORMS));
        }
        let resolved: Vec<SocketAddr> = match lookup_host(&address).await {
            Ok(resolved) => resolved.collect(),
            Err(error) => {
                let what = format!("invalid address, and the name can't be resolved ({error})");
                return Err(ListenError::new(&address, what, FORMS));
            }
        };
        let listener = match handed_down(&resolved) {
            Some(listener) => adopt(&listener),
            None => TcpListener::bind(&resolved[..]).await.map(Self::Tcp),
        };
        listener.map_err(|error| ListenError::from_io(&address, error))
    }

    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Responses are written as a whole, so Nagle's algorithm only delays their ends. A failure changes nothing else.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "http://{address}"),
                Err(_) => f.write_str("a socket"),
            },
            #[cfg(unix)]
            Self::Unix(_, OwnSocket(path)) => write!(f, "unix:{}", line(&path.to_string_lossy())),
        }
    }
}

/// Copies a socket that outlives this listener, for the next start of the server.
fn adopt(listener: &StdListener) -> io::Result<Listener> {
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Listener::Tcp)
}

#[cfg(unix)]
async fn unix(address: &str, path: &str) -> Result<Listener, ListenError> {
    use std::os::unix::fs::FileTypeExt as _;
    if path.is_empty() {
        return Err(ListenError::new(address, "invalid address", FORMS));
    }
    let path = std::path::PathBuf::from(path);
    let mut bound = UnixListener::bind(&path);
    if bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
        // Connecting to a regular file is refused as well, and such a file must not be removed.
        if !std::fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
            let advice = format!("move it away, or {ELSEWHERE}");
            return Err(ListenError::new(address, "there is a file at this path that is not a socket", advice));
        }
        // A killed process leaves its socket file, and no process listens on it.
        let refused =
            UnixStream::connect(&path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if refused && std::fs::remove_file(&path).is_ok() {
            bound = UnixListener::bind(&path);
        }
    }
    match bound {
        Ok(listener) => Ok(Listener::Unix(listener, OwnSocket(path))),
        Err(error) => Err(ListenError::from_io(address, error)),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "the version for Unix is async")]
async fn unix(address: &str, _: &str) -> Result<Listener, ListenError> {
    Err(ListenError::new(address, "Unix sockets are not supported on this system", FORMS))
}

/// Returns the inherited sockets, each with the error if it is unusable. They are taken once per process, and kept.
fn all_handed_down() -> &'static Mutex<Vec<io::Result<Arc<StdListener>>>> {
    static ALL: OnceLock<Mutex<Vec<io::Result<Arc<StdListener>>>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut sockets = ListenFd::from_env();
        let count = sockets.len();
        let take = |index| match sockets.take_tcp_listener(index) {
            Ok(Some(listener)) if listens(&listener) => Ok(Arc::new(listener)),
            Ok(Some(_)) => Err(io::Error::other("it is not listening")),
            Ok(None) => Err(io::Error::other("it is already taken")),
            Err(error) => Err(error),
        };
        Mutex::new((0..count).map(take).collect())
    })
}

/// Returns true for a listening socket. A connection is a socket of the same type, and accepting from it waits forever.
#[cfg(target_os = "linux")]
fn listens(listener: &StdListener) -> bool {
    // If the system can't answer, accepting will report the error.
    socket2::SockRef::from(listener).is_listener().unwrap_or(true)
}

#[cfg(not(target_os = "linux"))]
fn listens(_: &StdListener) -> bool {
    true
}

/// Returns the inherited socket for one of these addresses.
fn handed_down(addresses: &[SocketAddr]) -> Option<Arc<StdListener>> {
    let all = all_handed_down().lock().unwrap_or_else(PoisonError::into_inner);
    let is_for = |listener: &StdListener| listener.local_addr().is_ok_and(|address| addresses.contains(&address));
    all.iter().flatten().find(|listener| is_for(listener)).cloned()
}

fn inherited(address: &str, number: &str) -> Result<Listener, ListenError> {
    let Ok(number) = number.parse::<usize>() else {
        return Err(ListenError::new(address, "invalid socket number", FORMS));
    };
    let all = all_handed_down().lock().unwrap_or_else(PoisonError::into_inner);
    match all.get(number) {
        Some(Ok(listener)) => adopt(listener).map_err(|error| ListenError::from_io(address, error)),
        Some(Err(error)) => Err(ListenError::new(
            address,
            format!("the inherited socket is not a listening TCP socket ({error})"),
            PARENT,
        )),
        None => {
            let what = format!("{} sockets were inherited, counted from 0 (LISTEN_FDS)", all.len());
            Err(ListenError::new(address, what, PARENT))
        }
    }
}

/// The socket of a connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Calls a method of the socket, TCP or Unix.
macro_rules! of_either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            #[cfg(unix)]
            Stream::Unix($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        of_either!(&mut *self, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        of_either!(&mut *self, stream => Pin::new(stream).poll_write(context, buffer))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(&mut *self, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(&mut *self, stream => Pin::new(stream).poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        of_either!(&mut *self, stream => Pin::new(stream).poll_write_vectored(context, buffers))
    }

    fn is_write_vectored(&self) -> bool {
        of_either!(self, stream => stream.is_write_vectored())
    }
}
