//! The messages from units, the app's handles and the watch thread to the driver.
//!
//! # Invariants
//! - The driver is woken once for each poll, however many messages follow: the sender of the first message takes the
//!   waker, under the lock.
//! - No message is lost, not even one from before the driver exists: messages stay until the driver takes them.
//! - The driver gets messages in the order in which they were sent, facts and requests alike.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::stop_request::StopRequest;
use crate::base::sync::{Mutex, MutexGuard};
use crate::base::{RawFailure, drop_quietly};
use crate::facts::Reason;
use crate::shared::requests::{ReloadCall, RestartCall, SourcesRead};
use crate::signal::{Incarnation, Resource};

/// An observation of a unit's supervisor.
pub(crate) enum Fact {
    /// A context has provided; or a task has run to its first await, or has notified that it is ready.
    Up(Incarnation),
    /// The unit asks for more time to come up, until this moment.
    Extended(Incarnation, Box<Instant>),
    /// The unit has restarted in place at these times, and these restarts still count. Its end follows.
    #[expect(clippy::box_collection, reason = "facts are small, and this one is rare")]
    RestartedInPlace(Box<VecDeque<Instant>>),
    /// The unit returned, with or without a value to be provided. Its future was dropped.
    Done(Option<Box<Resource>>),
    /// The unit failed. [`Dropped`](Self::Dropped) follows when its future was dropped.
    RawFailure(Box<RawFailure>),
    /// Children failed in addition to the unit's own failure, which was sent before.
    ChildrenFailed(Box<RawFailure>),
    /// A context's resource can't be used any more, with the failure if that is known.
    Lost(Incarnation, Option<Box<RawFailure>>),
    /// The future that holds a context's resource was dropped, or a task's `Ready`.
    HolderDropped(Incarnation),
    /// The unit's future was dropped, after a failure or before it had ended.
    Dropped,
}

impl Fact {
    /// Returns the incarnation that sent this fact, if its sender may outlive the incarnation.
    pub(crate) fn incarnation(&self) -> Option<Incarnation> {
        match self {
            Self::Up(incarnation)
            | Self::Extended(incarnation, _)
            | Self::Lost(incarnation, _)
            | Self::HolderDropped(incarnation) => Some(*incarnation),
            Self::RestartedInPlace(_)
            | Self::Done(_)
            | Self::RawFailure(_)
            | Self::ChildrenFailed(_)
            | Self::Dropped => None,
        }
    }
}

/// A request to the run, from outside its units or from one of them.
pub(crate) enum Request {
    Shutdown(Reason),
    Restart(RestartCall),
    Reload(ReloadCall),
    /// The sources have been read again.
    SourcesRead(Box<SourcesRead>),
    /// Reading the sources takes too long.
    ReadingIsLate,
    /// A second signal, by its number.
    Force(i32),
}

/// A message to the driver.
pub(crate) enum Message {
    Fact(u32, Fact),
    /// Boxed, since facts are small and requests are rare.
    Request(Box<Request>),
}

impl Message {
    /// Drops the message, which comes too late. It may hold errors and arguments, whose destructors are user code; the
    /// caller of a dropped call is notified.
    fn discard(self) {
        match self {
            Self::Request(request) => match *request {
                Request::SourcesRead(read) => read.discard(),
                request => drop(request),
            },
            Self::Fact(_, fact) => drop_quietly(fact),
        }
    }
}

#[derive(Default)]
pub(crate) struct Inbox {
    inner: Mutex<Inner>,
    stop: Arc<StopRequest>,
}

#[derive(Default)]
struct Inner {
    /// In the order in which they were sent: the first cause decides how a run ends.
    messages: Vec<Message>,
    waker: Option<Waker>,
    /// The run has ended: the driver does not poll any more.
    closed: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message, and wakes the driver. One that comes too late is discarded.
    fn add(mut inner: MutexGuard<'_, Inner>, message: Message) {
        if inner.closed {
            drop(inner);
            return message.discard();
        }
        inner.messages.push(message);
        Self::wake_driver(inner);
    }

