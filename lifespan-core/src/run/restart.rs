//! Restarts in place: a task restarts within its own future if there is no delay and no one reads its events.
//!
//! The machine does not decide these restarts. It receives those that still count with the unit's next fact.
//!
//! # Invariants
//! - At most `intensity` restarts lie within any `period`, including those that the machine has decided. At that limit
//!   the task ends, and the machine decides.
//! - A body that ended is dropped before the next is made. Once the unit or the app is asked to stop, no other is made.
//! - Each start gets a fresh clone of the config and takes its resources again.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::start;
use crate::base::{RawFailure, drop_quietly};
use crate::children::ChildSet;
use crate::declare::{Restart, When};
use crate::plan::{Entry, UpWhen};
use crate::run::current::Run;
use crate::shared::Fact;
use crate::signal::panics;
use crate::unit::{Body, BoxBody, Ending};

pub(super) struct Restarting {
    run: Arc<Run>,
    body: Option<BoxBody>,
    /// The restarts that still count.
    restarts: VecDeque<Instant>,
    index: u32,
}

/// Returns the policy of a task that restarts without a delay, and for itself alone.
pub(super) fn policy(entry: &Entry) -> Option<Restart> {
    entry.restart_in_place().filter(|policy| policy.backoff.0.is_zero() && entry.up_when() == UpWhen::Awaiting)
}

impl Restarting {
    pub(super) fn boxed(run: &Arc<Run>, index: u32) -> BoxBody {
        let body = Some(start::body(run, index));
        Box::pin(Self { run: Arc::clone(run), body, restarts: VecDeque::new(), index })
    }

    /// Returns the unit's ending, unless the unit restarts here.
    fn ended(&mut self, ended: Result<Ending, RawFailure>) -> Option<Ending> {
        let failed = !matches!(ended, Ok(Ending::Done | Ending::Value(_)));
        let policy = policy(&self.run.plan.registrations.entries[self.index as usize]).unwrap_or(Restart::DEFAULT);
        let restarts = match policy.when {
            When::Permanent => true,
            When::Transient => failed,
            When::Temporary => false,
        };
        if !restarts || self.is_to_stop() {
            return Some(self.leave(ended));
        }
        let now = Instant::now();
        let so_far = self.still_count(policy.period, now);
        let broken = match ended {
            Ok(Ending::Failed(error)) => Some(RawFailure::Error(error)),
            Ok(Ending::RawFailure(broken)) | Err(broken) => Some(broken),
            Ok(Ending::Done | Ending::Value(_)) => None,
        };
        match self.run.app.hub().restarted_in_place(self.index, broken, (now, so_far)) {
            Ok(()) => {
                self.restarts.push_back(now);
                None
            }
            // The machine decides, and counts this one.
            Err(broken) => Some(self.leave(broken.map_or(Ok(Ending::Done), Err))),
        }
    }

    /// Returns whether the app or this unit was asked to stop.
    fn is_to_stop(&self) -> bool {
        let signal = self.run.stop_signals.of(self.index as usize);
        self.run.app.inbox().is_requested() || signal.is_stop_requested(signal.incarnation())
    }

    /// Returns how many restarts in place lie within the period that ends now.
    fn still_count(&mut self, period: Duration, now: Instant) -> u32 {
        while self.restarts.front().is_some_and(|&restart| now.duration_since(restart) >= period) {
            self.restarts.pop_front();
        }
        u32::try_from(self.restarts.len()).unwrap_or(u32::MAX)
    }

    fn leave(&mut self, ended: Result<Ending, RawFailure>) -> Ending {
        self.send_restarts();
        ended.unwrap_or_else(Ending::RawFailure)
    }

    /// Hands the restarts that still count to the machine.
    fn send_restarts(&mut self) {
        if !self.restarts.is_empty() {
            let restarts = Box::new(std::mem::take(&mut self.restarts));
            self.run.app.inbox().fact(self.index, Fact::RestartedInPlace(restarts));
        }
    }

    /// Polls the body, and drops it when it ends. A panic of its destructor is its failure, if it has no other.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<Ending, RawFailure>> {
        let Some(body) = &mut self.body else { return Poll::Pending };
        let ended = match panics::catch(|| body.as_mut().poll(context)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(ending)) => Ok(ending),
            Err(broken) => Err(broken),
        };
        let body = self.body.take();
        match (panics::catch(|| drop(body)), ended) {
            (Err(broken), Ok(ending @ (Ending::Done | Ending::Value(_)))) => {
                drop_quietly(ending);
                Poll::Ready(Err(broken))
            }
            (_, ended) => Poll::Ready(ended),
        }
    }
}

impl Future for Restarting {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        if this.body.is_none() {
            if this.is_to_stop() {
                return Poll::Ready(this.leave(Ok(Ending::Done)));
            }
            match panics::catch(|| start::body(&this.run, this.index)) {
                Ok(body) => this.body = Some(body),
                Err(broken) => return Poll::Ready(this.leave(Err(broken))),
            }
        }
        let ended = ready!(this.poll_body(context));
        if let Some(ending) = this.ended(ended) {
            return Poll::Ready(ending);
        }
        // Other tasks get a turn between two starts.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Restarting {
    /// Sends the restarts also if the future is dropped before it has ended.
    fn drop(&mut self) {
        self.send_restarts();
    }
}

impl Body for Restarting {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn child_set(self: Pin<&mut Self>) -> Option<Arc<ChildSet>> {
        self.get_mut().body.as_mut().and_then(|body| body.as_mut().child_set())
    }
}
