//! The messages from units, the app's handles and the watch thread to the driver.
//!
//! # Invariants
//! - The driver is woken once for each poll, however many messages follow: the sender of the first message takes the
//!   waker, under the lock.
//! - No message is lost, not even one from before the driver exists: messages stay until the driver takes them.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::stop_request::StopRequest;
use crate::base::RawFailure;
use crate::base::sync::{Mutex, MutexGuard};
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

/// The messages since the driver's last poll.
#[derive(Default)]
pub(crate) struct Messages {
    pub(crate) facts: Vec<(u32, Fact)>,
    /// Boxed, since there are none most of the time.
    pub(crate) requests: Option<Box<Requests>>,
}

/// The requests since the driver's last poll.
#[derive(Default)]
pub(crate) struct Requests {
    pub(crate) shutdowns: Vec<Reason>,
    pub(crate) restarts: Vec<RestartCall>,
    pub(crate) reloads: Vec<ReloadCall>,
    /// The sources have been read again.
    pub(crate) read: Option<Box<SourcesRead>>,
    /// Reading them takes too long.
    pub(crate) is_reading_late: bool,
    /// A second signal.
    pub(crate) forced: Option<i32>,
}

impl Messages {
    fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.requests.is_none()
    }

    fn requests(&mut self) -> &mut Requests {
        self.requests.get_or_insert_default()
    }
}

#[derive(Default)]
pub(crate) struct Inbox {
    inner: Mutex<Inner>,
    stop: Arc<StopRequest>,
}

#[derive(Default)]
struct Inner {
    messages: Messages,
    waker: Option<Waker>,
    /// The run has ended: the driver does not poll any more.
    closed: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        message(&mut inner);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn fact(&self, index: u32, fact: Fact) {
        self.send(|inner| inner.messages.facts.push((index, fact)));
    }

    pub(crate) fn facts(&self, index: u32, facts: impl IntoIterator<Item = Fact>) {
        self.send(|inner| inner.messages.facts.extend(facts.into_iter().map(|fact| (index, fact))));
    }

    /// Requests shutdown.
    pub(crate) fn request(&self, reason: Reason) {
        self.stop.make(reason.clone());
        self.send(|inner| {
            inner.messages.requests().shutdowns.push(reason);
        });
    }

    /// Requests a restart. Once the run has ended the call is dropped, which notifies its caller.
    pub(crate) fn restart(&self, call: RestartCall) {
        self.send(|inner| {
            if !inner.closed {
                inner.messages.requests().restarts.push(call);
            }
        });
    }

    /// Requests a reload. Once the run has ended the call is dropped, which notifies its caller.
    pub(crate) fn reload(&self, call: ReloadCall) {
        self.send(|inner| {
            if !inner.closed {
                inner.messages.requests().reloads.push(call);
            }
        });
    }

    /// Sends the result of reading the sources again.
    pub(crate) fn read(&self, read: Box<SourcesRead>) {
        let mut late = Some(read);
        self.send(|inner| {
            if !inner.closed {
                inner.messages.requests().read = late.take();
            }
        });
        // Outside the lock: it may hold arguments, whose destructors are user code.
        if let Some(late) = late {
            late.discard();
        }
    }

    /// Reports that reading the sources again takes too long.
    pub(crate) fn reading_is_late(&self) {
        self.send(|inner| inner.messages.requests().is_reading_late = true);
    }

    /// Closes the inbox: the run has ended. Pending restarts are dropped, which notifies their callers.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let (restarts, reloads, read) = inner.messages.requests.as_mut().map_or_else(Default::default, |requests| {
            (std::mem::take(&mut requests.restarts), std::mem::take(&mut requests.reloads), requests.read.take())
        });
        drop(inner);
        drop((restarts, reloads));
        if let Some(read) = read {
            read.discard();
        }
    }

    /// Returns the request for shutdown, which its run shares.
    pub(crate) fn stop(&self) -> &Arc<StopRequest> {
        &self.stop
    }

    /// Returns whether shutdown was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.stop.is_made()
    }

    pub(crate) fn force(&self, signal: i32) {
        self.send(|inner| inner.messages.requests().forced = Some(signal));
    }

    /// Wakes the driver to check its deadlines, in case a body holds up the runtime's timers.
    pub(crate) fn wake(&self) {
        self.send(|_| {});
    }

    /// Moves the messages into `messages`, which is empty. If there are none, the next message wakes the driver.
    pub(crate) fn poll(&self, context: &mut Context<'_>, messages: &mut Messages) -> Poll<()> {
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

    async fn next(inbox: &Inbox, messages: &mut Messages) {
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
                    let mut messages = Messages::default();
                    next(&inbox, &mut messages).await;
                    received.extend(messages.facts.into_iter().map(|(unit, _)| unit));
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
                thread::spawn(move || inbox.request(Reason::Asked))
            };
            inbox.fact(0, Fact::Done(None));
            let (mut facts, mut requests) = (0, 0);
            block_on(async {
                while requests == 0 {
                    let mut messages = Messages::default();
                    next(&inbox, &mut messages).await;
                    facts += messages.facts.len();
                    requests += messages.requests.map_or(0, |requests| requests.shutdowns.len());
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
            let (mut context, mut messages) = (Context::from_waker(&waker), Messages::default());
            assert!(inbox.poll(&mut context, &mut messages).is_pending());
            let other = {
                let inbox = inbox.clone();
                thread::spawn(move || inbox.fact(1, Fact::Up(Incarnation::FIRST)))
            };
            inbox.fact(0, Fact::Up(Incarnation::FIRST));
            other.join().unwrap();
            assert_eq!(woken.0.load(Ordering::Relaxed), 1);
            assert!(inbox.poll(&mut context, &mut messages).is_ready());
            assert_eq!(messages.facts.len(), 2);
        });
    }
}
