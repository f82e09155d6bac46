//! `Tick`: the run of a scheduled task, and the time it is for.

use crate::declare::Need;
use crate::facts::Tick;
use crate::unit::{Inject, Start};

impl Inject for Tick {
    fn need() -> Need {
        Need::Tick
    }

    fn inject(start: &mut Start) -> Self {
        start.tick().expect("the plan gives a `Tick` to tasks with a schedule alone")
    }
}
