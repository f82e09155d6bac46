//! The future in which every child runs: polls it, catches panics, and leaves its set of children when it is dropped.
//!
//! # Invariants
//! - The child's own future is dropped, under a guard, before the child leaves its set. It leaves once, however it
//!   ends.
//! - A failure is reported at once. It is the parent's at once, unless the child has a handle to await: then the holder
//!   of the handle takes it, or it is the parent's when the handle is dropped.
//! - An output that no caller can take is dropped before the child leaves its set.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::base::error_box::{self};
use crate::base::unwind::{self};
use crate::base::{Outcome, Quiet, RawFailure, Text};
use crate::children::{ChildSet, Isolation, Key, UnclaimedFailure, Verdict, polls};
use crate::run::child_output::ChildOutput;
use crate::signal::{Here, panics};
use crate::watch::polling::Polling;

pin_project! {
    struct ChildTask<F: Future, H>
    where
        F::Output: ChildOutput<H>
    {
        child_set: Arc<ChildSet>,
        key: Key,
        owner: Owner,
        // `None` once it is dropped.
        #[pin]
        future: Option<F>,
        how: PhantomData<fn() -> H>,
    }

    impl<F: Future, H> PinnedDrop for ChildTask<F, H>
    where
        F::Output: ChildOutput<H>
    {
        fn drop(this: Pin<&mut Self>) {
            this.cancel();
        }
    }
}

/// The owner of a child's failure.
#[derive(Clone)]
pub(crate) enum Owner {
    /// The parent, at once.
    Parent,
    /// The holder of the child's handle; the parent if the handle is dropped.
    Holder,
    /// None: the failure of an isolated child is counted.
    Isolated(Arc<Isolation>),
}

/// Spawns a child. Returns `None`, and drops the future, if the set of children is closed.
pub(crate) fn spawn<F, H>(
    child_set: &Arc<ChildSet>,
    name: Cow<'static, str>,
    owner: Owner,
    future: F,
) -> Option<JoinHandle<Given<F::Output>>>
where
    F: Future<Output: ChildOutput<H>> + Send + 'static,
    H: 'static,
{
    let key = child_set.enter(name)?;
    let child = ChildTask { child_set: Arc::clone(child_set), key, owner, future: Some(future), how: PhantomData };
    let join = child_set.runtime.spawn(child);
    child_set.spawned(key, join.abort_handle());
    Some(join)
}

impl<F: Future, H> ChildTask<F, H>
where
    F::Output: ChildOutput<H>,
{
    /// Drops a future that has not ended.
    fn cancel(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.future.is_none() {
            return;
        }
        let child_set = &**this.child_set;
        let _entered = (!child_set.span.is_disabled()).then(|| child_set.span.enter());
        let polling = child_set.stop_signal().map(Polling::of);
        let dropped = polls::poll(child_set.names(*this.key), || panics::catch(|| this.future.set(None)));
        polling.into_iter().for_each(Polling::ended);
        match dropped {
            Ok(()) => child_set.leave(*this.key, Outcome::Dropped),
            // No caller can receive the output any more.
            Err(broken) => drop(fail::<F::Output, H>(this.child_set, *this.key, this.owner, Err(broken))),
        }
    }
}

impl<F: Future, H> Future for ChildTask<F, H>
where
    F::Output: ChildOutput<H>,
{
    type Output = Given<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Given<F::Output>> {
        let mut this = self.project();
        let (child_set, key) = (&**this.child_set, *this.key);
        let _entered = (!child_set.span.is_disabled()).then(|| child_set.span.enter());
        let is_held = matches!(this.owner, Owner::Holder);
        let future = &mut this.future;
        let polling = child_set.stop_signal().map(Polling::of);
        let here = child_set.stop_signal().map(Here::unit);
        let output = polls::poll(child_set.names(key), || {
            let polled = panics::catch(|| {
                let mut poll = || future.as_mut().as_pin_mut().map(|future| future.poll(context));
                match here {
                    Some(here) => here.within(poll),
                    None => poll(),
                }
            });
            let output = match polled {
                Ok(Some(Poll::Ready(output))) => Ok(output),
                // `None` after its end: it is not polled again.
                Ok(Some(Poll::Pending) | None) => return Poll::Pending,
                Err(broken) => Err(broken),
            };
            match (panics::catch(|| future.set(None)), output) {
                (Err(broken), Ok(output)) if !output.has_failed() => {
                    // Its destructor may panic as well.
                    unwind::drop_quietly(output);
                    Poll::Ready(Err(broken))
                }
                (_, Ok(output)) if !is_held && !output.has_failed() => {
                    unwind::drop_quietly(output);
                    Poll::Ready(Ok(None))
                }
                (_, output) => Poll::Ready(output.map(Some)),
            }
        });
        polling.into_iter().for_each(Polling::ended);
        let output = ready!(output);
        Poll::Ready(match output {
            Ok(None) => {
                child_set.leave(key, Outcome::Returned);
                Given::Nothing
            }
            Ok(Some(output)) if !output.has_failed() => {
                child_set.leave(key, Outcome::Returned);
                Given::Output(Quiet::new(output))
            }
            Ok(Some(output)) => fail(this.child_set, key, this.owner, Ok(output)),
            Err(broken) => fail(this.child_set, key, this.owner, Err(broken)),
        })
    }
}

