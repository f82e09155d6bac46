//! The accept loop, and its graceful shutdown.
//!
//! # Invariants
//! - Every connection holds a slot for as long as its socket is open, upgraded ones too: if all slots are free, no
//!   connection is left.
//! - Connections and the streams of HTTP/2 are children of the server's task: when it ends, none of them is left.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lifespan_core::private::warn;
use lifespan_core::{App, Children, Shutdown};
use tokio::pin;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::Level;

use super::answer::Answer;
use super::connection::connection;
use super::limits::{Limits, Phase};
use super::socket::Socket;
use crate::listen::Listener;

/// The time limit for accepting the connections already in the accept backlog.
const QUEUED: Duration = Duration::from_millis(10);

/// The largest accept backlog of the system.
const QUEUE: usize = 1024;

/// The time to wait after the system failed to accept: it has no file descriptors or no memory left.
const EXHAUSTED: Duration = Duration::from_secs(1);

const OPEN: &str = "the slots are never closed";

/// Serves until shutdown is requested, and then until no connection is left or the grace period is over.
pub(crate) async fn serve(
    listener: Listener,
    answer: Answer,
    limits: Limits,
    shutdown: &Shutdown,
    children: &Children,
) {
    let all = u32::try_from(limits.max_connections.max(1)).unwrap_or(u32::MAX).min(u32::MAX >> 4);
    let slots = Arc::new(Semaphore::new(all as usize));
    let (phase, phases) = watch::channel(Phase::Open);
    // Values of a handler and bodies may panic when they are dropped: such a panic ends only its connection.
    let connections = children.isolated();
    let accept = |stream, slot| {
        let socket = Socket::new(stream, slot, phases.clone(), answer.handles.clone());
        let served = connection(socket, answer.clone(), limits, phases.clone(), connections.clone());
        connections.spawn("connection", served);
    };
    let drained = async {
        shutdown.requested().await;
        // A timer takes at least a millisecond.
        if !limits.drain_delay.is_zero() {
            sleep(limits.drain_delay).await;
        }
    };
    pin!(drained);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot.expect(OPEN), listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            biased;
            () = &mut drained => break,
            next = next => next,
        };
        match accepted {
            Ok(stream) => accept(stream, slot),
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                cannot_accept(answer.handles.app(), &error);
                tokio::select! {
                    () = &mut drained => break,
                    () = sleep(EXHAUSTED) => {}
                }
            }
        }
    }
    // For the clients in the accept backlog, the system has already reported that they are connected.
    let queued = async {
        while let Ok(slot) = Arc::clone(&slots).try_acquire_owned()
            && let Ok(stream) = listener.accept().await
        {
            accept(stream, slot);
        }
    };
    // When no other client connects, this waits for the whole limit.
    let is_at_limit = timeout(QUEUED, queued).await.is_ok();
    phase.send_replace(Phase::Closing);
    let ended = async {
        for _ in 0..if is_at_limit { QUEUE } else { 0 } {
            let slot = Arc::clone(&slots).acquire_owned().await.expect(OPEN);
            let Ok(Ok(stream)) = timeout(Duration::ZERO, listener.accept()).await else { break };
            accept(stream, slot);
        }
        drop(listener);
        drop(slots.acquire_many(all).await.expect(OPEN));
    };
    if timeout(limits.grace, ended).await.is_err() {
        let left = all as usize - slots.available_permits();
        cut_off(answer.handles.app(), left, limits.grace);
        phase.send_replace(Phase::Cut);
    }
}

fn cannot_accept(app: &App, error: &io::Error) {
    let seconds = EXHAUSTED.as_secs();
    let text = format_args!(
        "can't accept connections: {error}; retrying in {seconds} s (`ulimit -n` shows the limit for file descriptors)"
    );
    warn(app, "can't accept connections", Level::WARN, text);
}

fn cut_off(app: &App, left: usize, grace: Duration) {
    let (s, are) = if left == 1 { ("", "is") } else { ("s", "are") };
    let text = format_args!("{left} connection{s} did not end within the grace period of {grace:?} and {are} closed");
    warn(app, "connections are closed", Level::WARN, text);
}

/// Returns true if the error concerns only one client, which has already disconnected.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
