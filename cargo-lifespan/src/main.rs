//! `cargo lifespan dev`: builds a service when its sources change, and starts it anew on the same listening sockets.
//!
//! ```toml
//! [package.metadata.lifespan.dev]
//! listen = ["127.0.0.1:3000"]
//! ```
//!
//! The sockets are bound once, by this tool, and handed down as systemd does (`LISTEN_FDS`): whoever connects while the
//! program is replaced waits in the backlog and is answered by the new one. What is built first and fails to build
//! replaces nothing; what dies before it is up gives way to the last that was.

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
        "`cargo lifespan dev` hands listening sockets down as Unix systems do, and this is none; run it in WSL, or the program with `cargo run`"
    )
}
