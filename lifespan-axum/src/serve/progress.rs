//! The requests of one connection that are in flight, and what else keeps it open.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::http::Version;
use lifespan_core::axum::Handles;
use tokio::time::sleep;

/// The state of a connection.
pub(super) struct Progress {
    pub(super) handles: Handles,
    has_begun: AtomicBool,
    in_flight: AtomicUsize,
    /// The number of requests, and of frames, that have ended.
    ended: AtomicUsize,
    /// The client has not received all that was written: a body may be dropped long before it has arrived.
    is_full: AtomicBool,
    /// The connection has switched to another protocol.
    is_upgraded: AtomicBool,
    /// Some of its HTTP/2 streams have switched to another protocol.
    has_tunnels: AtomicBool,
    /// Everything is sent, and the client has to close.
    is_lingering: AtomicBool,
}

impl Progress {
    pub(super) fn new(handles: Handles) -> Self {
        Self {
            handles,
            has_begun: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            is_upgraded: AtomicBool::new(false),
            has_tunnels: AtomicBool::new(false),
            is_lingering: AtomicBool::new(false),
        }
    }

    /// Returns true once the connection has had a request.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Returns true once the connection has switched to another protocol.
    pub(super) fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Ordering::Relaxed)
    }

    /// Records that a request has switched to another protocol: the connection, or with HTTP/2 one of its streams.
    pub(super) fn upgrade(&self, version: Version) {
        let upgraded = if version == Version::HTTP_2 { &self.has_tunnels } else { &self.is_upgraded };
        upgraded.store(true, Ordering::Relaxed);
    }

    /// Records that everything is sent, and the client has to close.
    pub(super) fn linger(&self) {
        self.is_lingering.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_done(&self) -> bool {
        let is_busy = [&self.is_full, &self.has_tunnels, &self.is_lingering];
        self.in_flight.load(Ordering::Acquire) == 0 && !is_busy.iter().any(|busy| busy.load(Ordering::Relaxed))
    }

    /// Waits until no request was in flight for `limit`, or up to a quarter longer; zero waits forever.
    ///
    /// A single timer checks four times per limit. A limit per head would cost each request its own timer, and recording
    /// the end of each request would cost a clock read.
    pub(super) async fn quiet_for(&self, limit: Duration) {
        if limit.is_zero() {
            return pending().await;
        }
        let (mut seen, mut quiet) = (0, 0);
        while quiet < 4 {
            sleep(limit / 4).await;
            let is_quiet = self.is_done();
            let ended = self.ended.load(Ordering::Relaxed);
            quiet = if is_quiet && ended == seen { quiet + 1 } else { 0 };
            seen = ended;
        }
    }

    /// Records whether a write has to wait.
    pub(super) fn written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.is_full.store(written.is_pending(), Ordering::Relaxed);
        written
    }
}

/// Marks a request as in flight until it is dropped.
pub(super) struct InFlight(pub(super) Arc<Progress>);

impl InFlight {
    pub(super) fn new(progress: &Arc<Progress>) -> Self {
        progress.has_begun.store(true, Ordering::Relaxed);
        progress.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(progress))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        // A task that reads zero here also sees the increment of `ended`.
        self.0.in_flight.fetch_sub(1, Ordering::Release);
    }
}
