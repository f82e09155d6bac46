//! From what was asked for to a checked plan, for `check`, for `launch`, and whenever the sources are read anew.

use super::options::Options;
use crate::config::{Mark, Marks, Settings, Sources};
use crate::plan::Plan;
use crate::plan::draft::{ConfigFrom, Draft};
use crate::plan::problem::Problem;
use crate::registry;
use crate::run::configs::Config;
use crate::unwind::drop_quietly;

/// A plan, with all that was read on the way to it.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    configs: Vec<ConfigFrom>,
    pub(crate) settings: Settings,
    /// None for an app that reads no sources.
    pub(crate) sources: Option<Sources>,
    /// What the sources had for each registration; empty where they are not read.
    pub(crate) marks: Vec<Option<Box<Marks>>>,
    /// What they had for the app.
    pub(crate) settings_marks: Vec<Mark>,
    /// What was found odd, but is allowed.
    pub(crate) warnings: Vec<Problem>,
}

impl Prepared {
    /// Reads, binds and orders, or reports every problem there is.
    pub(super) fn new(draft: &Draft) -> Result<Self, Vec<Problem>> {
        Self::after(draft, false)
    }

    /// The same, where a file was read before.
    fn after(draft: &Draft, had_file: bool) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let world = registry::world();
        let mut sources = draft.automatic.then(|| Sources::read(&mut problems));
        if let Some(sources) = sources.as_mut().filter(|_| had_file) {
            sources.miss_file(&mut problems);
        }
        let settings = sources.as_ref().map(|sources| sources.settings(&mut problems)).unwrap_or_default();
        let settings_marks = sources.as_ref().map(Sources::marks).unwrap_or_default();
        let line_up = draft.line_up(&world, sources.as_ref(), &mut problems);
        world.check(&mut problems);
        draft.check(&world, &line_up.roster, &mut problems);
        let plan = draft.plan(&line_up.roster, &world, &mut problems);
        match plan {
            Some(plan) if problems.is_empty() => Ok(Self {
                plan,
                configs: line_up.configs,
                settings,
                sources,
                marks: line_up.marks,
                settings_marks,
                warnings: line_up.warnings,
            }),
            _ => Err(problems),
        }
    }

    /// Drops it, with the configs that nobody has taken: their destructors are user code.
    pub(crate) fn discard(self) {
        for config in self.configs {
            if let ConfigFrom::Sources(config) = config {
                drop_quietly(config);
            }
        }
    }

    /// Whether there is a config for the registration at this position, from the sources or still with the draft.
    pub(crate) fn gives(&self, position: usize, draft: &Draft) -> bool {
        match &self.configs[position] {
            ConfigFrom::Given(position) => draft.given[*position].config.is_some(),
            ConfigFrom::Sources(config) => config.is_some(),
        }
    }

    /// The configs of all registrations, in registration order; what code gave is taken from the draft, once.
    pub(crate) fn take_configs(&mut self, draft: &mut Draft) -> Vec<Config> {
        let entries = &self.plan.roster.entries;
        let configs = std::mem::take(&mut self.configs).into_iter().zip(entries);
        let taken = configs.map(|(config, entry)| match config {
            ConfigFrom::Given(position) => {
                let given = &mut draft.given[position];
                // Its key, which is a part of it, is asked no more.
                if given.unit.key.is_some() && given.name.is_none() {
                    given.name = entry.given_name().map(Into::into);
                }
                given.config.take()
            }
            ConfigFrom::Sources(config) => config,
        });
        taken.collect()
    }
}

/// What is read anew, and how things stood when it was read last.
pub(crate) struct Reading {
    pub(crate) draft: Box<Draft>,
    pub(crate) options: Options,
    /// Whether there was a file then: one that is gone is no way to ask for the defaults.
    pub(crate) had_file: bool,
}

impl Reading {
    /// Reads the sources once more. It blocks.
    pub(crate) fn again(&self) -> Result<Prepared, Vec<Problem>> {
        Prepared::after(&self.draft, self.had_file)
    }
}

impl Drop for Reading {
    /// Drops the configs that are still in its draft: their destructors are user code.
    fn drop(&mut self) {
        for given in &mut self.draft.given {
            drop_quietly(given.config.take());
        }
    }
}
