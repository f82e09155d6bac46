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
pub(super) enum Assignment {
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

impl Assignment {
    fn state(&self) -> NotifyState<'_> {
        match self {
            Assignment::Ready => NotifyState::Ready,
            Assignment::Reloading => NotifyState::Reloading,
            Assignment::Reloads => NotifyState::Custom("X_LIFESPAN_RELOADS=1"),
            Assignment::Stopping => NotifyState::Stopping,
            Assignment::Watchdog => NotifyState::Watchdog,
            Assignment::Extend(time) => {
                NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
            }
            Assignment::Status(text) => NotifyState::Status(text),
        }
    }
}

pub(super) struct Socket {
    messages: mpsc::UnboundedSender<Vec<Assignment>>,
    /// The thread has sent everything.
    sent: oneshot::Receiver<()>,
}

impl Socket {
    /// Starts the thread. An error is logged as a warning, once.
    pub(super) fn open(span: Span, prints: Prints) -> io::Result<Self> {
        let (messages, mut received) = mpsc::unbounded_channel();
        let (done, sent) = oneshot::channel();
        spawn("lifespan-systemd", move || {
            send_all(&mut received, &span, prints);
            // The receiver was dropped if the run was cut off.
            let _ = done.send(());
        })?;
        Ok(Self { messages, sent })
    }

    pub(super) fn send(&self, message: Vec<Assignment>) {
        // The thread receives as long as this exists.
        let _ = self.messages.send(message);
    }

    /// Waits until everything is sent, for a limited time.
    pub(super) async fn close(self) {
        drop(self.messages);
        let _ = timeout(PATIENCE, self.sent).await;
    }
}

fn send_all(received: &mut mpsc::UnboundedReceiver<Vec<Assignment>>, span: &Span, prints: Prints) {
    let mut has_failed = false;
    while let Some(message) = received.blocking_recv() {
        let mut states: Vec<NotifyState> = message.iter().map(Assignment::state).collect();
        if message.iter().any(|assignment| matches!(assignment, Assignment::Reloading)) {
            // Without it systemd ignores the message. It is missing only if the clock can't be read.
            states.extend(NotifyState::monotonic_usec_now());
        }
        let Err(error) = send_datagram(&states) else { continue };
        if !std::mem::replace(&mut has_failed, true) {
            // A subscriber that panics loses only this line.
            let _ = panics::catch(|| span.in_scope(|| warn(&error, prints)));
        }
    }
}

/// Sends one message. Does not use `sd-notify`, which takes every address for a path.
fn send_datagram(states: &[NotifyState]) -> io::Result<()> {
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
