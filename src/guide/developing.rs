//! Rebuild and restart the program on each change, without refusing a client.
//!
//! `cargo lifespan dev` (on Unix) builds the program whenever one of its files changes, and restarts it on the same
//! port. From a clone of the repository, `cargo install --path cargo-lifespan` installs it. Put the addresses to listen
//! on into the manifest of the program:
//!
//! ```toml
//! [package.metadata.lifespan.dev]
//! listen = ["127.0.0.1:3000"]
//! ```
//!
//! The tool binds them once and passes the sockets to the program as systemd does (`LISTEN_FDS`). A client that
//! connects during a restart waits and is answered by the new code. A program that does not take these sockets binds
//! its own; a client that connects while it is replaced is refused.
//!
//! 1. It builds first. A build that fails replaces nothing; a change during a build cancels it.
//! 2. The running program gets SIGTERM and has 5 s: its tasks and contexts stop in order before the new program starts.
//! 3. A new program that exits before it is up is replaced by the last one that was up. A program is up when it reports
//!    so (`READY=1` to `NOTIFY_SOCKET`), as every program of this framework does; any other program after one second.
//!
//! It watches `lifespan.toml` and all local packages of the program, except what `.gitignore` excludes. If only
//! `lifespan.toml` has changed, the running program [reloads it](super::reload); a program that does not confirm this
//! to `NOTIFY_SOCKET` is restarted without a build.
//!
//! Ctrl-C stops everything in order, a second Ctrl-C at once. `cargo lifespan dev --help` lists the options that are
//! passed on to cargo and to the program.
//!
//! [Previous: Testing](super::testing) · [Contents](super) · Next: [Deployment](super::deployment)
