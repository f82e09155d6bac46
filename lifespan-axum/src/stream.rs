//! Streams that end when shutdown is requested.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use lifespan_core::Shutdown;
use pin_project_lite::pin_project;

/// Methods of `Shutdown` for streams.
///
/// ```
/// use futures_util::stream::{self, StreamExt};
/// use lifespan::Shutdown;
/// use lifespan_axum::ShutdownExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (trigger, shutdown) = Shutdown::pair();
/// let mut ones = shutdown.wrap_stream(stream::repeat(1));
/// assert_eq!(ones.next().await, Some(1));
/// trigger.shutdown();
/// assert_eq!(ones.next().await, None);
/// # }
/// ```
pub trait ShutdownExt {
    /// Wraps a stream so that it ends when shutdown is requested. Without this, an open event stream lasts until the end of
    /// the grace period and its connection is then closed.
    ///
    /// ```
    /// use axum::response::sse::{Event, Sse};
    /// use futures_core::Stream;
    /// use lifespan::Shutdown;
    /// use lifespan_axum::ShutdownExt;
    ///
    /// async fn events(shutdown: Shutdown) -> Sse<impl Stream<Item = Result<Event, axum::Error>>> {
    ///     # struct Ticks;
    ///     # impl Stream for Ticks {
    ///     #     type Item = Result<Event, axum::Error>;
    ///     #     fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>)
    ///     #     -> std::task::Poll<Option<Self::Item>> { std::task::Poll::Pending }
    ///     # }
    ///     Sse::new(shutdown.wrap_stream(Ticks))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (trigger, shutdown) = Shutdown::pair();
    /// let events = axum::response::IntoResponse::into_response(events(shutdown).await);
    /// trigger.shutdown();
    /// let all = axum::body::to_bytes(events.into_body(), usize::MAX).await.unwrap(); // it ends
    /// assert!(all.is_empty());
    /// # }
    /// ```
    fn wrap_stream<S: Stream>(&self, stream: S) -> UntilShutdown<S>;
}

impl ShutdownExt for Shutdown {
    fn wrap_stream<S: Stream>(&self, stream: S) -> UntilShutdown<S> {
        let shutdown = self.clone();
        UntilShutdown { stream, requested: Box::pin(async move { shutdown.requested().await }), is_over: false }
    }
}

pin_project! {
    /// A stream that ends when shutdown is requested, returned by [`ShutdownExt::wrap_stream`].
    ///
    /// ```
    /// use futures_util::stream::{self, Repeat};
    /// use lifespan::Shutdown;
    /// use lifespan_axum::{ShutdownExt, UntilShutdown};
    ///
    /// fn ones(shutdown: &Shutdown) -> UntilShutdown<Repeat<u8>> {
    ///     shutdown.wrap_stream(stream::repeat(1))
    /// }
    /// ```
    pub struct UntilShutdown<S> {
        #[pin]
        stream: S,
        requested: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
        is_over: bool,
    }
}

impl<S: Stream> Stream for UntilShutdown<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        *this.is_over = *this.is_over || this.requested.as_mut().poll(context).is_ready();
        if *this.is_over { Poll::Ready(None) } else { this.stream.poll_next(context) }
    }
}

impl<S: fmt::Debug> fmt::Debug for UntilShutdown<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilShutdown").field("stream", &self.stream).finish_non_exhaustive()
    }
}
