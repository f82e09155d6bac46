//! The one future type in which every unit runs: polls its body, catches what breaks, and tells the driver.
//!
//! # Invariants
//! - The body is dropped, under a guard, and its children have gone, before `Done` or `Gone` is told; one of the two is
//!   told exactly once, also when the runtime drops this future unfinished. Where a thread outlives the body, it is told by
//!   whichever ends last, the thread or this future (`blocking.rs`).
//! - `Up` is told at most once, and never after them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tracing::Instrument;
use tracing::instrument::Instrumented;

use super::restart::{self, Restarting};
use super::scheduled::Scheduled;
use super::start;
use crate::base::{RawFailure, unwind};
use crate::children::{ChildFailures, ChildSet};
use crate::declare::Kind;
use crate::log::wanted;
use crate::run::current::Run;
use crate::run::guard;
use crate::shared::Fact;
use crate::unit::body::{self};
use crate::unit::{BoxBody, Ending, Thread};

enum Body {
    /// Not called into being yet: the registration's index.
    Fresh(Fresh),
    Live(BoxBody),
}

/// A registration's index, and whether it is up at its first await.
#[derive(Clone, Copy)]
struct Fresh {
    index: u32,
    awaits: bool,
}

/// Of 24 bytes, the most with which tokio's task takes 128.
pub(super) struct Supervised {
    run: Arc<Run>,
    body: Body,
}

/// In place of an index, once the body is gone.
const GONE: Fresh = Fresh { index: u32::MAX, awaits: false };

impl body::Body for Instrumented<BoxBody> {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        self.inner_pin_mut().get_mut().as_mut().index()
    }

    fn child_set(self: Pin<&mut Self>) -> Option<Arc<ChildSet>> {
        self.inner_pin_mut().get_mut().as_mut().child_set()
    }

    fn thread(self: Pin<&mut Self>) -> Option<Thread> {
        self.inner_pin_mut().get_mut().as_mut().thread()
    }
}

impl Supervised {
    pub(super) fn new(run: Arc<Run>, index: u32, awaits: bool) -> Self {
        Self { run, body: Body::Fresh(Fresh { index, awaits }) }
    }

    /// The registration's index, while there is a body.
    fn index(&mut self) -> Option<u32> {
        match &mut self.body {
            Body::Fresh(fresh) => (fresh.index != GONE.index).then_some(fresh.index),
            Body::Live(body) => Some(*body.as_mut().index()),
        }
    }

    /// Calls the function, at the first poll and on the unit's own task.
    fn open(run: &Arc<Run>, index: u32) -> BoxBody {
        let unit = run.plan.registrations.entries[index as usize].unit;
        let name = run.plan.registrations.name(index as usize);
        let span = match unit.kind {
            Kind::Task => tracing::info_span!(target: wanted::TARGET, parent: &run.span, "task", unit = %name),
            Kind::Context => tracing::info_span!(target: wanted::TARGET, parent: &run.span, "context", unit = %name),
        };
        let entry = &run.plan.registrations.entries[index as usize];
        let start = || match entry.schedule() {
            Some(schedule) => Scheduled::boxed(run, index, &schedule.expect("the plan has read it")),
            None if restart::policy(entry).is_some() => Restarting::boxed(run, index),
            None => start::body(run, index),
        };
        let mut body = if span.is_disabled() {
            start()
        } else {
            // The function itself is called in the span as well: it may be an ordinary one that returns a future.
            let body = span.in_scope(start);
            Box::pin(body.instrument(span))
        };
        *body.as_mut().index() = index;
        body
    }

    /// Polls the body; the first time it is called into being.
    fn poll_body(&mut self, index: u32, context: &mut Context<'_>) -> Result<Poll<Ending>, RawFailure> {
        let Self { run, body } = self;
        guard::guard(run.stop_signals.of(index as usize), || {
            let live = match body {
                Body::Live(live) => live,
                Body::Fresh(_) => {
                    *body = Body::Live(Self::open(run, index));
                    let Body::Live(live) = body else { return Poll::Pending };
                    live
                }
            };
            live.as_mut().poll(context)
        })
    }

    /// Drops the body and tells how it ended, once its children have gone.
    fn close(&mut self, index: u32, ended: Result<Option<Ending>, RawFailure>) {
        let mut body = std::mem::replace(&mut self.body, Body::Fresh(GONE));
        let (child_set, thread) = match &mut body {
            Body::Live(body) => (body.as_mut().child_set(), body.as_mut().thread()),
            Body::Fresh(_) => (None, None),
        };
        let dropped = guard::guard(self.run.stop_signals.of(index as usize), || drop(body));
        match thread {
            Some(thread) => tell_with(&self.run, index, ended, dropped, child_set, &thread),
            None => tell(&self.run, index, ended, dropped, child_set),
        }
    }
}

