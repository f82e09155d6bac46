//! Whose code a thread runs: a unit's own, that of a child of it, or that of a `blocking` task on its own thread.

use std::cell::Cell;

use crate::signal::panics;
use crate::signal::stop_signal::StopSignal;

thread_local! {
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
}

/// A unit, and which of its runs where it has a schedule.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    /// That of its cell, which tells units of several apps apart.
    pub(crate) address: usize,
    /// Zero where the unit has one run at most.
    pub(crate) run: u64,
    /// How many of its runs may be under way at once.
    pub(crate) limit: u32,
}

impl Here {
    pub(crate) fn unit(cell: &StopSignal) -> Self {
        Self { address: address(cell), run: 0, limit: 1 }
    }

    pub(crate) fn run(cell: &StopSignal, run: u64, limit: u32) -> Self {
        Self { address: address(cell), run: if limit > 1 { run } else { 0 }, limit }
    }

    /// Whose code this thread runs at this moment, if any unit's.
    pub(crate) fn now() -> Option<Self> {
        HERE.get().or_else(|| panics::unit().map(|address| Self { address, run: 0, limit: 1 }))
    }

    /// Whether this thread runs the unit's own code, and not that of a child.
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

fn address(cell: &StopSignal) -> usize {
    std::ptr::from_ref(cell).addr()
}
