//! The one future type in which every unit runs: polls its body, catches what breaks, and tells the sequencer.
//!
//! # Invariants
//! - The body is dropped, under a guard, before `Done` or `Gone` is told; one of the two is told exactly once, also
//!   when the runtime drops this future unfinished.
//! - `Up` is told at most once, and never after them.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tracing::Instrument;

use super::Run;
use super::ending::Ending;
use super::inbox::Fact;
use super::panics;
use super::start::Start;
use crate::failure::Broken;
use crate::log;
use crate::unit::{BoxFuture, Kind};

/// The index is kept in here, beside the tag, since the size counts: with 32 bytes of ours, tokio's task has 128.
enum Body {
    /// Not polled yet: the config to call the function with.
    Fresh(u32, Option<Box<dyn Any + Send>>),
    Live(u32, BoxFuture<Ending>),
    Gone,
}

pub(super) struct Supervised {
    run: Arc<Run>,
    body: Body,
}

impl Supervised {
    pub(super) fn new(run: Arc<Run>, index: u32, config: Option<Box<dyn Any + Send>>) -> Self {
        Self { run, body: Body::Fresh(index, config) }
    }

    /// Calls the function, at the first poll and on the unit's own task.
    fn open(run: &Arc<Run>, index: u32, config: Option<Box<dyn Any + Send>>) -> BoxFuture<Ending> {
        let unit = run.plan.roster.entries[index as usize].unit;
        let name = run.plan.roster.name(index as usize);
        let span = match unit.kind {
            Kind::Task => tracing::info_span!(target: log::TARGET, parent: &run.span, "task", unit = %name),
            Kind::Context => tracing::info_span!(target: log::TARGET, parent: &run.span, "context", unit = %name),
        };
        let start = Start { run: Arc::clone(run), index, config };
        if span.is_disabled() {
            return (unit.start)(start);
        }
        // The function itself is called in the span as well: it may be an ordinary one that returns a future.
        let body = span.in_scope(|| (unit.start)(start));
        Box::pin(body.instrument(span))
    }

    /// Polls the body; the first time it is called into being.
    fn poll_body(&mut self, index: u32, context: &mut Context<'_>) -> Result<Poll<Ending>, Broken> {
        let Self { run, body } = self;
        panics::guard(run.cells.of(index as usize), || {
            if let Body::Fresh(_, config) = body {
                *body = Body::Live(index, Self::open(run, index, config.take()));
            }
            match body {
                Body::Live(_, body) => body.as_mut().poll(context),
                Body::Fresh(..) | Body::Gone => Poll::Pending,
            }
        })
    }

    /// Drops the body and tells how it ended.
    fn close(&mut self, index: u32, ended: Result<Option<Ending>, Broken>) {
        let body = std::mem::replace(&mut self.body, Body::Gone);
        let dropped = panics::guard(self.run.cells.of(index as usize), || drop(body));
        let broken = |broken| Some(Fact::Broken(Box::new(broken)));
        let mut value = None;
        let mut failed = None;
        let mut last = Fact::Gone;
        match ended {
            Ok(None) => {}
            Ok(Some(Ending::Done)) => last = Fact::Done,
            Ok(Some(Ending::Value(resource))) => {
                value = Some(Fact::Value(Box::new(resource)));
                last = Fact::Done;
            }
            Ok(Some(Ending::Failed(error))) => failed = broken(Broken::Error(error)),
            Err(panic) => failed = broken(panic),
        }
        let destructor = dropped.err().and_then(broken);
        if destructor.is_some() {
            last = Fact::Gone;
        }
        let facts = [value, failed, destructor, Some(last)].into_iter().flatten();
        self.run.app.inbox().facts(index, facts);
    }
}

impl Future for Supervised {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (first, index) = match this.body {
            Body::Fresh(index, _) => (true, index),
            Body::Live(index, _) => (false, index),
            Body::Gone => return Poll::Ready(()),
        };
        match this.poll_body(index, context) {
            Ok(Poll::Pending) => {
                if first && this.run.is_up_at_first_await(index) {
                    this.run.app.inbox().fact(index, Fact::Up);
                }
                if this.run.cells.of(index as usize).take_let_go() {
                    this.run.app.inbox().fact(index, Fact::LetGo);
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
        if let Body::Fresh(index, _) | Body::Live(index, _) = self.body {
            self.close(index, Ok(None));
        }
    }
}
