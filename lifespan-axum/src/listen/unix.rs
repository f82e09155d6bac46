//! Listens on a Unix socket, and removes its file afterwards.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::error::ListenError;

/// The socket's file; dropping this removes the file.
pub(crate) struct OwnSocket(PathBuf);

impl OwnSocket {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        // Another process may have removed it already.
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens on a path; `address` is `unix:` and the path.
pub(super) async fn bind(address: &str, path: &str) -> Result<(UnixListener, OwnSocket), ListenError> {
    if path.is_empty() {
        return Err(ListenError::InvalidAddress { address: address.to_owned() });
    }
    let path = PathBuf::from(path);
    let mut bound = UnixListener::bind(&path);
    if bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
        // Connecting to a regular file is refused as well, and such a file must not be removed.
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
            return Err(ListenError::NotASocket { address: address.to_owned() });
        }
        // A killed process leaves its socket file, and no process listens on it.
        let refused =
            UnixStream::connect(&path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if refused && fs::remove_file(&path).is_ok() {
            bound = UnixListener::bind(&path);
        }
    }
    match bound {
        Ok(listener) => Ok((listener, OwnSocket(path))),
        Err(error) => Err(ListenError::from_io(address, error)),
    }
}
