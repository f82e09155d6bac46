//! The body of a unit that takes `Children`: fails with the first failure of a child that no handle takes, and ends
//! when all children have ended.
//!
//! # Invariants
//! - The unit's own future is dropped before its children are aborted, and they have ended before this body ends.
//! - A context that has provided is not dropped when a child fails: the failure is reported as the loss of its
//!   resource.
//! - A child's failure is the failure of this body if the unit's own function has not failed; otherwise it is kept
//!   beside that failure. In a context, failures of children after the reported loss are kept beside the loss.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::base::{Outcome, RawFailure, unwind};
use crate::children::child_set::{self};
use crate::children::{ChildFailures, ChildSet};
use crate::facts::Event;
use crate::hub::Timestamp;
use crate::run::current::Run;
use crate::shared::{AppShared, Fact};
use crate::signal::{StopSignal, panics};
use crate::unit::{Body, BoxBody, Ending, Thread};

/// The parent of a set of children.
struct Unit {
    app: Arc<AppShared>,
    index: u32,
}

impl child_set::Parent for Unit {
    fn is_read(&self) -> bool {
        self.app.hub().reads_children()
    }

    fn child_started(&self, child: Arc<str>) {
        self.app
            .hub()
            .send(Timestamp::default(), |now| Event::ChildStarted { unit: now.unit(self.index as usize), child });
    }

    fn child_ended(&self, child: Arc<str>, outcome: Outcome) {
        let unit = self.index as usize;
        self.app.hub().send(Timestamp::default(), |now| Event::ChildEnded { unit: now.unit(unit), child, outcome });
    }

    fn child_failed(&self, child: &str, error: &str, (panicked, more): (bool, u64)) -> bool {
        let mut while_up = false;
        self.app.hub().send(Timestamp::default(), |now| {
            while_up = now.facts.is_running(self.index);
            let unit = now.unit(self.index as usize);
            Event::ChildFailed { unit, child: child.into(), error: error.into(), panicked, more }
        });
        while_up
    }

    fn stop_signal(&self) -> Option<&StopSignal> {
        self.app.stop_signal(self.index)
    }
}

struct WithChildren {
    run: Arc<Run>,
    child_set: Arc<ChildSet>,
    stage: Stage,
    /// The thread that outlives the unit's own future, once that is dropped.
    thread: Option<Thread>,
    index: u32,
}

enum Stage {
    Running(BoxBody),
    /// The unit's own future has ended and is dropped, with the panic of its destructor if there was one. The children
    /// have not all ended.
    Closing(Ending, Option<RawFailure>),
    Over,
}

/// Makes the set of children for a body that is about to be made, which takes its `Children` from it.
pub(super) fn begin(run: &Arc<Run>, index: u32) -> Arc<ChildSet> {
    let child_set = ChildSet::new(Some(Arc::new(Unit { app: Arc::clone(&run.app), index })));
    run.app.hub().set_child_set(index, Arc::clone(&child_set));
    child_set
}

pub(super) fn boxed(run: &Arc<Run>, index: u32, child_set: Arc<ChildSet>, own: BoxBody) -> BoxBody {
    Box::pin(WithChildren { run: Arc::clone(run), child_set, stage: Stage::Running(own), thread: None, index })
}

impl WithChildren {
    /// Polls the unit's own future, and drops it when it ends or a child has failed.
    fn poll_own(&mut self, context: &mut Context<'_>) -> Poll<Stage> {
        let Stage::Running(body) = &mut self.stage else { return Poll::Pending };
        let ending = match panics::catch(|| body.as_mut().poll(context)) {
            Ok(Poll::Ready(ending)) => ending,
            // The failure is taken when the last child has ended.
            Ok(Poll::Pending) if self.fails_with_a_child(context) => Ending::Done,
            Ok(Poll::Pending) => return Poll::Pending,
            Err(broken) => Ending::RawFailure(broken),
        };
        if let Stage::Running(body) = &mut self.stage {
            self.thread = body.as_mut().thread();
        }
        let own = std::mem::replace(&mut self.stage, Stage::Over);
        let dropped = panics::catch(|| drop(own));
        // The ending explains more than the fact that the resource was dropped.
        self.run.stop_signals.of(self.index as usize).take_holder_dropped();
        Poll::Ready(Stage::Closing(ending, dropped.err()))
    }

    /// Returns whether the failure of a child ends the unit's own future. A context that has provided goes on to its
    /// teardown: for it, the failure is the loss of its resource.
    fn fails_with_a_child(&mut self, context: &mut Context<'_>) -> bool {
        if !self.child_set.has_failure(context.waker()) {
            return false;
        }
        let signal = self.run.stop_signals.of(self.index as usize);
        if !self.run.plan.registrations.entries[self.index as usize].is_context() {
            return true;
        }
        if signal.holds() {
            let failure = self.child_set.take_failure().map(Box::new);
            self.run.app.inbox().fact(self.index, Fact::Lost(signal.incarnation(), failure));
            return false;
        }
        // The teardown goes on, and ends with this failure.
        !signal.is_stop_requested(signal.incarnation())
    }
}

/// Returns the body's ending with another failure added, if there is one.
fn with_failure(ending: Ending, failure: Option<RawFailure>) -> Ending {
    match (ending, failure) {
        (ending, None) => ending,
        (ending @ (Ending::Done | Ending::Value(_)), Some(failure)) => {
            unwind::drop_quietly(ending);
            Ending::RawFailure(failure)
        }
        (Ending::Failed(error), Some(failure)) => Ending::RawFailure(RawFailure::Error(error).with(failure)),
        (Ending::RawFailure(broken), Some(failure)) => Ending::RawFailure(broken.with(failure)),
    }
}

impl Future for WithChildren {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        if let Stage::Running(_) = this.stage {
            this.stage = ready!(this.poll_own(context));
            this.child_set.close();
        }
        let failure = match ready!(this.child_set.poll_ended(context)) {
            Some(ChildFailures::First(broken)) => Some(broken),
            Some(ChildFailures::Late(broken)) => {
                this.run.app.inbox().fact(this.index, Fact::ChildrenFailed(Box::new(broken)));
                None
            }
            None => None,
        };
        match std::mem::replace(&mut this.stage, Stage::Over) {
            Stage::Closing(ending, dropped) => Poll::Ready(with_failure(with_failure(ending, failure), dropped)),
            Stage::Running(_) | Stage::Over => Poll::Pending,
        }
    }
}

impl Body for WithChildren {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn child_set(self: Pin<&mut Self>) -> Option<Arc<ChildSet>> {
        Some(Arc::clone(&self.child_set))
    }

    fn thread(mut self: Pin<&mut Self>) -> Option<Thread> {
        match &mut self.stage {
            Stage::Running(body) => body.as_mut().thread(),
            Stage::Closing(..) | Stage::Over => self.thread.take(),
        }
    }
}
