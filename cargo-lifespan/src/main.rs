//! `cargo lifespan dev` rebuilds a service when its sources change, and restarts it on the same listening sockets.
//!
//! ```toml
//! [package.metadata.lifespan.dev]
//! listen = ["127.0.0.1:3000"]
//! ```
//!
//! This tool binds the sockets once and passes them to the program like systemd (`LISTEN_FDS`). A client that connects
//! while the program is replaced waits in the accept backlog, and the new process answers it. If a build fails, the old
//! process continues to run. If the new process ends before it is up, the last good binary is started again.

#[cfg(unix)]
mod arguments;
#[cfg(unix)]
mod binaries;
#[cfg(unix)]
mod build;
#[cfg(unix)]
mod cycle;
#[cfg(unix)]
mod dev;
#[cfg(unix)]
mod notice;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod readiness;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod sockets;
#[cfg(unix)]
mod status;
#[cfg(unix)]
mod watch;
#[cfg(unix)]
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(unix)]
fn run() -> anyhow::Result<u8> {
    let mut given = std::env::args_os().skip(1).peekable();
    if given.next_if(|first| first == sockets::HAND_OVER).is_some() {
        return sockets::hand_over(given);
    }
    // `cargo lifespan …` runs `cargo-lifespan lifespan …`.
    given.next_if(|first| first == "lifespan");
    match arguments::parse(given)? {
        arguments::Asked::Dev(arguments) => dev::run(arguments),
        arguments::Asked::Text(text) => {
            print!("{text}");
            Ok(0)
        }
    }
}

#[cfg(not(unix))]
fn run() -> anyhow::Result<u8> {
    anyhow::bail!(
        "`cargo lifespan dev` is supported only on Unix, since it passes listening sockets to the program; run it in WSL, or start the program with `cargo run`"
    )
}
