//! The thread of a unit that blocks, shared with its body and its supervisor.
//!
//! # Invariants
//! - The end of the function is reported once: by the body, or, if the body is dropped, by the thread or the unit's
//!   supervisor, whichever ends last.
//! - No user code runs under the state's lock. The inbox's lock may be taken under it.

use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

use super::ending::Ending;
use crate::base::RawFailure;
use crate::base::sync::{Mutex, MutexGuard};
use crate::children::ChildSet;

/// The thread of a unit that blocks, shared with its body and its supervisor.
#[derive(Clone)]
pub struct Thread(Arc<Mutex<State>>);

enum State {
    /// No thread has been started yet.
    Fresh,
    /// The function runs; the waker is called when it has ended.
    Running(Waker),
    /// The function has ended, and neither the body nor the supervisor has taken its ending yet.
    Ended(Ended),
    /// The ending has been taken, or there is none to take.
    Taken,
    /// The body is dropped, and the unit's supervisor has not reported its facts yet.
    Left,
    /// The supervisor has reported its facts, and leaves the final fact to the thread, with the unit's children.
    Last(Option<Arc<ChildSet>>),
}

impl Thread {
    /// Creates the state of a thread that has not been started.
    pub(crate) fn fresh() -> Self {
        Self(Arc::new(Mutex::new(State::Fresh)))
    }

    /// Marks the function as running. The waker is called when it has ended.
    pub(crate) fn begin(&self, waker: Waker) {
        *self.lock() = State::Running(waker);
    }

    /// Marks the thread as not started, because the system refused it.
    pub(crate) fn fail_to_begin(&self) {
        *self.lock() = State::Taken;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns this thread if the function runs, or its ending has not been taken: then the supervisor must take part.
    pub(crate) fn unreported(&self) -> Option<Self> {
        let is_unreported = matches!(*self.lock(), State::Running(_) | State::Ended(_));
        is_unreported.then(|| self.clone())
    }

    /// Waits for the end of the function, and takes its ending. Called by the body.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Ended> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Ended(ended) => Poll::Ready(ended),
            before => {
                *state = before;
                if let State::Running(known) = &mut *state {
                    known.clone_from(waker);
                }
                Poll::Pending
            }
        }
    }

    /// Marks the body as dropped. Returns whether the function still runs.
    pub(crate) fn leave(&self) -> bool {
        let mut state = self.lock();
        if !matches!(*state, State::Running(_)) {
            return false;
        }
        let waker = std::mem::replace(&mut *state, State::Left);
        drop(state);
        drop(waker);
        true
    }

    /// Marks the function as ended, and wakes the body. Called by the thread. Returns the ending, with the unit's
    /// children, if the thread sends the final fact.
    pub(crate) fn ended(&self, ended: Ended) -> Option<(Ended, Option<Arc<ChildSet>>)> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Last(child_set) => Some((ended, child_set)),
            before => {
                *state = State::Ended(ended);
                drop(state);
                if let State::Running(waker) = before {
                    waker.wake();
                }
                None
            }
        }
    }

    /// Takes the function's ending. If it still runs, calls `report` and leaves the final fact to the thread. Called by
    /// the supervisor.
    pub(crate) fn ended_or(&self, child_set: Option<&Arc<ChildSet>>, report: impl FnOnce()) -> Option<Ended> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Ended(ended) => Some(ended),
            State::Left => {
                *state = State::Last(child_set.cloned());
                report();
                None
            }
            other => {
                *state = other;
                None
            }
        }
    }
}

/// The ending of the function, or its panic.
pub(crate) type Ended = Result<Ending, RawFailure>;

#[cfg(all(test, lifespan_loom))]
mod models {
    use std::future::poll_fn;

    use loom::future::block_on;
    use loom::thread::{self, JoinHandle};

    use super::*;
    use crate::base::raw_failure::Cause;
    use crate::base::sync::{AtomicU32, Ordering, model};

