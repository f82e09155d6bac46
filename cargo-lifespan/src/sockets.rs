//! The listening sockets: bound once, and handed down as systemd does, from descriptor 3 on, with `LISTEN_FDS`.
//!
//! # Invariants
//! - The sockets stay open here for as long as this process lives, so that the backlog keeps whoever connects.
//! - They are bound before anything else is opened. So all numbers that they have in a program are taken in this process,
//!   and the pipe by which `Command` learns of a failed `exec` is never among those that are replaced.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, anyhow};
use command_fds::{CommandFdExt, FdMapping};

/// The argument that makes this binary a program in its place, see [`hand_over`].
pub(crate) const HAND_OVER: &str = "hand-over";

/// Where systemd's first descriptor is.
const FIRST: i32 = 3;

/// The sockets that every process of the program gets.
pub(crate) struct Sockets {
    listeners: Vec<TcpListener>,
}

impl Sockets {
    /// Binds them all; `origin` tells where the addresses stand.
    pub(crate) fn bind(addresses: &[String], origin: &str) -> anyhow::Result<Self> {
        let bind = |address: &String| {
            TcpListener::bind(address).map_err(|error| {
                let advice = match error.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        "stop what listens there (`ss -ltnp` shows it), or name another address with --listen"
                    }
                    std::io::ErrorKind::PermissionDenied => "name a port from 1024 on",
                    _ => "an address is written 127.0.0.1:3000, and must be one of this machine's",
                };
                anyhow!("cannot listen on `{address}` ({origin}): {error}; {advice}")
            })
        };
        Ok(Self { listeners: addresses.iter().map(bind).collect::<anyhow::Result<_>>()? })
    }

    /// Where they listen, with the port that was chosen for port 0.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// A command that runs the program with the sockets.
    ///
    /// The program must find its own process id in `LISTEN_PID`, which is not known before there is a process: so this
    /// binary is run, which puts it into its environment and becomes the program.
    pub(crate) fn command(&self, program: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("cannot tell where this binary is")?);
        command.arg(HAND_OVER).arg(self.listeners.len().to_string()).arg(program);
        let mut mappings = Vec::new();
        for (listener, child_fd) in self.listeners.iter().zip(FIRST..) {
            // Whether it blocks is a property of the socket, which the last program may have changed.
            listener.set_nonblocking(false).context("cannot reset a socket")?;
            let parent_fd = listener.try_clone().context("cannot duplicate a socket")?.into();
            mappings.push(FdMapping { parent_fd, child_fd });
        }
        command.fd_mappings(mappings)?;
        Ok(command)
    }
}

/// Becomes the program, on the sockets that were inherited: `hand-over COUNT PROGRAM ARGUMENTS…`.
pub(crate) fn hand_over(mut given: impl Iterator<Item = OsString>) -> anyhow::Result<u8> {
    let (Some(count), Some(program)) = (given.next(), given.next()) else {
        anyhow::bail!("`{HAND_OVER}` is for `cargo lifespan dev` itself");
    };
    // Should we be killed, nothing goes on answering at the port.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .context("cannot ask for a signal should `cargo lifespan dev` end")?;
    let mut command = Command::new(&program);
    command.args(given).env_remove("LISTEN_FDS").env_remove("LISTEN_PID").env_remove("LISTEN_FDNAMES");
    if count != "0" {
        command.env("LISTEN_FDS", count).env("LISTEN_PID", std::process::id().to_string());
    }
    Err(command.exec()).with_context(|| format!("cannot run {}", program.display()))
}
