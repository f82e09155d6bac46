//! The start of a unit: its config and all values that its parameters may ask for.

use std::any::Any;
use std::sync::Arc;

use super::with_children;
use crate::facts::Tick;
use crate::run::current::Run;
use crate::schedule::RunStart;
use crate::shared::{AppShared, StopSignals};
use crate::signal::{Listener, Resources, UnitRef};
use crate::unit::{BoundConfig, BoxBody, Descriptor, Start};

/// Calls a unit's function.
pub(super) fn body(run: &Arc<Run>, index: u32) -> BoxBody {
    Starter::new(run, index).body(None)
}

/// Calls a unit's function, any number of times, one after another.
pub(super) struct Starter {
    pub(super) run: Arc<Run>,
    pub(super) unit: &'static Descriptor,
    pub(super) index: u32,
    /// Taken from the run at the first start, and put back on drop.
    config: BoundConfig,
}

impl Starter {
    pub(super) fn new(run: &Arc<Run>, index: u32) -> Self {
        let unit = run.plan.registrations.entries[index as usize].unit;
        Self { run: Arc::clone(run), unit, index, config: None }
    }

    /// Calls the function; for a run of a task with a schedule, with the run's tick.
    pub(super) fn body(&mut self, tick: Option<&RunStart>) -> BoxBody {
        let child_set = self.unit.takes_children().then(|| with_children::begin(&self.run, self.index));
        let body = (self.unit.start)(Start {
            run: &self.run,
            index: self.index,
            config: &mut self.config,
            tick: tick.map(|tick| tick as &dyn Any),
            checks: None,
        });
        #[cfg(feature = "testing")]
        let body = crate::run::faulty::Faulty::boxed(&self.run.app, self.index, body);
        match child_set {
            Some(child_set) => with_children::boxed(&self.run, self.index, child_set, body),
            None => body,
        }
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        self.run.configs.put_back(self.index, self.config.take());
    }
}

impl Start<'_> {
    /// Returns a fresh clone of the config, or, once, the config itself if it can't be cloned.
    ///
    /// # Panics
    /// Panics if generated code asks for another type than its `bind` made, or twice for a config that can't be cloned.
    pub fn config<C: 'static>(&mut self, fresh: fn(&C) -> Option<C>) -> C {
        self.find_config(fresh).expect("a unit is started with the config that its `bind` made")
    }

    fn find_config<C: 'static>(&mut self, fresh: fn(&C) -> Option<C>) -> Option<C> {
        if self.config.is_none() {
            *self.config = self.run().configs.take(self.index);
        }
        let clone = fresh(self.config.as_deref()?.downcast_ref()?);
        clone.or_else(|| self.config.take()?.downcast().ok().map(|config| *config))
    }

    pub(crate) fn run(&self) -> &Arc<Run> {
        self.run.downcast_ref().expect("a unit is started by its run")
    }

    /// Returns the app's public handle, with its type erased.
    pub(crate) fn handle(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.run().handle)
    }

    pub(crate) fn app(&self) -> &Arc<AppShared> {
        &self.run().app
    }

    pub(crate) fn resources(&self) -> &Arc<Resources> {
        self.app().resources()
    }

    pub(crate) fn stop_signals(&self) -> Arc<StopSignals> {
        Arc::clone(&self.run().stop_signals)
    }

    pub(crate) fn listener(&self) -> Arc<dyn Listener> {
        Arc::clone(self.run()) as _
    }

    /// Returns the unit, in the incarnation that is about to start.
    pub(crate) fn who(&self) -> UnitRef {
        let incarnation = self.run().stop_signals.of(self.index as usize).incarnation();
        UnitRef { index: self.index, incarnation }
    }

    pub(crate) fn tick(&self) -> Option<Tick> {
        let start: &RunStart = self.tick?.downcast_ref()?;
        let clock = self.app().hub().read(|facts| facts.clock.clone());
        Some(start.tick(&clock))
    }

    /// Returns the generation of this start's health checks.
    pub(crate) fn checks(&mut self) -> u64 {
        if let Some(checks) = self.checks {
            return checks;
        }
        *self.checks.insert(self.app().hub().begin_checks(self.index, self.tick.is_some()))
    }

    pub(crate) fn index(&self) -> u32 {
        self.index
    }
}
