//! A body that follows a test's instructions: it fails, panics or hangs at its next step.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::shared::{Act, AppShared};
use crate::unit::{Body, BoxBody, Ending, Thread};

/// A body that follows the test's instructions.
pub(crate) struct Faulty {
    app: Arc<AppShared>,
    /// `None` once it has failed.
    body: Option<BoxBody>,
    index: u32,
    hangs: bool,
}

impl Faulty {
    /// Wraps a body. Returns it unchanged if no fault can be injected.
    pub(crate) fn boxed(app: &Arc<AppShared>, index: u32, body: BoxBody) -> BoxBody {
        match app.faults() {
            Some(_) => Box::pin(Self { app: Arc::clone(app), body: Some(body), index, hangs: false }),
            None => body,
        }
    }
}

impl Future for Faulty {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        match this.app.faults().and_then(|faults| faults.next(this.index, context.waker())) {
            Some(Act::Fail(error)) => {
                this.body = None;
                return Poll::Ready(Ending::Failed(error));
            }
            Some(Act::Panic(message)) => std::panic::panic_any(message),
            Some(Act::Hang) => {
                this.hangs = true;
                // Woken by the next instruction.
                context.waker().wake_by_ref();
            }
            None => {}
        }
        match &mut this.body {
            Some(body) if !this.hangs => body.as_mut().poll(context),
            _ => Poll::Pending,
        }
    }
}

impl Body for Faulty {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn thread(mut self: Pin<&mut Self>) -> Option<Thread> {
        self.body.as_mut().and_then(|body| body.as_mut().thread())
    }
}
