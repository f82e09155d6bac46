//! Opens a TCP or Unix listener and accepts connections.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

#[cfg(unix)]
use lifespan_core::private::line;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, lookup_host};

use super::error::ListenError;
use super::inherited;
use super::stream::Stream;
#[cfg(unix)]
use super::unix::{self, OwnSocket};

/// The place to listen on.
pub(crate) enum Place {
    Address(String),
    Bound(Arc<StdListener>),
}

/// Listens for connections.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, OwnSocket),
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
            let listener = inherited::at(&address, number)?;
            return adopt(&listener).map_err(|error| ListenError::from_io(&address, error));
        }
        if let Some(path) = address.strip_prefix("unix:") {
            #[cfg(unix)]
            return unix::bind(&address, path).await.map(|(listener, file)| Self::Unix(listener, file));
            #[cfg(not(unix))]
            {
                let _ = path;
                return Err(ListenError::UnixNotSupported { address });
            }
        }
        let has_port =
            address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port {
            return Err(ListenError::InvalidAddress { address });
        }
        let resolved = lookup_host(&address).await.map(Vec::<SocketAddr>::from_iter);
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(error) => return Err(ListenError::Unresolved { address, error }),
        };
        let listener = match inherited::for_address(&resolved) {
            Some(listener) => adopt(&listener),
            None => TcpListener::bind(&resolved[..]).await.map(Self::Tcp),
        };
        listener.map_err(|error| ListenError::from_io(&address, error))
    }

    /// Logs `what`, followed by the address.
    pub(crate) fn log(&self, what: &str) {
        tracing::info!(target: "lifespan", "{what} on {self}");
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
            Self::Unix(_, file) => write!(f, "unix:{}", line(&file.path().to_string_lossy())),
        }
    }
}

/// Duplicates the socket; the original stays open for the server's next start.
fn adopt(listener: &StdListener) -> io::Result<Listener> {
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Listener::Tcp)
}