/// Handles a child that has failed and owner future is dropped.
fn fail<T: ChildOutput<H>, H>(
    child_set: &Arc<ChildSet>,
    key: Key,
    owner: &Owner,
    output: Result<T, RawFailure>,
) -> Given<T> {
    let (name, before) = (child_set.name(key), child_set.count_failed());
    // Formatting an error is user code.
    let words = match &output {
        Ok(output) => output.words(),
        Err(broken) => broken.words(),
    };
    let panicked = output.is_err();
    let given = match owner {
        Owner::Parent => {
            let while_up = child_set.report_failure(&name, &words, panicked, 0);
            fail_parent(child_set, name, output, T::into_failure, (while_up, before));
            Given::Nothing
        }
        Owner::Holder => {
            let while_up = child_set.report_failure(&name, &words, panicked, 0);
            let (child_set, output, keep) = (Arc::clone(child_set), Mutex::new(Some(output)), T::into_failure);
            let held = Held(Arc::new(Failure { child_set, name, output, keep, when: (while_up, before) }));
            if held.0.child_set.may_be_taken(&held.0) { Given::Failure(held) } else { Given::Nothing }
        }
        Owner::Isolated(isolation) => {
            let Verdict { report, too_many } = isolation.failed(Instant::now(), &words, panicked);
            let report = report.or(too_many.map(|_| 0));
            let while_up = report.is_some_and(|more| child_set.report_failure(&name, &words, panicked, more));
            if let Some(rate) = too_many {
                let last = output.map_or_else(
                    |panic| {
                        unwind::drop_quietly(panic);
                        Some(<Text as error_box::Keep<String>>::keep(words))
                    },
                    T::into_failure,
                );
                if let Some(last) = last {
                    child_set.fail(name, RawFailure::Error(rate.exceeded_by(last)), (while_up, before));
                }
            } else {
                child_set.keep_last_error(name, &words);
                unwind::drop_quietly(output);
            }
            Given::Nothing
        }
    };
    child_set.leave(key, Outcome::Failed);
    given
}

fn fail_parent<T>(
    child_set: &ChildSet,
    name: Cow<'static, str>,
    output: Result<T, RawFailure>,
    keep: Keep<T>,
    when: When,
) {
    if let Some(broken) = output.map_or_else(Some, |output| keep(output).map(RawFailure::Error)) {
        child_set.fail(name, broken, when);
    }
}

/// The result of a child, for the holder of its handle.
pub(crate) enum Given<T> {
    Output(Quiet<T>),
    Failure(Held<T>),
    Nothing,
}

impl<T> Given<T> {
    /// Takes the child's output or its panic. `None` if that is the parent's.
    pub(crate) fn take(self) -> Option<Result<T, RawFailure>> {
        match self {
            Given::Output(mut output) => output.take().map(Ok),
            Given::Failure(held) => held.0.output().take(),
            Given::Nothing => None,
        }
    }
}

/// A failure of a child. Dropping it passes the failure to the parent, unless it was taken.
pub(crate) struct Held<T>(Arc<Failure<T>>);

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        self.0.report();
    }
}

/// `true` if the unit was up when its child failed, and the number of children that had failed before.
type When = (bool, u32);

/// Makes the error of an output that has failed.
type Keep<T> = fn(T) -> Option<Box<dyn Error + Send + Sync>>;

pub(crate) struct Failure<T> {
    child_set: Arc<ChildSet>,
    name: Cow<'static, str>,
    /// `None` once it is taken or reported.
    output: Mutex<Option<Result<T, RawFailure>>>,
    keep: Keep<T>,
    when: When,
}

impl<T> Failure<T> {
    fn output(&self) -> MutexGuard<'_, Option<Result<T, RawFailure>>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self) {
        let mut output = self.output();
        let Some(taken) = output.take() else { return };
        // If the unit ends meanwhile, it waits until this failure is reported.
        self.child_set.begin_to_fail();
        drop(output);
        fail_parent(&self.child_set, self.name.clone(), taken, self.keep, self.when);
        self.child_set.end_failing();
    }
}

impl<T: Send> UnclaimedFailure for Failure<T> {
    fn report(&self) {
        self.report();
    }
}
