//! Receives readiness messages with systemd's protocol: `READY=1` to the socket that `NOTIFY_SOCKET` names.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::cycle::Generation;
use crate::notice::{Notice, Notices};

/// The socket of one process. Each process has its own, so that messages are never confused.
pub(crate) struct Readiness {
    path: PathBuf,
}

impl Readiness {
    /// Opens the socket. Messages arrive as [`Notice::Ready`], [`Notice::Announces`] or [`Notice::Reloads`].
    pub(crate) fn listen(generation: Generation, notices: &Notices) -> std::io::Result<Self> {
        // The path of a socket is limited to 107 bytes; a path inside the project could be longer.
        let path = std::env::temp_dir().join(format!("cargo-lifespan-{}-{generation}", std::process::id()));
        // A killed process with our id may have left its socket.
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path)?;
        let notices = notices.clone();
        std::thread::spawn(move || {
            let mut message = [0; 4096];
            // An empty message, which only we send, ends the thread.
            while let Ok(length @ 1..) = socket.recv(&mut message) {
                let says = |what: &[u8]| message[..length].split(|byte| *byte == b'\n').any(|line| line == what);
                if says(b"X_LIFESPAN_RELOADS=1") {
                    notices.send(Notice::Reloads(generation));
                }
                let is_ready = says(b"READY=1");
                notices.send(if is_ready { Notice::Ready(generation) } else { Notice::Announces(generation) });
            }
        });
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        // If the socket no longer exists, its thread has ended too.
        let _ = UnixDatagram::unbound().and_then(|socket| socket.send_to(b"", &self.path));
        let _ = fs::remove_file(&self.path);
    }
}
