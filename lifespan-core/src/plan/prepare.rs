//! Prepares a checked plan, for `check`, for `launch`, and for each reload.

use crate::base::{Problem, ProblemKind, drop_quietly};
use crate::config::{Fingerprint, Fingerprints, Settings, Sources};
use crate::plan::draft::Draft;
use crate::plan::line_up::{ConfigFrom, LineUp};
use crate::plan::options::Options;
use crate::plan::plan::Plan;
use crate::plan::profiles::Profiles;
use crate::unit::{BoundConfig, registry};

/// A plan, with everything that was read to make it.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    configs: Vec<ConfigFrom>,
    pub(crate) settings: Settings,
    /// `None` for an app that reads no sources.
    pub(crate) sources: Option<Sources>,
    /// The sources' values for each registration; empty if no sources are read.
    pub(crate) fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// The sources' values for the app.
    pub(crate) settings_fingerprints: Vec<Fingerprint>,
    /// Warnings: what is odd, but allowed.
    pub(crate) warnings: Vec<Problem>,
}

impl Prepared {
    /// Reads, binds and orders, or reports every problem.
    pub(crate) fn new(draft: &Draft, options: &Options) -> Result<Self, Vec<Problem>> {
        Self::after(draft, options, false)
    }

    /// Does the same if a file was read before.
    fn after(draft: &Draft, options: &Options, had_file: bool) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let linked = registry::linked();
        let mut sources = draft.read_sources(&linked, &mut problems);
        if let Some(sources) = sources.as_mut().filter(|_| had_file) {
            sources.miss_file(&mut problems);
        }
        let settings = sources.as_ref().map(|sources| sources.settings(&mut problems)).unwrap_or_default();
        let settings_fingerprints = sources.as_ref().map(Sources::fingerprints).unwrap_or_default();
        let profiles = Profiles::new(options, &settings);
        let mut line_up = LineUp::new(draft, &profiles, &linked, sources.as_ref(), &mut problems);
        line_up.warnings.extend(profiles.check(&linked, sources.as_ref(), &mut problems));
        linked.check(&mut problems);
        draft.check(&linked, &line_up.registrations, &mut problems);
        if line_up.registrations.entries.is_empty() {
            // They may say why.
            problems.append(&mut line_up.warnings);
        }
        let plan = draft.plan(&line_up.registrations, &linked, &mut problems);
        match plan {
            Some(plan) if problems.is_empty() => Ok(Self {
                plan,
                configs: line_up.configs,
                settings,
                sources,
                fingerprints: line_up.fingerprints,
                settings_fingerprints,
                warnings: line_up.warnings,
            }),
            _ => Err(problems),
        }
    }

    /// Drops the plan with the configs that were not used: their destructors are user code.
    pub(crate) fn discard(self) {
        for config in self.configs {
            if let ConfigFrom::Sources(config) = config {
                drop_quietly(config);
            }
        }
    }

    /// Returns whether there is a config for the registration at this position, from the sources or still in the draft.
    pub(crate) fn gives(&self, position: usize, draft: &Draft) -> bool {
        match &self.configs[position] {
            ConfigFrom::Given(position) => draft.given[*position].config.is_some(),
            ConfigFrom::Sources(config) => config.is_some(),
        }
    }

    /// Returns the configs of all registrations, in registration order; configs from code are taken from the draft,
    /// once.
    pub(crate) fn take_configs(&mut self, draft: &mut Draft) -> Vec<BoundConfig> {
        let entries = &self.plan.registrations.entries;
        let configs = std::mem::take(&mut self.configs).into_iter().zip(entries);
        let taken = configs.map(|(config, entry)| match config {
            ConfigFrom::Given(position) => {
                let given = &mut draft.given[position];
                // The key is part of it, and is not evaluated again.
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

/// The inputs of a reload, and the state at the last read.
pub(crate) struct Reading {
    pub(crate) draft: Box<Draft>,
    pub(crate) options: Options,
    /// Set if there was a file: a file that was deleted must not reset all values to the defaults.
    pub(crate) had_file: bool,
}

impl Reading {
    /// Reads the sources again. Blocks.
    pub(crate) fn again(&self) -> Result<Prepared, Vec<Problem>> {
        let mut prepared = Prepared::after(&self.draft, &self.options, self.had_file)?;
        // The program is the same as at the launch.
        prepared.warnings.retain(|warning| warning.kind() != ProblemKind::NotDiscovered);
        Ok(prepared)
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
