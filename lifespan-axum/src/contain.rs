//! Keeps panics of what handlers leave behind, as their destructors and bodies, from taking more down than a connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// Runs user code; none where it panics, which the panic hook has printed.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Option<T> {
    lifespan_core::private::catch(code).ok()
}

pin_project! {
    /// A future that ends when it panics, also as it is dropped: a child that failed would fail the server.
    pub(crate) struct Contained<F> {
        // None once it is dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Contained<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if catch(|| future.set(None)).is_none() {
                say();
            }
        }
    }
}

impl<F> Contained<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future<Output = ()>> Future for Contained<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut future = self.project().future;
        match catch(|| future.as_mut().as_pin_mut().map(|future| future.poll(context))) {
            Some(Some(polled)) => polled,
            Some(None) => Poll::Ready(()),
            None => {
                say();
                Poll::Ready(())
            }
        }
    }
}

fn say() {
    tracing::error!(
        target: crate::TARGET,
        "a connection is closed: something panicked as it was dropped, or in the body of an answer"
    );
}
