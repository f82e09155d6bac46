//! The lingering close of a socket (RFC 9112, section 9.6): our half first, then the client's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::listen::Stream;

/// The time that an idle connection stays open once the server is closing: a request head may be half read.
pub(super) const LINGER: Duration = Duration::from_millis(250);

/// The time that a client may continue to send after every request is answered.
const LINGERING_CLOSE: Duration = Duration::from_secs(5);

/// A lingering close: our side has closed its half of the connection, and the client may still be sending.
pub(super) struct LingeringClose {
    /// Completes when the client has sent nothing for [`LINGER`].
    quiet: Pin<Box<Sleep>>,
    until: Instant,
}

impl LingeringClose {
    pub(super) fn new() -> Self {
        Self { quiet: Box::pin(sleep(LINGER)), until: Instant::now() + LINGERING_CLOSE }
    }

    /// Is ready when the client has closed too, or its time is over.
    pub(super) fn poll(&mut self, stream: &mut Stream, context: &mut Context<'_>) -> Poll<()> {
        let mut thrown_away = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.quiet.as_mut().reset(self.until.min(Instant::now() + LINGER));
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.quiet.as_mut().poll(context),
            }
        }
    }
}
