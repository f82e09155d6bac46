//! The unit whose code a thread runs: the unit's own body, a child of it, or a `blocking` task on its own thread.

use std::cell::Cell;

use crate::signal::panics;
use crate::signal::stop_signal::StopSignal;

thread_local! {
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
}

/// A unit, and its run if it has a schedule.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    /// The address of its stop signal, which is unique among the units of all apps.
    pub(crate) address: usize,
    /// The number of the run; zero if the unit has at most one run at a time.
    pub(crate) run: u64,
    /// The number of its runs that may be under way at once.
    pub(crate) limit: u32,
}

impl Here {
    pub(crate) fn unit(signal: &StopSignal) -> Self {
        Self { address: address(signal), run: 0, limit: 1 }
    }

    pub(crate) fn run(signal: &StopSignal, run: u64, limit: u32) -> Self {
        Self { address: address(signal), run: if limit > 1 { run } else { 0 }, limit }
    }

    /// Returns the unit whose code this thread runs now, if any.
    pub(crate) fn now() -> Option<Self> {
        HERE.get().or_else(|| panics::unit().map(|address| Self { address, run: 0, limit: 1 }))
    }

    /// Returns whether this thread runs the unit's own code, and not that of a child.
    pub(crate) fn is_own_body(self) -> bool {
        panics::unit() == Some(self.address)
    }

    /// Runs that unit's code.
    pub(crate) fn within<T>(self, code: impl FnOnce() -> T) -> T {
        struct Back(Option<Here>);

        impl Drop for Back {
            fn drop(&mut self) {
                HERE.set(self.0);
            }
        }
        let _back = Back(HERE.replace(Some(self)));
        code()
    }
}

fn address(signal: &StopSignal) -> usize {
    std::ptr::from_ref(signal).addr()
}
