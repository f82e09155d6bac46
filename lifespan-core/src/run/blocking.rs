//! Blocking work: a body that is a plain function on a thread of its own.
//!
//! # Invariants
//! - The function has returned, and what it was given is dropped, before anybody hears of its end. It is heard of once:
//!   from the body, or, where the body is gone, from whichever ends last: the thread or the unit's supervisor. So the
//!   unit's last word follows everything that either has to say.
//! - A body that is dropped tells its thread to stop and waits for nothing: a thread does not hold up a runtime's end.
//! - No user code runs under the state's lock. The inbox's lock may be taken under it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use tokio::runtime::Handle;
use tracing::Span;

use super::Run;
use super::ending::Ending;
use super::family::Family;
use super::here::Here;
use super::start::Start;
use super::{panics, supervise};
use crate::failure::Broken;
use crate::kept::{Keep, Typed};
use crate::probe::{Returns, Runs};
use crate::unit::{self, BoxBody};

/// The function, with its arguments.
type Job = Box<dyn FnOnce() -> Ending + Send>;

/// The body of a unit that blocks.
struct Blocking {
    run: Arc<Run>,
    index: u32,
    /// None once its thread was asked for.
    job: Option<Job>,
    thread: Thread,
}

/// The thread of a unit that blocks, as its body and its supervisor know it.
#[derive(Clone)]
pub struct Thread(Arc<Mutex<State>>);

enum State {
    /// There is no thread yet.
    Fresh,
    /// The function runs; who is woken when it has ended.
    Running(Waker),
    /// It has ended, and neither the body nor the supervisor has looked yet.
    Ended(Result<Ending, Broken>),
    /// The body has taken in how it ended.
    Heard,
    /// The body is gone, and the unit's supervisor has not told yet how the unit ended.
    Left,
    /// The supervisor has told all it knows: the thread tells that the unit is gone, and its children.
    Last(Option<Arc<Family>>),
}

/// Boxes the function of a `blocking` task.
pub fn blocking_runs<F, R, H>(start: Start<'_>, function: F, _: H) -> BoxBody
where
    F: FnOnce() -> R + Send + 'static,
    H: Runs<R>,
{
    boxed(start, Box::new(move || H::ending(function())))
}

/// Boxes the function of a `blocking` task that is `once`.
pub fn blocking_returns<F, R, H>(start: Start<'_>, function: F, _: H) -> BoxBody
where
    F: FnOnce() -> R + Send + 'static,
    H: Returns<R>,
{
    boxed(start, Box::new(move || H::ending(function())))
}

/// A body that is up when its thread is there.
fn boxed(start: Start<'_>, job: Job) -> BoxBody {
    let Start { starter, .. } = start;
    let (run, index) = (Arc::clone(&starter.run), starter.index);
    Box::pin(Blocking { run, index, job: Some(job), thread: Thread(Arc::new(Mutex::new(State::Fresh))) })
}

impl Thread {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The supervisor's part: returns how the function ended; where it still runs, calls `tell` and leaves the last word
    /// to the thread.
    pub(super) fn ended_or(&self, family: Option<&Arc<Family>>, tell: impl FnOnce()) -> Option<Result<Ending, Broken>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Heard) {
            State::Ended(ended) => Some(ended),
            State::Left => {
                *state = State::Last(family.cloned());
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

impl Blocking {
    fn begin(&self, job: Job, waker: &Waker) -> Poll<Ending> {
        *self.thread.lock() = State::Running(waker.clone());
        // With escapes: a thread's name can't have the character zero.
        let name = self.run.plan.roster.name(self.index as usize).to_string();
        let (run, index, state) = (Arc::clone(&self.run), self.index, self.thread.clone());
        let (runtime, span) = (Handle::current(), Span::current());
        let begun = thread::Builder::new().name(name).spawn(move || {
            let _entered = runtime.enter();
            // The span with it: a subscriber is user code as well.
            let here = Here::unit(run.cells.of(index as usize));
            let ended = panics::catch(move || here.within(|| span.in_scope(job)));
            end(&run, index, &state, ended);
        });
        match begun {
            // It is on its own: whoever joined it would block.
            Ok(_) => Poll::Pending,
            Err(error) => {
                *self.thread.lock() = State::Heard;
                let error = io::Error::new(error.kind(), format!("there is no thread for it: {error}"));
                Poll::Ready(Ending::Failed(Typed::keep(error)))
            }
        }
    }
}

/// The function has returned: wakes its body, or tells that the unit is gone where nothing else is left of it.
fn end(run: &Arc<Run>, index: u32, thread: &Thread, ended: Result<Ending, Broken>) {
    let mut state = thread.lock();
    match std::mem::replace(&mut *state, State::Heard) {
        State::Last(family) => {
            drop(state);
            supervise::tell(run, index, ended.map(Some), Ok(()), family);
        }
        before => {
            *state = State::Ended(ended);
            drop(state);
            if let State::Running(waker) = before {
                waker.wake();
            }
        }
    }
}

impl Future for Blocking {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        if let Some(job) = self.job.take() {
            return self.begin(job, context.waker());
        }
        let mut state = self.thread.lock();
        match std::mem::replace(&mut *state, State::Heard) {
            State::Ended(ended) => Poll::Ready(ended.unwrap_or_else(Ending::Broken)),
            before => {
                *state = before;
                if let State::Running(waker) = &mut *state {
                    waker.clone_from(context.waker());
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        let mut state = self.thread.lock();
        if let State::Running(_) = *state {
            let waker = std::mem::replace(&mut *state, State::Left);
            drop(state);
            drop(waker);
            self.run.cells.of(self.index as usize).tell();
        }
    }
}

impl unit::Body for Blocking {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn thread(self: Pin<&mut Self>) -> Option<Thread> {
        let is_out = matches!(*self.thread.lock(), State::Running(_) | State::Ended(_));
        is_out.then(|| self.thread.clone())
    }
}
