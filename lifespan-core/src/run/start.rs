//! What a unit is started with: its config and everything that its parameters may ask for.

use std::sync::Arc;

use super::Run;
use super::cells::Cells;
use super::parent;
use crate::app::App;
use crate::inject::resources::Resources;
use crate::inject::{Inject, Keeper, Who};
use crate::unit::BoxBody;

/// Calls a unit's function.
pub(super) fn body(run: &Arc<Run>, index: u32) -> BoxBody {
    let entry = &run.plan.roster.entries[index as usize];
    let family = entry.takes_children().then(|| parent::begin(run, index));
    let body = (entry.unit.start)(Start::new(run, index));
    #[cfg(feature = "testing")]
    let body = crate::testing::sabotage::Sabotaged::boxed(&run.app, index, body);
    match family {
        Some(family) => parent::boxed(run, index, family, body),
        None => body,
    }
}

/// What generated code draws a unit's parameters from.
pub struct Start {
    pub(super) run: Arc<Run>,
    pub(super) index: u32,
}

impl Start {
    fn new(run: &Arc<Run>, index: u32) -> Self {
        Self { run: Arc::clone(run), index }
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

    pub(crate) fn index(&self) -> u32 {
        self.index
    }
}