    fn wake_driver(mut inner: MutexGuard<'_, Inner>) {
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn fact(&self, index: u32, fact: Fact) {
        Self::add(self.lock(), Message::Fact(index, fact));
    }

    pub(crate) fn facts(&self, index: u32, facts: impl IntoIterator<Item = Fact>) {
        let facts = facts.into_iter().map(|fact| Message::Fact(index, fact));
        let mut inner = self.lock();
        if inner.closed {
            drop(inner);
            return facts.for_each(Message::discard);
        }
        inner.messages.extend(facts);
        Self::wake_driver(inner);
    }

    /// Sends a request. Once the run has ended it is dropped, which notifies its caller.
    pub(crate) fn request(&self, request: Request) {
        let inner = self.lock();
        // Under the lock: the first message has the first reason, and what a unit sends once it has seen the request
        // comes after it.
        if let Request::Shutdown(reason) = &request {
            self.stop.make(reason.clone());
        }
        Self::add(inner, Message::Request(Box::new(request)));
    }

    /// Closes the inbox: the run has ended. Messages that were not handled are dropped, which notifies callers.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let late = std::mem::take(&mut inner.messages);
        drop(inner);
        late.into_iter().for_each(Message::discard);
    }

    /// Returns the request for shutdown, which its run shares.
    pub(crate) fn stop(&self) -> &Arc<StopRequest> {
        &self.stop
    }

    /// Returns whether shutdown was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.stop.is_made()
    }

    /// Wakes the driver to check its deadlines, in case a body holds up the runtime's timers.
    pub(crate) fn wake(&self) {
        Self::wake_driver(self.lock());
    }

    /// Moves the messages into `messages`, which is empty. If there are none, the next message wakes the driver.
    pub(crate) fn poll(&self, context: &mut Context<'_>, messages: &mut Vec<Message>) -> Poll<()> {
        let mut inner = self.lock();
        if inner.messages.is_empty() {
            match &mut inner.waker {
                Some(waker) => waker.clone_from(context.waker()),
                waker => *waker = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        std::mem::swap(&mut inner.messages, messages);
        Poll::Ready(())
    }
}

#[cfg(all(test, lifespan_loom))]
mod models {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use loom::future::block_on;
    use loom::thread;

    use super::*;
    use crate::base::sync::model;

    /// Loom's own `Arc`, so that loom finds leaks.
    type Shared = loom::sync::Arc<Inbox>;

    async fn next(inbox: &Inbox, messages: &mut Vec<Message>) {
        poll_fn(|context| inbox.poll(context, messages)).await;
    }

    #[test]
    fn loom_no_message_is_lost_and_the_receiver_is_woken() {
        model(|| {
            let inbox = Shared::default();
            let units: Vec<_> = (0..2)
                .map(|unit| {
                    let inbox = inbox.clone();
                    thread::spawn(move || inbox.fact(unit, Fact::Up(Incarnation::FIRST)))
                })
                .collect();
            let mut received = Vec::new();
            block_on(async {
                while received.len() < 2 {
                    let mut messages = Vec::new();
                    next(&inbox, &mut messages).await;
                    received.extend(messages.into_iter().filter_map(|message| match message {
                        Message::Fact(unit, _) => Some(unit),
                        Message::Request(_) => None,
                    }));
                }
            });
            received.sort_unstable();
            assert_eq!(received, [0, 1]);
            for unit in units {
                unit.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_request_and_a_fact_are_received_in_either_order() {
        model(|| {
            let inbox = Shared::default();
            let other = {
                let inbox = inbox.clone();
                thread::spawn(move || inbox.request(Request::Shutdown(Reason::Asked)))
            };
            inbox.fact(0, Fact::Done(None));
            let (mut facts, mut requests) = (0, 0);
            block_on(async {
                while requests == 0 {
                    let mut messages = Vec::new();
                    next(&inbox, &mut messages).await;
                    let is_fact = |message: &&Message| matches!(message, Message::Fact(..));
                    facts += messages.iter().filter(is_fact).count();
                    requests += messages.len() - messages.iter().filter(is_fact).count();
                }
            });
            assert_eq!((facts, requests), (1, 1));
            other.join().unwrap();
        });
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn loom_each_poll_is_woken_once_however_many_messages_follow() {
        model(|| {
            let (inbox, woken) = (Shared::default(), Arc::new(Woken::default()));
            let waker = Waker::from(Arc::clone(&woken));
            let (mut context, mut messages) = (Context::from_waker(&waker), Vec::new());
            assert!(inbox.poll(&mut context, &mut messages).is_pending());
            let other = {
                let inbox = inbox.clone();
                thread::spawn(move || inbox.fact(1, Fact::Up(Incarnation::FIRST)))
            };
            inbox.fact(0, Fact::Up(Incarnation::FIRST));
            other.join().unwrap();
            assert_eq!(woken.0.load(Ordering::Relaxed), 1);
            assert!(inbox.poll(&mut context, &mut messages).is_ready());
            assert_eq!(messages.len(), 2);
        });
    }
}
