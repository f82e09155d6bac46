//! The queue of `App::trigger` requests of a scheduled task, from which its body takes them.
//!
//! # Invariants
//! - A request is answered when it is dropped, if not before: no caller waits forever.
//! - A closed queue accepts no request. It stays open while its unit is restarted: the next start finds the requests.
//! - `any` is set, under the lock, after a request is added, and cleared with the last one. A task that reads it as
//!   clear misses none, since it is woken for the next.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::task::Waker;

use tokio::sync::oneshot;

use crate::base::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::facts::RunOutcome;

/// The sender for the outcome of a triggered run. Dropping it answers that there is no outcome, and whether the run had
/// started.
pub(crate) struct Request {
    /// `None` once it is answered.
    answer: Option<oneshot::Sender<Answer>>,
    has_begun: bool,
}

/// The answer to a trigger request.
pub(crate) type Answer = Result<RunOutcome, NotRun>;

/// There is no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRun {
    /// No run was started.
    NeverBegan,
    /// The run was cut off.
    CutOff,
}

impl Request {
    fn new() -> (Self, oneshot::Receiver<Answer>) {
        let (answer, outcome) = oneshot::channel();
        (Self { answer: Some(answer), has_begun: false }, outcome)
    }

    /// Marks the run as started.
    pub(crate) fn begin(&mut self) {
        self.has_begun = true;
    }

    pub(crate) fn answer(mut self, outcome: RunOutcome) {
        self.send(Ok(outcome));
    }

    fn send(&mut self, answer: Answer) {
        if let Some(caller) = self.answer.take() {
            // The caller may have stopped waiting.
            let _ = caller.send(answer);
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.send(Err(if self.has_begun { NotRun::CutOff } else { NotRun::NeverBegan }));
    }
}

/// The trigger queue of one scheduled task.
#[derive(Default)]
pub(crate) struct TriggerQueue {
    /// Set while there is a request, so that a task with many runs and no requests takes no lock for them.
    any: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    requests: VecDeque<(u64, Request)>,
    /// The number of the last request.
    number: u64,
    waker: Option<Waker>,
    open: bool,
}

impl TriggerQueue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request. Returns its number and the receiver of its outcome; `None` while the queue is closed.
    pub(crate) fn ask(&self) -> Option<(u64, oneshot::Receiver<Answer>)> {
        let (request, outcome) = Request::new();
        let (number, waker) = {
            let mut inner = self.lock();
            if !inner.open {
                return None;
            }
            inner.number += 1;
            let number = inner.number;
            inner.requests.push_back((number, request));
            self.any.store(true, Ordering::Release);
            (number, inner.waker.clone())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Some((number, outcome))
    }

    /// Takes a request back. Returns `false` if it was not in the queue any more.
    pub(crate) fn withdraw(&self, number: u64) -> bool {
        let mut inner = self.lock();
        let position = inner.requests.iter().position(|(other, _)| *other == number);
        let request = position.and_then(|position| inner.requests.remove(position));
        self.any.store(!inner.requests.is_empty(), Ordering::Relaxed);
        drop(inner);
        request.is_some()
    }

    /// Opens the queue: the task is started.
    pub(crate) fn open(&self) {
        self.lock().open = true;
    }

    /// Sets the waker that each request wakes from now on.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let old = self.lock().waker.replace(waker.clone());
        drop(old);
    }

    /// Removes the waker: the task has ended, perhaps to be restarted.
    pub(crate) fn clear_waker(&self) {
        let old = self.lock().waker.take();
        drop(old);
    }

    /// Returns whether there is a request.
    pub(crate) fn has_any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Takes the oldest request.
    pub(crate) fn take(&self) -> Option<Request> {
        if !self.has_any() {
            return None;
        }
        let mut inner = self.lock();
        let request = inner.requests.pop_front();
        self.any.store(!inner.requests.is_empty(), Ordering::Relaxed);
        request.map(|(_, request)| request)
    }

    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        self.any.store(false, Ordering::Relaxed);
        inner.open = false;
        let left = (std::mem::take(&mut inner.requests), inner.waker.take());
        drop(inner);
        // Waiting callers are woken here, outside the lock.
        drop(left);
    }
}

#[cfg(all(test, lifespan_loom))]
mod models {
    use std::future::poll_fn;
    use std::task::Poll;

    use loom::future::block_on;
    use loom::thread;

    use super::*;
    use crate::base::sync::model;

    type Shared = loom::sync::Arc<TriggerQueue>;

    #[test]
    fn loom_no_request_is_missed_and_a_waiting_task_is_woken() {
        model(|| {
            let triggers = Shared::default();
            triggers.open();
            let ask = || {
                let triggers = triggers.clone();
                thread::spawn(move || drop(triggers.ask().expect("it is open")))
            };
            let asking = [ask(), ask()];
            let (mut taken, mut known) = (Vec::new(), None::<Waker>);
            block_on(poll_fn(|context| {
                if !known.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                    known = Some(context.waker().clone());
                    triggers.set_waker(context.waker());
                }
                taken.extend(std::iter::from_fn(|| triggers.take()));
                if taken.len() < 2 { Poll::Pending } else { Poll::Ready(()) }
            }));
            for thread in asking {
                thread.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_request_during_close_is_answered_or_refused() {
        model(|| {
            let triggers = Shared::default();
            triggers.open();
            let asking = {
                let triggers = triggers.clone();
                thread::spawn(move || triggers.ask())
            };
            triggers.close();
            let outcome = asking.join().unwrap();
            assert!(outcome.is_none_or(|(_, mut outcome)| matches!(outcome.try_recv(), Ok(Err(NotRun::NeverBegan)))));
            assert!(triggers.ask().is_none());
        });
    }
}
