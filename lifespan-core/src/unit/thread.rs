//! The thread of a unit that blocks, as its body and its supervisor know it.
//!
//! # Invariants
//! - The end of the function is heard of once: from the body, or, where the body is gone, from whichever ends last: the
//!   thread or the unit's supervisor.
//! - No user code runs under the state's lock. The inbox's lock may be taken under it.

use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

use super::ending::Ending;
use crate::base::RawFailure;
use crate::base::sync::{Mutex, MutexGuard};
use crate::children::ChildSet;

/// The thread of a unit that blocks, as its body and its supervisor know it.
#[derive(Clone)]
pub struct Thread(Arc<Mutex<State>>);

enum State {
    /// There is no thread yet.
    Fresh,
    /// The function runs; who is woken when it has ended.
    Running(Waker),
    /// It has ended, and neither the body nor the supervisor has looked yet.
    Ended(Ended),
    /// The body has taken in how it ended.
    Heard,
    /// The body is gone, and the unit's supervisor has not told yet how the unit ended.
    Left,
    /// The supervisor has told all it knows: the thread tells that the unit is gone, and its children.
    Last(Option<Arc<ChildSet>>),
}

impl Thread {
    /// Returns what stands for a thread that is not there yet.
    pub(crate) fn fresh() -> Self {
        Self(Arc::new(Mutex::new(State::Fresh)))
    }

    /// The function is about to run on its thread; this is woken when it has ended.
    pub(crate) fn begins(&self, waker: Waker) {
        *self.lock() = State::Running(waker);
    }

    /// The system has given no thread.
    pub(crate) fn has_not_begun(&self) {
        *self.lock() = State::Heard;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns it where the supervisor has to ask it: the function runs, or nobody has looked how it ended.
    pub(crate) fn out(&self) -> Option<Self> {
        let is_out = matches!(*self.lock(), State::Running(_) | State::Ended(_));
        is_out.then(|| self.clone())
    }

    /// The body's part: returns how the function ended, or has the waker called when it does.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Ended> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Heard) {
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

    /// The body goes. Returns whether the function still runs.
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

    /// The thread's part: the function has ended. Wakes the body; gives back how it ended, with the unit's children, where
    /// the thread has the last word.
    pub(crate) fn ended(&self, ended: Ended) -> Option<(Ended, Option<Arc<ChildSet>>)> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Heard) {
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

    /// The supervisor's part: returns how the function ended; where it still runs, calls `tell` and leaves the last word
    /// to the thread.
    pub(crate) fn ended_or(&self, child_set: Option<&Arc<ChildSet>>, tell: impl FnOnce()) -> Option<Ended> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Heard) {
            State::Ended(ended) => Some(ended),
            State::Left => {
                *state = State::Last(child_set.cloned());
                tell();
                None
            }
            other => {
                *state = other;
                None
            }
        }
    }
}

/// How the function ended, by itself or by a panic.
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

    /// What the driver hears, in its order.
    #[derive(Clone, Default)]
    struct Words {
        /// Of the supervisor, before the last.
        earlier: Arc<AtomicU32>,
        last: Arc<AtomicU32>,
    }

    impl Words {
        fn tell_earlier(&self) {
            assert_eq!(self.last.load(Ordering::SeqCst), 0, "the last word comes last");
            self.earlier.fetch_add(1, Ordering::SeqCst);
        }

        fn tell_last(&self) {
            self.last.fetch_add(1, Ordering::SeqCst);
        }

        fn told(&self) -> (u32, u32) {
            (self.earlier.load(Ordering::SeqCst), self.last.load(Ordering::SeqCst))
        }
    }

    /// The function ends so, on its thread.
    fn ends(thread: &Thread, words: &Words, ended: Ended) -> JoinHandle<()> {
        let (thread, words) = (thread.clone(), words.clone());
        thread::spawn(move || {
            if thread.ended(ended).is_some() {
                assert_eq!(words.told(), (1, 0), "the supervisor has told all it knows");
                words.tell_last();
            }
        })
    }

    /// What the supervisor does when it drops the body. Returns how the function ended, where it hears of it.
    fn closes(thread: &Thread, words: &Words) -> Option<Ended> {
        let out = thread.out();
        thread.leave();
        let ended = out.and_then(|thread| thread.ended_or(None, || words.tell_earlier()));
        if ended.is_some() {
            words.tell_last();
        }
        ended
    }

    #[test]
    fn loom_the_last_word_is_told_once_and_after_all_others_whichever_ends_last() {
        model(|| {
            let (thread, words) = (running(), Words::default());
            let function = ends(&thread, &words, Ok(Ending::Done));
            let by_supervisor = closes(&thread, &words).is_some();
            function.join().unwrap();
            let earlier = u32::from(!by_supervisor);
            assert_eq!(words.told(), (earlier, 1));
        });
    }

    #[test]
    fn loom_what_broke_on_the_thread_is_told_by_whichever_has_the_last_word() {
        model(|| {
            let (thread, words) = (running(), Words::default());
            let function = {
                let (thread, words) = (thread.clone(), words.clone());
                thread::spawn(move || {
                    if let Some((ended, _)) = thread.ended(Err(RawFailure::Other(Cause::Lost))) {
                        assert!(ended.is_err());
                        words.tell_last();
                    }
                })
            };
            if let Some(ended) = closes(&thread, &words) {
                assert!(ended.is_err());
            }
            function.join().unwrap();
            assert_eq!(words.told().1, 1);
        });
    }

    #[test]
    fn loom_a_body_that_waits_is_woken_and_nobody_else_has_the_last_word() {
        model(|| {
            let (thread, words) = (running(), Words::default());
            let function = ends(&thread, &words, Ok(Ending::Done));
            let ended = block_on(poll_fn(|context| thread.poll(context.waker())));
            assert!(matches!(ended, Ok(Ending::Done)));
            // The supervisor has heard it from the body.
            assert!(thread.out().is_none());
            function.join().unwrap();
            assert_eq!(words.told(), (0, 0));
        });
    }

    #[test]
    fn loom_a_body_that_is_dropped_after_a_poll_leaves_the_last_word_to_one() {
        model(|| {
            let (thread, words) = (running(), Words::default());
            let function = ends(&thread, &words, Ok(Ending::Done));
            if thread.poll(Waker::noop()).is_ready() {
                words.tell_last();
            } else {
                let _ = closes(&thread, &words);
            }
            function.join().unwrap();
            assert_eq!(words.told().1, 1);
        });
    }
}
