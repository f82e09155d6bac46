//! The body of a unit that takes `Children`: fails with the first child whose failure nobody takes, and ends when all
//! of them have gone.
//!
//! # Invariants
//! - The unit's own future is dropped before its children are aborted, and they have gone before this body ends.
//! - A context that has provided is not dropped for a child's failure: that is told as the loss of its resource.
//! - A child's failure is how this body ended only where the unit's own function has not failed by itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::Run;
use super::blocking::Thread;
use super::ending::Ending;
use super::family::Family;
use super::inbox::Fact;
use super::panics;
use crate::failure::Broken;
use crate::unit::{self, BoxBody};
use crate::unwind;

struct Parent {
    run: Arc<Run>,
    family: Arc<Family>,
    stage: Stage,
    /// The thread that goes on without the unit's own future, once that is dropped.
    thread: Option<Thread>,
    /// A child has failed during the teardown, which goes on.
    failed: Option<Broken>,
    index: u32,
}

enum Stage {
    Running(BoxBody),
    /// It has ended so, and waits for its children to go.
    Parting(Ending),
    Over,
}

/// Makes the family of a body that is about to be made, which draws its `Children` from it.
pub(super) fn begin(run: &Arc<Run>, index: u32) -> Arc<Family> {
    let family = Family::new(Some((run.app.clone(), index)));
    run.app.hub().adopt(index, Arc::clone(&family));
    family
}

pub(super) fn boxed(run: &Arc<Run>, index: u32, family: Arc<Family>, own: BoxBody) -> BoxBody {
    Box::pin(Parent { run: Arc::clone(run), family, stage: Stage::Running(own), thread: None, failed: None, index })
}

impl Parent {
    /// Polls the unit's own future; when it ends, or a child has failed, it is dropped.
    fn poll_own(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        let Stage::Running(body) = &mut self.stage else { return Poll::Pending };
        let ending = match panics::catch(|| body.as_mut().poll(context)) {
            Ok(Poll::Ready(ending)) => ending,
            Ok(Poll::Pending) => match self.child_failure(context) {
                Some(failure) => Ending::Broken(failure),
                None => return Poll::Pending,
            },
            Err(broken) => Ending::Broken(broken),
        };
        if let Stage::Running(body) = &mut self.stage {
            self.thread = body.as_mut().thread();
        }
        let own = std::mem::replace(&mut self.stage, Stage::Over);
        let dropped = panics::catch(|| drop(own));
        // How it ended says more than that it has let its resource go.
        self.run.cells.of(self.index as usize).take_let_go();
        Poll::Ready(unless_failed(unless_failed(ending, self.failed.take()), dropped.err()))
    }

    /// A child's failure that ends the unit's own future. That of a context which has provided goes on to its teardown: for
    /// it, such a failure is the loss of what it holds.
    fn child_failure(&mut self, context: &mut Context<'_>) -> Option<Broken> {
        while let Some(failure) = self.family.take_failure(context.waker()) {
            let cell = self.run.cells.of(self.index as usize);
            if !self.run.plan.roster.entries[self.index as usize].is_context() {
                return Some(failure);
            } else if cell.holds() {
                self.run.app.inbox().fact(self.index, Fact::Lost(cell.life(), Some(Box::new(failure))));
            } else if cell.is_told(cell.life()) {
                self.failed = Some(failure);
            } else {
                return Some(failure);
            }
        }
        None
    }
}

fn unless_failed(ending: Ending, failure: Option<Broken>) -> Ending {
    match (ending, failure) {
        (ending @ (Ending::Done | Ending::Value(_)), Some(failure)) => {
            unwind::drop_quietly(ending);
            Ending::Broken(failure)
        }
        (ending, _) => ending,
    }
}

impl Future for Parent {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        if let Stage::Running(_) = this.stage {
            let ending = ready!(this.poll_own(context));
            this.stage = Stage::Parting(ending);
            this.family.close();
        }
        let failure = ready!(this.family.poll_gone(context));
        match std::mem::replace(&mut this.stage, Stage::Over) {
            Stage::Parting(ending) => Poll::Ready(unless_failed(ending, failure)),
            Stage::Running(_) | Stage::Over => Poll::Pending,
        }
    }
}

impl unit::Body for Parent {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn family(self: Pin<&mut Self>) -> Option<Arc<Family>> {
        Some(Arc::clone(&self.family))
    }

    fn thread(mut self: Pin<&mut Self>) -> Option<Thread> {
        match &mut self.stage {
            Stage::Running(body) => body.as_mut().thread(),
            Stage::Parting(_) | Stage::Over => self.thread.take(),
        }
    }
}
