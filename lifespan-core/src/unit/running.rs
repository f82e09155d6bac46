//! Boxes the future of a unit's function as a body, which ends with the meaning of what it returned.
#![allow(missing_docs, reason = "for generated code")]

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::body::{Body, BoxBody};
use super::ending::Ending;
use super::output::{Returns, Runs};

/// Boxes the future of a task, or of a context with a `Scope`.
pub fn runs<F, H>(future: F, _: H) -> BoxBody
where
    F: Future + Send + 'static,
    H: Runs<F::Output> + 'static,
{
    Box::pin(Running::<F, H> { future, index: 0, how: PhantomData })
}

/// Boxes the future of a `once` task, or of a context without a `Scope`.
pub fn returns<F, H>(future: F, _: H) -> BoxBody
where
    F: Future + Send + 'static,
    H: Returns<F::Output> + 'static,
{
    Box::pin(Returning::<F, H> { future, index: 0, how: PhantomData })
}

// Not an async block, which would store the call's future twice: as a capture and as the awaited future.
pin_project! {
    struct Running<F, H> {
        #[pin]
        future: F,
        index: u32,
        how: PhantomData<fn() -> H>,
    }
}

impl<F: Future + Send, H: Runs<F::Output>> Body for Running<F, H> {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        self.project().index
    }
}

impl<F: Future, H: Runs<F::Output>> Future for Running<F, H> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        self.project().future.poll(context).map(H::ending)
    }
}

pin_project! {
    struct Returning<F, H> {
        #[pin]
        future: F,
        index: u32,
        how: PhantomData<fn() -> H>,
    }
}

impl<F: Future + Send, H: Returns<F::Output>> Body for Returning<F, H> {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        self.project().index
    }
}

impl<F: Future, H: Returns<F::Output>> Future for Returning<F, H> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        self.project().future.poll(context).map(H::ending)
    }
}
