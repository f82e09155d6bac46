//! The listening sockets: bound once, and passed to the program like systemd does, from descriptor 3 on, with `LISTEN_FDS`.
//!
//! # Invariants
//! - The sockets stay open while this process runs, so that clients wait in the accept backlog.
//! - They are bound before any other file is opened. So their descriptor numbers in the program are already in use in this
//!   process, and the pipe through which `Command` reports a failed `exec` is never replaced.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, anyhow};
use command_fds::{CommandFdExt, FdMapping};

/// The argument with which this binary becomes the program, see [`hand_over`].
pub(crate) const HAND_OVER: &str = "hand-over";

/// The first descriptor that systemd passes.
const FIRST: i32 = 3;

/// The sockets that are passed to every process of the program.
pub(crate) struct Sockets {
    listeners: Vec<TcpListener>,
}

impl Sockets {
    /// Binds all addresses; `origin` names their source, for errors.
    pub(crate) fn bind(addresses: &[String], origin: &str) -> anyhow::Result<Self> {
        let bind = |address: &String| {
            TcpListener::bind(address).map_err(|error| {
                let advice = match error.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        "stop the process that uses it (`ss -ltnp` shows it), or choose another address with --listen"
                    }
                    std::io::ErrorKind::PermissionDenied => "choose a port from 1024 on",
                    _ => "write an address of this machine, as in 127.0.0.1:3000",
                };
                anyhow!("cannot listen on `{address}` ({origin}): {error}; {advice}")
            })
        };
        Ok(Self { listeners: addresses.iter().map(bind).collect::<anyhow::Result<_>>()? })
    }

    /// Returns the addresses of the sockets, with the port that was chosen for port 0.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Creates a command that runs the program with the sockets.
    ///
    /// `LISTEN_PID` must be the id of the program's process, which is known only after the process exists. So the command
    /// runs this binary, which sets the variable and then becomes the program.
    pub(crate) fn command(&self, program: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("cannot find the path of this binary")?);
        command.arg(HAND_OVER).arg(self.listeners.len().to_string()).arg(program);
        let mut mappings = Vec::new();
        for (listener, child_fd) in self.listeners.iter().zip(FIRST..) {
            // Blocking mode is a property of the socket, and the last process may have changed it.
            listener.set_nonblocking(false).context("cannot reset a socket")?;
            let parent_fd = listener.try_clone().context("cannot duplicate a socket")?.into();
            mappings.push(FdMapping { parent_fd, child_fd });
        }
        command.fd_mappings(mappings)?;
        Ok(command)
    }
}

/// Becomes the program, with the inherited sockets: `hand-over COUNT PROGRAM ARGUMENTS…`.
pub(crate) fn hand_over(mut given: impl Iterator<Item = OsString>) -> anyhow::Result<u8> {
    let (Some(count), Some(program)) = (given.next(), given.next()) else {
        anyhow::bail!("`{HAND_OVER}` is internal; run `cargo lifespan dev`");
    };
    // If we are killed, the program must not keep the port in use.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .context("cannot request a signal for the end of `cargo lifespan dev`")?;
    let mut command = Command::new(&program);
    command.args(given).env_remove("LISTEN_FDS").env_remove("LISTEN_PID").env_remove("LISTEN_FDNAMES");
    if count != "0" {
        command.env("LISTEN_FDS", count).env("LISTEN_PID", std::process::id().to_string());
    }
    Err(command.exec()).with_context(|| format!("cannot run {}", program.display()))
}
