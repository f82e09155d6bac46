//! What a unit is started with: its config and everything that its parameters may ask for.

use std::sync::Arc;

use super::Run;
use super::configs::Config;
use super::parent;
use super::stop_signals::StopSignals;
use crate::app::App;
use crate::inject::resources::Resources;
use crate::inject::tick::Tick;
use crate::inject::{Inject, Keeper, Who};
use crate::schedule::runs::RunStart;
use crate::unit::{BoxBody, Descriptor};

/// Calls a unit's function.
pub(super) fn body(run: &Arc<Run>, index: u32) -> BoxBody {
    Starter::new(run, index).body(None)
}

/// Calls a unit's function, any number of times, one after another.
pub(super) struct Starter {
    pub(super) run: Arc<Run>,
    pub(super) unit: &'static Descriptor,
    pub(super) index: u32,
    /// Taken out of the run's at the first start, and put back when this goes.
    config: Config,
}

/// What generated code draws a unit's parameters from.
pub struct Start<'a> {
    pub(super) starter: &'a mut Starter,
    /// Of a task with a schedule, which run this is.
    tick: Option<&'a RunStart>,
    /// The life that its health checks are of, once it has asked for a `Health`.
    checks: Option<u64>,
}

impl Starter {
    pub(super) fn new(run: &Arc<Run>, index: u32) -> Self {
        let unit = run.plan.roster.entries[index as usize].unit;
        Self { run: Arc::clone(run), unit, index, config: None }
    }

    /// Calls it; for a run of a task with a schedule, with that.
    pub(super) fn body(&mut self, tick: Option<&RunStart>) -> BoxBody {
        let family = self.unit.takes_children().then(|| parent::begin(&self.run, self.index));
        let body = (self.unit.start)(Start { starter: self, tick, checks: None });
        #[cfg(feature = "testing")]
        let body = crate::testing::sabotage::Sabotaged::boxed(&self.run.app, self.index, body);
        match family {
            Some(family) => parent::boxed(&self.run, self.index, family, body),
            None => body,
        }
    }

    /// As [`Start::config`]; none where there is none of that type.
    fn config<C: 'static>(&mut self, fresh: fn(&C) -> Option<C>) -> Option<C> {
        if self.config.is_none() {
            self.config = self.run.configs.take(self.index);
        }
        let clone = fresh(self.config.as_deref()?.downcast_ref()?);
        clone.or_else(|| self.config.take()?.downcast().ok().map(|config| *config))
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        self.run.configs.put_back(self.index, self.config.take());
    }
}

impl Start<'_> {
    /// A fresh clone of the config; the config itself, for once, where it can't be cloned.
    ///
    /// # Panics
    /// If generated code asks for another type than its `bind` made, or again for what can't be cloned.
    pub fn config<C: 'static>(&mut self, fresh: fn(&C) -> Option<C>) -> C {
        self.starter.config(fresh).expect("a unit is started with the config that its `bind` made")
    }

    /// What one injected parameter asks for.
    pub fn inject<T: Inject>(&mut self) -> T {
        T::inject(self)
    }

    pub(crate) fn app(&self) -> App {
        self.starter.run.app.clone()
    }

    pub(crate) fn resources(&self) -> &Arc<Resources> {
        self.starter.run.app.resources()
    }

    pub(crate) fn stop_signals(&self) -> Arc<StopSignals> {
        Arc::clone(&self.starter.run.stop_signals)
    }

    pub(crate) fn keeper(&self) -> Arc<dyn Keeper> {
        Arc::clone(&self.starter.run) as _
    }

    /// The unit, in the life that is about to start.
    pub(crate) fn who(&self) -> Who {
        Who {
            index: self.starter.index,
            incarnation: self.starter.run.stop_signals.of(self.starter.index as usize).incarnation(),
        }
    }

    pub(crate) fn tick(&self) -> Option<Tick> {
        let clock = self.starter.run.app.hub().read(|facts| facts.clock.clone());
        self.tick.map(|start| start.tick(&clock))
    }

    /// The life that this start's health checks are of.
    pub(crate) fn checks(&mut self) -> u64 {
        let Self { starter, tick, checks } = self;
        *checks.get_or_insert_with(|| starter.run.app.hub().begin_checks(starter.index, tick.is_some()))
    }

    pub(crate) fn index(&self) -> u32 {
        self.starter.index
    }
}
