//! The socket of a connection: it holds a slot of the server, records its progress, and is closed in stages.

use std::future::{self, Future};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lifespan_core::axum::Handles;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::close::LingeringClose;
use super::limits::Phase;
use super::progress::Progress;
use crate::listen::Stream;

/// A socket, which holds its slot until it is closed, and is closed by force after the grace period.
pub(super) struct Socket {
    stream: Stream,
    progress: Arc<Progress>,
    phases: watch::Receiver<Phase>,
    /// Set once the connection is upgraded; before that, the socket is dropped with its connection.
    cut: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    lingering: Option<LingeringClose>,
    _slot: OwnedSemaphorePermit,
}

impl Socket {
    pub(super) fn new(
        stream: Stream,
        slot: OwnedSemaphorePermit,
        phases: watch::Receiver<Phase>,
        handles: Handles,
    ) -> Self {
        let progress = Arc::new(Progress::new(handles));
        Self { stream, progress, phases, cut: None, lingering: None, _slot: slot }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Fails every operation on an upgraded connection after the grace period: a task outside the server uses it.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.progress.is_upgraded() {
            return Ok(());
        }
        let cut = self.cut.get_or_insert_with(|| {
            let mut phases = self.phases.clone();
            Box::pin(async move {
                // An error means that the server has ended.
                let _ = phases.wait_for(|phase| *phase == Phase::Cut).await;
            })
        });
        if cut.as_mut().poll(context).is_ready() {
            self.cut = Some(Box::pin(future::ready(())));
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server has stopped"));
        }
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.progress.written(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, progress, lingering, .. } = &mut *self;
        if lingering.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
            // An upgraded connection may continue to read.
            if progress.is_upgraded() || !progress.has_begun() {
                return Poll::Ready(Ok(()));
            }
            progress.linger();
        }
        lingering.get_or_insert_with(LingeringClose::new).poll(stream, context).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.progress.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
