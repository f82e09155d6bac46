//! One connection: from its socket to the answers to its requests.
//!
//! # Invariants
//! - A request is in flight from the arrival of its head until the body of its response is dropped and every frame of it
//!   is written: HTTP/2 keeps frames until the client has room for them.
//! - A panic of a handler affects only its request. A panic while its values are dropped affects only its connection.
//! - Once the server is closing, a connection with no request in flight and nothing left to send ends within [`LINGER`].
//! - A socket that has sent a response is closed in stages: when a client sends to a closed socket, the system discards
//!   the data that the client has not read yet.

use std::future::Future;
use std::sync::Arc;

use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use lifespan_core::IsolatedChildren;
use tokio::sync::watch;
use tokio::time::sleep;

use super::answer::{Answer, Requests};
use super::close::LINGER;
use super::limits::{Limits, Phase};
use super::socket::Socket;

/// Serves one connection.
pub(super) async fn connection(
    socket: Socket,
    answer: Answer,
    limits: Limits,
    mut phases: watch::Receiver<Phase>,
    children: IsolatedChildren,
) {
    let progress = socket.progress();
    let service = Requests::new(answer, Arc::clone(&progress));
    let mut builder = Builder::new(Streams(children));
    builder.http2().enable_connect_protocol();
    let served = builder.serve_connection_with_upgrades(TokioIo::new(socket), service);
    tokio::pin!(served);
    let is_closing = async {
        tokio::select! {
            biased;
            // An error means that the server has ended.
            _ = phases.wait_for(|phase| *phase > Phase::Open) => true,
            () = progress.quiet_for(limits.header_read_timeout) => false,
        }
    };
    let is_closing = tokio::select! {
        biased;
        // Errors that a client causes are not reported.
        _ = &mut served => return,
        is_closing = is_closing => is_closing,
    };
    // A client retries a request that fails on a connection that has served it before, but not one on a new connection.
    if is_closing && !progress.has_begun() {
        tokio::select! {
            biased;
            _ = &mut served => return,
            () = sleep(LINGER) => {}
        }
    }
    served.as_mut().graceful_shutdown();
    loop {
        tokio::select! {
            biased;
            _ = &mut served => return,
            () = sleep(LINGER) => {
                if progress.is_done() {
                    return;
                }
            }
        }
    }
}

/// Spawns the streams of HTTP/2 as children of the server's task.
#[derive(Clone)]
struct Streams(IsolatedChildren);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, future: F) {
        self.0.spawn("stream", future);
    }
}
