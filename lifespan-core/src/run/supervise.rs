//! The one future type in which every unit runs: polls its body, catches panics, and reports to the driver.
//!
//! # Invariants
//! - The body is dropped, under a guard, and its children have ended, before `Done` or `Gone` is sent. One of the two
//!   is sent exactly once, also when the runtime drops this future unfinished. If a thread outlives the body, the
//!   thread or this future sends it, whichever ends last (`blocking.rs`).
//! - `Up` is sent at most once, and never after them.

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
    /// The function has not been called yet.
    Fresh(Fresh),
    Live(BoxBody),
}

/// A registration's index, and whether it is up at its first await.
#[derive(Clone, Copy)]
struct Fresh {
    index: u32,
    awaits: bool,
}

/// Has 24 bytes, the most with which tokio's task takes 128.
pub(super) struct Supervised {
    run: Arc<Run>,
    body: Body,
}

/// Stored instead of an index once the body is dropped.
const CLOSED: Fresh = Fresh { index: u32::MAX, awaits: false };

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

    /// Returns the registration's index, while there is a body.
    fn index(&mut self) -> Option<u32> {
        match &mut self.body {
            Body::Fresh(fresh) => (fresh.index != CLOSED.index).then_some(fresh.index),
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

    /// Polls the body, and makes it at the first poll.
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

    /// Drops the body, and reports its ending once its children have ended.
    fn close(&mut self, index: u32, ended: Result<Option<Ending>, RawFailure>) {
        let mut body = std::mem::replace(&mut self.body, Body::Fresh(CLOSED));
        let (child_set, thread) = match &mut body {
            Body::Live(body) => (body.as_mut().child_set(), body.as_mut().thread()),
            Body::Fresh(_) => (None, None),
        };
        let dropped = guard::guard(self.run.stop_signals.of(index as usize), || drop(body));
        match thread {
            Some(thread) => report_with_thread(&self.run, index, ended, dropped, child_set, &thread),
            None => report(&self.run, index, ended, dropped, child_set),
        }
    }
}

/// Reports the ending of a unit whose body is dropped and whose thread may go on. The thread then sends the final fact.
fn report_with_thread(
    run: &Arc<Run>,
    index: u32,
    ended: Result<Option<Ending>, RawFailure>,
    dropped: Result<(), RawFailure>,
    child_set: Option<Arc<ChildSet>>,
    thread: &Thread,
) {
    // The children are cancelled now; the final fact waits for them as well.
    if let Some(child_set) = &child_set {
        child_set.close();
    }
    let mut facts = Facts::of(ended, dropped);
    let all = &mut facts;
    let ended = thread.ended_or(child_set.as_ref(), || run.app.inbox().facts(index, all.take()));
    if let Some(ended) = ended {
        facts.add(Facts::of(ended.map(Some), Ok(())));
        facts.send(run, index, child_set);
    }
}

/// Reports the ending of a unit whose body is dropped, with the result of dropping it.
pub(super) fn report(
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
    Facts::of(ended, dropped).send(run, index, child_set);
}

/// The facts of a unit's ending: its failures, and the final fact, which is `Gone` if there is a failure.
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
            Ok(Some(Ending::RawFailure(broken))) | Err(broken) => facts.add_failure(broken),
            Ok(Some(Ending::Failed(error))) => facts.add_failure(RawFailure::Error(error)),
        }
        if let Err(destructor) = dropped {
            facts.add_failure(destructor);
        }
        facts
    }

    fn add_failure(&mut self, broken: RawFailure) {
        self.broken.push(Fact::RawFailure(Box::new(broken)));
        unwind::drop_quietly(std::mem::replace(&mut self.last, Fact::Dropped));
    }

    /// Adds a child's failure: as the unit's failure, or beside the one that it has.
    fn add_child_failure(&mut self, of_child: RawFailure) {
        match self.broken.pop() {
            Some(Fact::RawFailure(own)) => self.broken.push(Fact::RawFailure(Box::new(own.with(of_child)))),
            other => {
                self.broken.extend(other);
                self.add_failure(of_child);
            }
        }
    }

    /// Adds the ending of the thread, after that of the body.
    fn add(&mut self, thread: Self) {
        if self.broken.is_empty() {
            self.last = thread.last;
        } else {
            unwind::drop_quietly(thread.last);
        }
        self.broken.extend(thread.broken);
    }

    /// Takes out all but the final fact.
    fn take(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.broken)
    }

    /// Sends the facts once the children have ended.
    fn send(mut self, run: &Arc<Run>, index: u32, child_set: Option<Arc<ChildSet>>) {
        let run = Arc::clone(run);
        let send = move |of_children: Option<ChildFailures>| {
            match of_children {
                None => {}
                Some(ChildFailures::First(broken)) => self.add_child_failure(broken),
                Some(ChildFailures::Late(broken)) => self.broken.insert(0, Fact::ChildrenFailed(Box::new(broken))),
            }
            let facts = self.take();
            run.app.inbox().facts(index, facts.into_iter().chain([self.last]));
        };
        match child_set {
            Some(child_set) => child_set.close_and_then(send),
            None => send(None),
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
                let signal = this.run.stop_signals.of(index as usize);
                if is_up_at_first_await {
                    this.run.app.inbox().fact(index, Fact::Up(signal.incarnation()));
                }
                if signal.take_holder_dropped() {
                    this.run.app.inbox().fact(index, Fact::HolderDropped(signal.incarnation()));
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
