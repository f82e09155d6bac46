//! Hears a program say that it is up, by systemd's protocol: `READY=1` to the socket that `NOTIFY_SOCKET` names.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::cycle::Generation;
use crate::dev::{Notice, Notices};

/// The socket of one process. Each has its own, so that none is taken for another.
pub(crate) struct Readiness {
    path: PathBuf,
}

impl Readiness {
    /// Opens it. What comes is a [`Notice::Ready`], or a [`Notice::Announces`].
    pub(crate) fn listen(generation: Generation, notices: &Notices) -> std::io::Result<Self> {
        // Such a name may have 107 bytes: a folder of the project could be too deep.
        let path = std::env::temp_dir().join(format!("cargo-lifespan-{}-{generation}", std::process::id()));
        // One of our number may have been killed, and have left its socket.
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path)?;
        let notices = notices.clone();
        std::thread::spawn(move || {
            let mut message = [0; 4096];
            // An empty message, which nobody else has a use for, is the end.
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
        // Where the socket has gone, so has its thread.
        let _ = UnixDatagram::unbound().and_then(|socket| socket.send_to(b"", &self.path));
        let _ = fs::remove_file(&self.path);
    }
}
