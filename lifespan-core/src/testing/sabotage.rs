//! Injected faults: a test makes a unit fail, panic or hang at its next step.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::app::App;
use crate::run::blocking::Thread;
use crate::run::ending::Ending;
use crate::unit::{Body, BoxBody};

/// The fault to inject.
pub(super) enum Act {
    Fail(Box<dyn std::error::Error + Send + Sync>),
    Panic(String),
    Hang,
}

/// The fault for each registration, and the waker that makes the unit take its next step.
#[derive(Default)]
pub(crate) struct Sabotage {
    plans: Mutex<HashMap<u32, Plan>>,
}

#[derive(Default)]
struct Plan {
    act: Option<Act>,
    waker: Option<Waker>,
}

impl Sabotage {
    fn plans(&self) -> MutexGuard<'_, HashMap<u32, Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plan(&self, index: u32, act: Act) {
        let mut plans = self.plans();
        let plan = plans.entry(index).or_default();
        let before = plan.act.replace(act);
        let waker = plan.waker.take();
        drop(plans);
        drop(before);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns the fault for this step, if there is one; otherwise stores the step's waker.
    fn next(&self, index: u32, waker: &Waker) -> Option<Act> {
        let mut plans = self.plans();
        let plan = plans.entry(index).or_default();
        let act = plan.act.take();
        let before = if act.is_none() { plan.waker.replace(waker.clone()) } else { None };
        drop(plans);
        drop(before);
        act
    }
}

/// A body that follows the test's instructions.
pub(crate) struct Sabotaged {
    app: App,
    /// `None` once it has failed.
    body: Option<BoxBody>,
    index: u32,
    hangs: bool,
}

impl Sabotaged {
    /// The body unchanged, where no fault can be injected.
    pub(crate) fn boxed(app: &App, index: u32, body: BoxBody) -> BoxBody {
        match app.sabotage() {
            Some(_) => Box::pin(Self { app: app.clone(), body: Some(body), index, hangs: false }),
            None => body,
        }
    }
}

impl Future for Sabotaged {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        match this.app.sabotage().and_then(|sabotage| sabotage.next(this.index, context.waker())) {
            Some(Act::Fail(error)) => {
                this.body = None;
                return Poll::Ready(Ending::Failed(error));
            }
            Some(Act::Panic(message)) => std::panic::panic_any(message),
            Some(Act::Hang) => {
                this.hangs = true;
                // Woken by the next instruction.
                context.waker().wake_by_ref();
            }
            None => {}
        }
        match &mut this.body {
            Some(body) if !this.hangs => body.as_mut().poll(context),
            _ => Poll::Pending,
        }
    }
}

impl Body for Sabotaged {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().index
    }

    fn thread(mut self: Pin<&mut Self>) -> Option<Thread> {
        self.body.as_mut().and_then(|body| body.as_mut().thread())
    }
}