    fn running() -> Thread {
        Thread(Arc::new(Mutex::new(State::Running(Waker::noop().clone()))))
    }

    /// The number of facts that the driver has received.
    #[derive(Clone, Default)]
    struct Sent {
        /// From the supervisor, before the final fact.
        earlier: Arc<AtomicU32>,
        last: Arc<AtomicU32>,
    }

    impl Sent {
        fn send_earlier(&self) {
            assert_eq!(self.last.load(Ordering::SeqCst), 0, "the final fact is sent last");
            self.earlier.fetch_add(1, Ordering::SeqCst);
        }

        fn send_last(&self) {
            self.last.fetch_add(1, Ordering::SeqCst);
        }

        fn counts(&self) -> (u32, u32) {
            (self.earlier.load(Ordering::SeqCst), self.last.load(Ordering::SeqCst))
        }
    }

    /// Ends the function on its thread.
    fn ends(thread: &Thread, sent: &Sent, ended: Ended) -> JoinHandle<()> {
        let (thread, sent) = (thread.clone(), sent.clone());
        thread::spawn(move || {
            if thread.ended(ended).is_some() {
                assert_eq!(sent.counts(), (1, 0), "the supervisor has sent its facts");
                sent.send_last();
            }
        })
    }

    /// Drops the body as the supervisor does. Returns the function's ending if the supervisor takes it.
    fn closes(thread: &Thread, sent: &Sent) -> Option<Ended> {
        let unreported = thread.unreported();
        thread.leave();
        let ended = unreported.and_then(|thread| thread.ended_or(None, || sent.send_earlier()));
        if ended.is_some() {
            sent.send_last();
        }
        ended
    }

    #[test]
    fn loom_the_final_fact_is_sent_once_and_after_all_others_whichever_ends_last() {
        model(|| {
            let (thread, sent) = (running(), Sent::default());
            let function = ends(&thread, &sent, Ok(Ending::Done));
            let by_supervisor = closes(&thread, &sent).is_some();
            function.join().unwrap();
            let earlier = u32::from(!by_supervisor);
            assert_eq!(sent.counts(), (earlier, 1));
        });
    }

    #[test]
    fn loom_a_failure_on_the_thread_is_reported_with_the_final_fact() {
        model(|| {
            let (thread, sent) = (running(), Sent::default());
            let function = {
                let (thread, sent) = (thread.clone(), sent.clone());
                thread::spawn(move || {
                    if let Some((ended, _)) = thread.ended(Err(RawFailure::Other(Cause::Lost))) {
                        assert!(ended.is_err());
                        sent.send_last();
                    }
                })
            };
            if let Some(ended) = closes(&thread, &sent) {
                assert!(ended.is_err());
            }
            function.join().unwrap();
            assert_eq!(sent.counts().1, 1);
        });
    }

    #[test]
    fn loom_a_body_that_waits_is_woken_and_no_other_sends_the_final_fact() {
        model(|| {
            let (thread, sent) = (running(), Sent::default());
            let function = ends(&thread, &sent, Ok(Ending::Done));
            let ended = block_on(poll_fn(|context| thread.poll(context.waker())));
            assert!(matches!(ended, Ok(Ending::Done)));
            // The supervisor gets the ending from the body.
            assert!(thread.unreported().is_none());
            function.join().unwrap();
            assert_eq!(sent.counts(), (0, 0));
        });
    }

    #[test]
    fn loom_after_the_drop_of_a_polled_body_one_sends_the_final_fact() {
        model(|| {
            let (thread, sent) = (running(), Sent::default());
            let function = ends(&thread, &sent, Ok(Ending::Done));
            if thread.poll(Waker::noop()).is_ready() {
                sent.send_last();
            } else {
                let _ = closes(&thread, &sent);
            }
            function.join().unwrap();
            assert_eq!(sent.counts().1, 1);
        });
    }
}
