//! The future in which every child runs: polls it, catches what breaks, and leaves its family when it is dropped.
//!
//! # Invariants
//! - The child's own future is dropped, under a guard, before it leaves its family; it leaves once, whatever the way.
//! - A failure is taken by whoever awaits the handle, or told: when the handle is dropped, at the latest.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::JoinHandle;

use super::family::{Family, Key, Untaken};
use super::here::Here;
use super::{panics, polls};
use crate::failure::Broken;
use crate::inject::children::ChildOutput;
use crate::state::Outcome;
use crate::unwind::{self, Quiet};
use crate::watch::blocked::Polling;

pin_project! {
    struct Offspring<F: Future, H>
    where
        F::Output: ChildOutput<H>
    {
        family: Arc<Family>,
        key: Key,
        // None once it is dropped.
        #[pin]
        future: Option<F>,
        how: PhantomData<fn() -> H>,
    }

    impl<F: Future, H> PinnedDrop for Offspring<F, H>
    where
        F::Output: ChildOutput<H>
    {
        fn drop(this: Pin<&mut Self>) {
            this.cancel();
        }
    }
}

/// Spawns a child; none when the family takes in no more. Its future is dropped then.
pub(crate) fn spawn<F, H>(
    family: &Arc<Family>,
    name: Cow<'static, str>,
    future: F,
) -> Option<JoinHandle<Given<F::Output>>>
where
    F: Future<Output: ChildOutput<H>> + Send + 'static,
    H: 'static,
{
    let key = family.enter(name)?;
    let child = Offspring { family: Arc::clone(family), key, future: Some(future), how: PhantomData };
    let join = family.runtime.spawn(child);
    family.spawned(key, join.abort_handle());
    Some(join)
}

impl<F: Future, H> Offspring<F, H>
where
    F::Output: ChildOutput<H>,
{
    /// Dropped before it has ended.
    fn cancel(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.future.is_none() {
            return;
        }
        let family = &**this.family;
        let _entered = (!family.span.is_disabled()).then(|| family.span.enter());
        let polling = family.cell().map(Polling::of);
        let dropped = polls::say(family.names(*this.key), || panics::catch(|| this.future.set(None)));
        polling.into_iter().for_each(Polling::ended);
        match dropped {
            Ok(()) => family.leave(*this.key, Outcome::Dropped),
            // Nobody gets its output any more.
            Err(broken) => drop(fail::<F::Output>(this.family, *this.key, Err(broken), |_| None)),
        }
    }
}

impl<F: Future, H> Future for Offspring<F, H>
where
    F::Output: ChildOutput<H>,
{
    type Output = Given<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Given<F::Output>> {
        let mut this = self.project();
        let (family, key) = (&**this.family, *this.key);
        let _entered = (!family.span.is_disabled()).then(|| family.span.enter());
        let future = &mut this.future;
        let polling = family.cell().map(Polling::of);
        let here = family.cell().map(Here::unit);
        let output = polls::say(family.names(key), || {
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
                (_, output) => Poll::Ready(output),
            }
        });
        polling.into_iter().for_each(Polling::ended);
        let output = ready!(output);
        Poll::Ready(match output {
            Ok(output) if !output.has_failed() => {
                family.leave(key, Outcome::Returned);
                Given::Output(Quiet::new(output))
            }
            output => fail(this.family, key, output, F::Output::into_failure),
        })
    }
}

/// A child has failed, and its future is gone.
fn fail<T: Send + 'static>(family: &Arc<Family>, key: Key, output: Result<T, Broken>, keep: Keep<T>) -> Given<T> {
    let name = family.name(key);
    let failure = Arc::new(Failure { family: Arc::clone(family), name, output: Mutex::new(Some(output)), keep });
    let held = Held(failure);
    if family.may_be_taken(&held.0) {
        family.leave(key, Outcome::Failed);
        Given::Failure(held)
    } else {
        drop(held);
        family.leave(key, Outcome::Failed);
        Given::Nothing
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
    pub(crate) fn take(self) -> Option<Result<T, Broken>> {
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

/// Makes the error of an output that has failed.
type Keep<T> = fn(T) -> Option<Box<dyn Error + Send + Sync>>;

pub(crate) struct Failure<T> {
    family: Arc<Family>,
    name: Cow<'static, str>,
    /// None once it is taken or told.
    output: Mutex<Option<Result<T, Broken>>>,
    keep: Keep<T>,
}

impl<T> Failure<T> {
    fn output(&self) -> MutexGuard<'_, Option<Result<T, Broken>>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        let mut output = self.output();
        let Some(taken) = output.take() else { return };
        // Whoever finds it gone, since the unit ends, waits for what follows.
        self.family.begin_to_fail();
        drop(output);
        if let Some(broken) = taken.map_or_else(Some, |output| (self.keep)(output).map(Broken::Error)) {
            self.family.fail(self.name.clone(), broken);
        }
        self.family.end_failing();
    }
}

impl<T: Send> Untaken for Failure<T> {
    fn tell(&self) {
        self.tell();
    }
}
