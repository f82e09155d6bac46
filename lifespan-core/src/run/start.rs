//! What a unit is started with: its config and everything that its parameters may ask for.

use std::sync::Arc;

use super::Run;
use super::cells::Cells;
use super::parent;
use crate::app::App;
use crate::inject::resources::Resources;
use crate::inject::tick::Tick;
use crate::inject::{Inject, Keeper, Who};
use crate::schedule::runs::RunStart;
use crate::unit::BoxBody;

/// Calls a unit's function.
pub(super) fn body(run: &Arc<Run>, index: u32) -> BoxBody {
    body_of(Start::new(run, index))
}

/// Calls a unit's function with this.
pub(super) fn body_of(start: Start) -> BoxBody {
    let (run, index) = (Arc::clone(&start.run), start.index);
    let entry = &run.plan.roster.entries[index as usize];
    let family = entry.takes_children().then(|| parent::begin(&run, index));
    let body = (entry.unit.start)(start);
    #[cfg(feature = "testing")]
    let body = crate::testing::sabotage::Sabotaged::boxed(&run.app, index, body);
    match family {
        Some(family) => parent::boxed(&run, index, family, body),
        None => body,
    }
}

/// What generated code draws a unit's parameters from.
pub struct Start {
    pub(super) run: Arc<Run>,
    pub(super) index: u32,
    /// Of a task with a schedule, which run this is.
    tick: Option<RunStart>,
}

impl Start {
    pub(super) fn new(run: &Arc<Run>, index: u32) -> Self {
        Self { run: Arc::clone(run), index, tick: None }
    }

    /// For a run of a task with a schedule.
    pub(super) fn of_run(run: &Arc<Run>, index: u32, tick: RunStart) -> Self {
        Self { tick: Some(tick), ..Self::new(run, index) }
    }

    /// A fresh clone of the config; the config itself, for once, where it can't be cloned.
    ///
    /// # Panics
    /// If generated code asks for another type than its `bind` made, or again for what can't be cloned.
    pub fn config<C: 'static>(&mut self, fresh: fn(&C) -> Option<C>) -> C {
        self.run.configs.fresh(self.index, fresh).expect("a unit is started with the config that its `bind` made")
    }

    /// What one injected parameter asks for.
    pub fn inject<T: Inject>(&mut self) -> T {
        T::inject(self)
    }

    pub(crate) fn app(&self) -> App {
        self.run.app.clone()
    }

    pub(crate) fn resources(&self) -> &Arc<Resources> {
        self.run.app.resources()
    }

    pub(crate) fn cells(&self) -> Arc<Cells> {
        Arc::clone(&self.run.cells)
    }

    pub(crate) fn keeper(&self) -> Arc<dyn Keeper> {
        Arc::clone(&self.run) as _
    }

    /// The unit, in the life that is about to start.
    pub(crate) fn who(&self) -> Who {
        Who { index: self.index, life: self.run.cells.of(self.index as usize).life() }
    }

    pub(crate) fn tick(&self) -> Option<Tick> {
        let clock = self.run.app.hub().read(|facts| facts.clock);
        self.tick.map(|start| start.tick(&clock))
    }

    pub(crate) fn index(&self) -> u32 {
        self.index
    }
}
