//! The limits of a server, and the phases of its shutdown.

use std::time::Duration;

/// The phase of a server's shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    /// Requests in flight finish.
    Closing,
    /// The remaining connections are closed.
    Cut,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: usize,
    pub(crate) header_read_timeout: Duration,
    pub(crate) drain_delay: Duration,
    pub(crate) grace: Duration,
}

impl Limits {
    /// The limits of a health server: each probe opens a new connection.
    pub(crate) const OF_HEALTH: Self = Self {
        max_connections: 1000,
        header_read_timeout: Duration::from_secs(10),
        drain_delay: Duration::ZERO,
        grace: Duration::from_secs(1),
    };
}