/// Tells how a unit ended whose body is gone, and whose thread may go on: that tells then that the unit is gone.
fn tell_with(
    run: &Arc<Run>,
    index: u32,
    ended: Result<Option<Ending>, RawFailure>,
    dropped: Result<(), RawFailure>,
    child_set: Option<Arc<ChildSet>>,
    thread: &Thread,
) {
    // They are cancelled now; the last word waits for them as well.
    if let Some(child_set) = &child_set {
        child_set.close();
    }
    let mut facts = Facts::of(ended, dropped);
    let all = &mut facts;
    let ended = thread.ended_or(child_set.as_ref(), || run.app.inbox().facts(index, all.take()));
    if let Some(ended) = ended {
        facts.add(Facts::of(ended.map(Some), Ok(())));
        facts.tell(run, index, child_set);
    }
}

/// Tells how a unit ended, now that its body is gone, and what came of dropping it.
pub(super) fn tell(
    run: &Arc<Run>,
    index: u32,
    ended: Result<Option<Ending>, RawFailure>,
    dropped: Result<(), RawFailure>,
    child_set: Option<Arc<ChildSet>>,
) {
    if let (Ok(None | Some(Ending::Done)), Ok(()), None) = (&ended, &dropped, &child_set) {
        let fact = if matches!(ended, Ok(None)) { Fact::Dropped } else { Fact::Done(None) };
        return run.app.inbox().fact(index, fact);
    }
    Facts::of(ended, dropped).tell(run, index, child_set);
}

/// How a unit ended: what broke, and its last word, `Gone` where something has.
struct Facts {
    broken: Vec<Fact>,
    last: Fact,
}

impl Facts {
    fn of(ended: Result<Option<Ending>, RawFailure>, dropped: Result<(), RawFailure>) -> Self {
        let mut facts = Self { broken: Vec::new(), last: Fact::Done(None) };
        match ended {
            Ok(None) => facts.last = Fact::Dropped,
            Ok(Some(Ending::Done)) => {}
            Ok(Some(Ending::Value(resource))) => facts.last = Fact::Done(Some(Box::new(resource))),
            Ok(Some(Ending::RawFailure(broken))) | Err(broken) => facts.broke(broken),
            Ok(Some(Ending::Failed(error))) => facts.broke(RawFailure::Error(error)),
        }
        if let Err(destructor) = dropped {
            facts.broke(destructor);
        }
        facts
    }

    fn broke(&mut self, broken: RawFailure) {
        self.broken.push(Fact::RawFailure(Box::new(broken)));
        unwind::drop_quietly(std::mem::replace(&mut self.last, Fact::Dropped));
    }

    /// A child has failed: that is the unit's failure, or beside it.
    fn broke_beside(&mut self, of_child: RawFailure) {
        match self.broken.pop() {
            Some(Fact::RawFailure(own)) => self.broken.push(Fact::RawFailure(Box::new(own.with(of_child)))),
            other => {
                self.broken.extend(other);
                self.broke(of_child);
            }
        }
    }

    /// Adds how the thread ended, after the body.
    fn add(&mut self, thread: Self) {
        if self.broken.is_empty() {
            self.last = thread.last;
        } else {
            unwind::drop_quietly(thread.last);
        }
        self.broken.extend(thread.broken);
    }

    /// Takes out all but the last word.
    fn take(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.broken)
    }

    /// Tells them, once the children have gone.
    fn tell(mut self, run: &Arc<Run>, index: u32, child_set: Option<Arc<ChildSet>>) {
        let run = Arc::clone(run);
        let tell = move |of_children: Option<ChildFailures>| {
            match of_children {
                None => {}
                Some(ChildFailures::First(broken)) => self.broke_beside(broken),
                Some(ChildFailures::Late(broken)) => self.broken.insert(0, Fact::ChildrenFailed(Box::new(broken))),
            }
            let facts = self.take();
            run.app.inbox().facts(index, facts.into_iter().chain([self.last]));
        };
        match child_set {
            Some(child_set) => child_set.close_and_tell(tell),
            None => tell(None),
        }
    }
}

impl Future for Supervised {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let is_up_at_first_await = matches!(this.body, Body::Fresh(Fresh { awaits: true, .. }));
        let Some(index) = this.index() else { return Poll::Ready(()) };
        match this.poll_body(index, context) {
            Ok(Poll::Pending) => {
                let cell = this.run.stop_signals.of(index as usize);
                if is_up_at_first_await {
                    this.run.app.inbox().fact(index, Fact::Up(cell.incarnation()));
                }
                if cell.take_let_go() {
                    this.run.app.inbox().fact(index, Fact::HolderDropped(cell.incarnation()));
                }
                Poll::Pending
            }
            Ok(Poll::Ready(ending)) => {
                this.close(index, Ok(Some(ending)));
                Poll::Ready(())
            }
            Err(broken) => {
                this.close(index, Err(broken));
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if let Some(index) = self.index() {
            self.close(index, Ok(None));
        }
    }
}
