//! What a unit is started with: its config and everything that its parameters may ask for.

use std::any::Any;
use std::sync::Arc;

use super::Run;
use super::cells::Cells;
use crate::app::App;
use crate::inject::resources::Resources;
use crate::inject::{Inject, Keeper};

/// What generated code draws a unit's parameters from.
pub struct Start {
    pub(super) run: Arc<Run>,
    pub(super) index: u32,
    pub(super) config: Option<Box<dyn Any + Send>>,
}

impl Start {
    /// Takes the config out, by value.
    ///
    /// # Panics
    /// If generated code asks twice, or for another type than its `bind` made.
    pub fn config<C: 'static>(&mut self) -> C {
        let config = self.config.take().and_then(|config| config.downcast().ok());
        *config.expect("a unit is started with the config that its `bind` made")
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

    pub(crate) fn index(&self) -> u32 {
        self.index
    }
}
