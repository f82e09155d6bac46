//! Where a server listens: an address, a Unix socket, a socket that was handed down, or one that code has bound.

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

/// How addresses are written, for messages.
const FORMS: &str =
    "write \"127.0.0.1:3000\", \"[::1]:3000\", \"localhost:3000\", \"unix:/run/app.sock\" or \"inherited:0\"";

const ELSEWHERE: &str = "choose another address: `bind(…)` in code, else `bind = …` in its table in lifespan.toml";

const PARENT: &str = "start it under what hands sockets down, as systemd or `systemfd` do, or choose an address";

/// Where to listen.
pub(crate) enum Place {
    Address(String),
    Bound(Arc<StdListener>),
}

/// A server can't listen where it is to: what is wrong, where, and what to do.
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
                (format!("the address is in use{}", by_whom(address)), format!("stop what listens there, {elsewhere}"))
            }
            io::ErrorKind::PermissionDenied => {
                let needed = if address.starts_with("unix:") {
                    "a Unix socket needs a directory to write to"
                } else {
                    "ports below 1024 need privileges"
                };
                ("no permission".to_owned(), format!("{needed}: grant that, {elsewhere}"))
            }
            io::ErrorKind::AddrNotAvailable => {
                ("this machine does not have that address".to_owned(), format!("use one of its own, {elsewhere}"))
            }
            _ => (error.to_string(), format!("correct that, {elsewhere}")),
        };
        Self { source: Some(error), ..Self::new(address, what, advice) }
    }

    /// The address, as it was given.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the system said, where it did.
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

/// The file of a Unix socket, which goes with it.
#[cfg(unix)]
pub(crate) struct OwnSocket(std::path::PathBuf);

#[cfg(unix)]
impl Drop for OwnSocket {
    fn drop(&mut self) {
        // Somebody may have taken it away already.
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
            return Err(ListenError::new(&address, "that is no address", FORMS));
        }
        let resolved: Vec<SocketAddr> = match lookup_host(&address).await {
            Ok(resolved) => resolved.collect(),
            Err(error) => {
                let what = format!("that is no address, and no name that can be resolved ({error})");
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
                // Answers are written whole: to wait for more only delays their ends. Else it works as well.
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

/// A copy of a socket that outlives this listener, for the server's next start.
fn adopt(listener: &StdListener) -> io::Result<Listener> {
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Listener::Tcp)
}

#[cfg(unix)]
async fn unix(address: &str, path: &str) -> Result<Listener, ListenError> {
    use std::os::unix::fs::FileTypeExt as _;
    if path.is_empty() {
        return Err(ListenError::new(address, "that is no address", FORMS));
    }
    let path = std::path::PathBuf::from(path);
    let mut bound = UnixListener::bind(&path);
    if bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
        // Connecting to what is no socket is refused as well: nothing of somebody else's is to be removed.
        if !std::fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
            let advice = format!("move it away, or {ELSEWHERE}");
            return Err(ListenError::new(address, "what stands there is no socket", advice));
        }
        // A process that was killed leaves its file, which nobody listens on.
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
#[expect(clippy::unused_async, reason = "that of Unix is async")]
async fn unix(address: &str, _: &str) -> Result<Listener, ListenError> {
    Err(ListenError::new(address, "this system has no Unix sockets here", FORMS))
}

/// The sockets that a parent has handed down, or why one is of no use. They are taken once a process, and kept.
fn all_handed_down() -> &'static Mutex<Vec<io::Result<Arc<StdListener>>>> {
    static ALL: OnceLock<Mutex<Vec<io::Result<Arc<StdListener>>>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut sockets = ListenFd::from_env();
        let count = sockets.len();
        let take = |index| match sockets.take_tcp_listener(index) {
            Ok(Some(listener)) if listens(&listener) => Ok(Arc::new(listener)),
            Ok(Some(_)) => Err(io::Error::other("it does not listen")),
            Ok(None) => Err(io::Error::other("it is taken already")),
            Err(error) => Err(error),
        };
        Mutex::new((0..count).map(take).collect())
    })
}

/// A connection is a socket of the same kind, and to accept from it waits for ever.
#[cfg(target_os = "linux")]
fn listens(listener: &StdListener) -> bool {
    // Where the system does not say, accepting will.
    socket2::SockRef::from(listener).is_listener().unwrap_or(true)
}

#[cfg(not(target_os = "linux"))]
fn listens(_: &StdListener) -> bool {
    true
}

/// The socket that was handed down for one of these addresses.
fn handed_down(addresses: &[SocketAddr]) -> Option<Arc<StdListener>> {
    let all = all_handed_down().lock().unwrap_or_else(PoisonError::into_inner);
    let is_for = |listener: &StdListener| listener.local_addr().is_ok_and(|address| addresses.contains(&address));
    all.iter().flatten().find(|listener| is_for(listener)).cloned()
}

fn inherited(address: &str, number: &str) -> Result<Listener, ListenError> {
    let Ok(number) = number.parse::<usize>() else {
        return Err(ListenError::new(address, "that is no number of a socket", FORMS));
    };
    let all = all_handed_down().lock().unwrap_or_else(PoisonError::into_inner);
    match all.get(number) {
        Some(Ok(listener)) => adopt(listener).map_err(|error| ListenError::from_io(address, error)),
        Some(Err(error)) => Err(ListenError::new(
            address,
            format!("what was handed down there is no TCP socket that listens ({error})"),
            PARENT,
        )),
        None => {
            let what = format!("{} sockets were handed down, counted from 0 (LISTEN_FDS)", all.len());
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

/// Calls a method of whichever socket it is.
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
