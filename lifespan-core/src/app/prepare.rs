//! From what was asked for to a checked plan, for `check` and for `launch` alike.

use crate::config::{Settings, Sources};
use crate::plan::Plan;
use crate::plan::draft::{ConfigFrom, Draft};
use crate::plan::problem::Problem;
use crate::registry;

/// A plan, with all that was read on the way to it.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) configs: Vec<ConfigFrom>,
    pub(super) settings: Settings,
    /// None for an app that reads no sources.
    pub(super) sources: Option<Sources>,
    /// What was found odd, but is allowed.
    pub(super) warnings: Vec<Problem>,
}

impl Prepared {
    /// Reads, binds and orders, or reports every problem there is.
    pub(super) fn new(draft: &Draft) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let world = registry::world();
        let sources = draft.automatic.then(|| Sources::read(&mut problems));
        let settings = sources.as_ref().map(|sources| sources.settings(&mut problems)).unwrap_or_default();
        let line_up = draft.line_up(&world, sources.as_ref(), &mut problems);
        world.check(&mut problems);
        draft.check(&world, &line_up.roster, &mut problems);
        let plan = draft.plan(&line_up.roster, &world, &mut problems);
        match plan {
            Some(plan) if problems.is_empty() => {
                Ok(Self { plan, configs: line_up.configs, settings, sources, warnings: line_up.warnings })
            }
            _ => Err(problems),
        }
    }
}
