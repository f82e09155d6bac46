//! Blocking work: a body that is a plain function on a thread of its own.
//!
//! # Invariants
//! - The function's end is reported once, after the function has returned and its arguments are dropped: by the body,
//!   or, if the body is dropped, by the thread or the unit's supervisor, whichever ends last. So the unit's final fact
//!   follows all facts of both.
//! - A body that is dropped asks its thread to stop and does not wait for it: a thread does not delay a runtime's end.
//! - No user code runs under the state's lock. The inbox's lock may be taken under it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tracing::Span;

use super::supervise;
use crate::base::{Keep, Typed, spawn};
use crate::run::current::Run;
use crate::signal::{Here, panics};
use crate::unit::{Body, BoxBody, Ending, Returns, Runs, Start, Thread};

/// The function, with its arguments.
type Job = Box<dyn FnOnce() -> Ending + Send>;

/// The body of a unit that blocks.
struct Blocking {
    run: Arc<Run>,
    index: u32,
    /// `None` once it was passed to its thread.
    job: Option<Job>,
    thread: Thread,
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

/// Boxes a body that is up once its thread has started.
#[expect(clippy::needless_pass_by_value, reason = "a unit is started with it once")]
fn boxed(start: Start<'_>, job: Job) -> BoxBody {
    let (run, index) = (Arc::clone(start.run()), start.index());
    Box::pin(Blocking { run, index, job: Some(job), thread: Thread::fresh() })
}

impl Blocking {
    fn begin(&self, job: Job, waker: &Waker) -> Poll<Ending> {
        self.thread.begin(waker.clone());
        // With escapes: a thread's name can't have the character zero.
        let name = self.run.plan.registrations.name(self.index as usize).to_string();
        let (run, index, state) = (Arc::clone(&self.run), self.index, self.thread.clone());
        let (runtime, span) = (Handle::current(), Span::current());
        let begun = spawn(name, move || {
            let _entered = runtime.enter();
            // The span is entered under `catch` too: a subscriber is user code as well.
            let here = Here::unit(run.stop_signals.of(index as usize));
            let ended = panics::catch(move || here.within(|| span.in_scope(job)));
            if let Some((ended, child_set)) = state.ended(ended) {
                supervise::report(&run, index, ended.map(Some), Ok(()), child_set);
            }
        });
        match begun {
            Ok(()) => Poll::Pending,
            Err(error) => {
                self.thread.fail_to_begin();
                let error = io::Error::new(error.kind(), format!("could not start a thread: {error}"));
                Poll::Ready(Ending::Failed(Typed::keep(error)))
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
        self.thread.poll(context.waker()).map(|ended| ended.unwrap_or_else(Ending::RawFailure))
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if self.thread.leave() {
            self.run.stop_signals.of(self.index as usize).request_stop();
        }
    }
}

impl Body for Blocking {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn thread(self: Pin<&mut Self>) -> Option<Thread> {
        self.thread.unreported()
    }
}
