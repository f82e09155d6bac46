//! The future in which every child runs: polls it, catches what breaks, and leaves its set of children when it is dropped.
//!
//! # Invariants
//! - The child's own future is dropped, under a guard, before it leaves its set of children; it leaves once, whatever the way.
//! - A failure is told at once, and is the parent's at once, unless the child has a handle to await: then it is taken by
//!   whoever awaits that, or is the parent's when the handle is dropped.
//! - What nobody can take is dropped before the child leaves its set.

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
use crate::base::{Outcome, Quiet, RawFailure, Said};
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
        whose: Whose,
        // None once it is dropped.
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

/// Whose a child's failure is.
#[derive(Clone)]
pub(crate) enum Whose {
    /// The parent's, at once.
    Parent,
    /// That of whoever awaits the child's handle, or the parent's.
    Holder,
    /// Nobody's: it is counted.
    Nobody(Arc<Isolation>),
}

/// Spawns a child; none when the set of children takes in no more. Its future is dropped then.
pub(crate) fn spawn<F, H>(
    child_set: &Arc<ChildSet>,
    name: Cow<'static, str>,
    whose: Whose,
    future: F,
) -> Option<JoinHandle<Given<F::Output>>>
where
    F: Future<Output: ChildOutput<H>> + Send + 'static,
    H: 'static,
{
    let key = child_set.enter(name)?;
    let child = ChildTask { child_set: Arc::clone(child_set), key, whose, future: Some(future), how: PhantomData };
    let join = child_set.runtime.spawn(child);
    child_set.spawned(key, join.abort_handle());
    Some(join)
}

impl<F: Future, H> ChildTask<F, H>
where
    F::Output: ChildOutput<H>,
{
    /// Dropped before it has ended.
    fn cancel(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.future.is_none() {
            return;
        }
        let child_set = &**this.child_set;
        let _entered = (!child_set.span.is_disabled()).then(|| child_set.span.enter());
        let polling = child_set.cell().map(Polling::of);
        let dropped = polls::say(child_set.names(*this.key), || panics::catch(|| this.future.set(None)));
        polling.into_iter().for_each(Polling::ended);
        match dropped {
            Ok(()) => child_set.leave(*this.key, Outcome::Dropped),
            // Nobody gets its output any more.
            Err(broken) => drop(fail::<F::Output, H>(this.child_set, *this.key, this.whose, Err(broken))),
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
        let is_held = matches!(this.whose, Whose::Holder);
        let future = &mut this.future;
        let polling = child_set.cell().map(Polling::of);
        let here = child_set.cell().map(Here::unit);
        let output = polls::say(child_set.names(key), || {
            let polled = panics::catch(|| {
                let mut poll = || future.as_mut().as_pin_mut().map(|future| future.poll(context));
                match here {
                    Some(here) => here.within(poll),
                    None => poll(),
                }
            });
            let output = match polled {
                Ok(Some(Poll::Ready(output))) => Ok(output),
                // Ended, it is not polled again.
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
            Ok(Some(output)) => fail(this.child_set, key, this.whose, Ok(output)),
            Err(broken) => fail(this.child_set, key, this.whose, Err(broken)),
        })
    }
}

/// A child has failed, and its future is gone.
fn fail<T: ChildOutput<H>, H>(
    child_set: &Arc<ChildSet>,
    key: Key,
    whose: &Whose,
    output: Result<T, RawFailure>,
) -> Given<T> {
    let (name, before) = (child_set.name(key), child_set.count_failed());
    // It is user code that tells them.
    let words = match &output {
        Ok(output) => output.words(),
        Err(broken) => broken.words(),
    };
    let panicked = output.is_err();
    let given = match whose {
        Whose::Parent => {
            let while_up = child_set.tell_failure(&name, &words, panicked, 0);
            fail_parent(child_set, name, output, T::into_failure, (while_up, before));
            Given::Nothing
        }
        Whose::Holder => {
            let while_up = child_set.tell_failure(&name, &words, panicked, 0);
            let (child_set, output, keep) = (Arc::clone(child_set), Mutex::new(Some(output)), T::into_failure);
            let held = Held(Arc::new(Failure { child_set, name, output, keep, when: (while_up, before) }));
            if held.0.child_set.may_be_taken(&held.0) { Given::Failure(held) } else { Given::Nothing }
        }
        Whose::Nobody(isolation) => {
            let Verdict { tell, too_many } = isolation.failed(Instant::now(), &words, panicked);
            let tell = tell.or(too_many.map(|_| 0));
            let while_up = tell.is_some_and(|more| child_set.tell_failure(&name, &words, panicked, more));
            if let Some(rate) = too_many {
                let last = output.map_or_else(
                    |panic| {
                        unwind::drop_quietly(panic);
                        Some(<Said as error_box::Keep<String>>::keep(words))
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

/// What a child leaves for whoever holds its handle.
pub(crate) enum Given<T> {
    Output(Quiet<T>),
    Failure(Held<T>),
    Nothing,
}

impl<T> Given<T> {
    /// What the child returned, or how it panicked; none where that is the parent's.
    pub(crate) fn take(self) -> Option<Result<T, RawFailure>> {
        match self {
            Given::Output(mut output) => output.take().map(Ok),
            Given::Failure(held) => held.0.output().take(),
            Given::Nothing => None,
        }
    }
}

/// Dropped, it tells of the failure, unless that is taken.
pub(crate) struct Held<T>(Arc<Failure<T>>);

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        self.0.tell();
    }
}

/// Whether the unit was up when its child failed, and how many children had failed before.
type When = (bool, u32);

/// Makes the error of an output that has failed.
type Keep<T> = fn(T) -> Option<Box<dyn Error + Send + Sync>>;

pub(crate) struct Failure<T> {
    child_set: Arc<ChildSet>,
    name: Cow<'static, str>,
    /// None once it is taken or told.
    output: Mutex<Option<Result<T, RawFailure>>>,
    keep: Keep<T>,
    when: When,
}

impl<T> Failure<T> {
    fn output(&self) -> MutexGuard<'_, Option<Result<T, RawFailure>>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        let mut output = self.output();
        let Some(taken) = output.take() else { return };
        // Whoever finds it gone, since the unit ends, waits for what follows.
        self.child_set.begin_to_fail();
        drop(output);
        fail_parent(&self.child_set, self.name.clone(), taken, self.keep, self.when);
        self.child_set.end_failing();
    }
}

impl<T: Send> UnclaimedFailure for Failure<T> {
    fn tell(&self) {
        self.tell();
    }
}
