//! Injected faults: a test makes a unit fail, panic or hang at its next step.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// The fault to inject.
pub(crate) enum Act {
    Fail(Box<dyn std::error::Error + Send + Sync>),
    Panic(String),
    Hang,
}

/// The fault for each registration, and the waker that makes the unit take its next step.
#[derive(Default)]
pub(crate) struct Faults {
    plans: Mutex<HashMap<u32, Plan>>,
}

#[derive(Default)]
struct Plan {
    act: Option<Act>,
    waker: Option<Waker>,
}

impl Faults {
    fn plans(&self) -> MutexGuard<'_, HashMap<u32, Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn plan(&self, index: u32, act: Act) {
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
    pub(crate) fn next(&self, index: u32, waker: &Waker) -> Option<Act> {
        let mut plans = self.plans();
        let plan = plans.entry(index).or_default();
        let act = plan.act.take();
        let before = if act.is_none() { plan.waker.replace(waker.clone()) } else { None };
        drop(plans);
        drop(before);
        act
    }
}
