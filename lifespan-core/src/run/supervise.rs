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

use tracing::Span;

use super::Run;
use super::ending::Ending;
use super::inbox::Fact;
use super::panics;
use super::start::Start;
use crate::failure::Broken;
use crate::log;
use crate::unit::{BoxFuture, Kind};

enum Body {
    /// Not polled yet: the config to call the function with.
    Fresh(Option<Box<dyn Any + Send>>),
    Live(BoxFuture<Ending>),
    Gone,
}

pub(super) struct Supervised {
    run: Arc<Run>,
    body: Body,
    /// Boxed, since most runs have no subscriber and then no span.
    span: Option<Box<Span>>,
    index: u32,
}

impl Supervised {
    pub(super) fn new(run: Arc<Run>, index: u32, config: Option<Box<dyn Any + Send>>) -> Self {
        Self { run, body: Body::Fresh(config), span: None, index }
    }

    /// Calls the function and makes the span, at the first poll and on the unit's own task.
    fn open(&mut self) -> Result<(), Broken> {
        let Body::Fresh(config) = &mut self.body else { return Ok(()) };
        let unit = self.run.plan.roster.entries[self.index as usize].unit;
        let name = self.run.plan.roster.name(self.index as usize);
        let span = match unit.kind {
            Kind::Task => tracing::info_span!(target: log::TARGET, parent: &self.run.span, "task", unit = %name),
            Kind::Context => tracing::info_span!(target: log::TARGET, parent: &self.run.span, "context", unit = %name),
        };
        if !span.is_disabled() {
            self.span = Some(Box::new(span));
        }
        let start = Start { run: Arc::clone(&self.run), index: self.index, config: config.take() };
        let _entered = self.span.as_ref().map(|span| span.enter());
        self.body = Body::Live(panics::guard(self.run.cells.of(self.index as usize), || (unit.start)(start))?);
        Ok(())
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Result<Poll<Ending>, Broken> {
        let Body::Live(body) = &mut self.body else { return Ok(Poll::Pending) };
        let _entered = self.span.as_ref().map(|span| span.enter());
        panics::guard(self.run.cells.of(self.index as usize), || body.as_mut().poll(context))
    }

    /// Drops the body and tells how it ended.
    fn close(&mut self, ended: Result<Option<Ending>, Broken>) {
        let body = std::mem::replace(&mut self.body, Body::Gone);
        let entered = self.span.as_ref().map(|span| span.enter());
        let dropped = panics::guard(self.run.cells.of(self.index as usize), || drop(body));
        drop(entered);
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
        self.run.app.inbox().facts(self.index, facts);
    }
}

impl Future for Supervised {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let first = matches!(this.body, Body::Fresh(_));
        let polled = if first { this.open().and_then(|()| this.poll_body(context)) } else { this.poll_body(context) };
        match polled {
            Ok(Poll::Pending) => {
                if first && this.run.is_up_at_first_await(this.index) {
                    this.run.app.inbox().fact(this.index, Fact::Up);
                }
                if this.run.cells.of(this.index as usize).take_let_go() {
                    this.run.app.inbox().fact(this.index, Fact::LetGo);
                }
                Poll::Pending
            }
            Ok(Poll::Ready(ending)) => {
                this.close(Ok(Some(ending)));
                Poll::Ready(())
            }
            Err(broken) => {
                this.close(Err(broken));
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if !matches!(self.body, Body::Gone) {
            self.close(Ok(None));
        }
    }
}
