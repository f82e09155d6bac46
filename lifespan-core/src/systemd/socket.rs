//! The connection to systemd: a thread that sends messages one after another.

use std::ffi::OsStr;
use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::{Level, Span};

use crate::base::{line, spawn};
use crate::log::Prints;
use crate::signal::panics;

/// The variable that holds systemd's address.
pub(super) const VARIABLE: &str = "NOTIFY_SOCKET";

/// The time that the end of a run waits for its last message to be sent.
const PATIENCE: Duration = Duration::from_secs(1);

/// One assignment of a message.
pub(super) enum Say {
    Ready,
    /// The sources are being read again; `Ready` follows.
    Reloading,
    /// A variable of this framework, for the parent process: SIGHUP reloads the sources.
    Reloads,
    Stopping,
    Watchdog,
    /// The time that a startup or a stop may still take.
    Extend(Duration),
    /// The status text, in one line.
    Status(String),
}

impl Say {
    fn state(&self) -> NotifyState<'_> {
        match self {
            Say::Ready => NotifyState::Ready,
            Say::Reloading => NotifyState::Reloading,
            Say::Reloads => NotifyState::Custom("X_LIFESPAN_RELOADS=1"),
            Say::Stopping => NotifyState::Stopping,
            Say::Watchdog => NotifyState::Watchdog,
            Say::Extend(time) => NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)),
            Say::Status(text) => NotifyState::Status(text),
        }
    }
}

pub(super) struct Socket {
    messages: mpsc::UnboundedSender<Vec<Say>>,
    /// The thread has sent everything.
    sent: oneshot::Receiver<()>,
}

impl Socket {
    /// Starts the thread. An error is logged as a warning, once.
    pub(super) fn open(span: Span, prints: Prints) -> io::Result<Self> {
        let (messages, mut given) = mpsc::unbounded_channel();
        let (done, sent) = oneshot::channel();
        spawn("lifespan-systemd", move || {
            carry(&mut given, &span, prints);
            // The receiver is gone if the run was cut off.
            let _ = done.send(());
        })?;
        Ok(Self { messages, sent })
    }

    pub(super) fn say(&self, message: Vec<Say>) {
        // The thread receives as long as this exists.
        let _ = self.messages.send(message);
    }

    /// Waits until everything is sent, for a limited time.
    pub(super) async fn close(self) {
        drop(self.messages);
        let _ = timeout(PATIENCE, self.sent).await;
    }
}

fn carry(given: &mut mpsc::UnboundedReceiver<Vec<Say>>, span: &Span, prints: Prints) {
    let mut has_failed = false;
    while let Some(message) = given.blocking_recv() {
        let mut states: Vec<NotifyState> = message.iter().map(Say::state).collect();
        if message.iter().any(|say| matches!(say, Say::Reloading)) {
            // Without it systemd ignores the message; it may be ignored only if the clock can't be read.
            states.extend(NotifyState::monotonic_usec_now());
        }
        let Err(error) = send(&states) else { continue };
        if !std::mem::replace(&mut has_failed, true) {
            // A subscriber that panics loses only this line.
            let _ = panics::catch(|| span.in_scope(|| warn(&error, prints)));
        }
    }
}

/// Sends one message. Does not use `sd-notify`, which takes every address for a path.
fn send(states: &[NotifyState]) -> io::Result<()> {
    let mut message = Vec::new();
    for state in states {
        writeln!(message, "{state}")?;
    }
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address(&std::env::var_os(VARIABLE).unwrap_or_default())?)?;
    // A datagram is sent as a whole or not at all.
    socket.send(&message)?;
    Ok(())
}

/// Returns the address of a name: an absolute path or, with an `@`, a name in Linux's abstract namespace.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(name),
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => {
            let what = "unsupported address: use an absolute path or, on Linux, `@name`";
            Err(io::Error::new(io::ErrorKind::Unsupported, what))
        }
    }
}

pub(super) fn warn(error: &io::Error, prints: Prints) {
    let socket = std::env::var_os(VARIABLE).unwrap_or_default();
    prints.write(
        Level::WARN,
        format_args!(
            "cannot notify systemd of this app's state: {error} (`{}` is {}; unset it where no service manager listens)",
            VARIABLE,
            line(&socket.to_string_lossy())
        ),
    );
}
