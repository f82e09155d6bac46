//! The state of reloads: the fingerprints of the sources in effect, the callers that wait, and the next plan.

use std::sync::Arc;

use tokio::time::Instant;

use crate::config::{Fingerprint, Fingerprints};
use crate::facts::ConfigChange;
use crate::plan::{Limits, Reading};
use crate::run::current::Run;
use crate::run::read_sources::Limited;
use crate::shared::ReloadCall;
use crate::unit::BoundConfig;

/// The state of reloads.
#[derive(Default)]
pub(crate) struct Reloads {
    /// Reads the sources again. `None` if the app has no sources, and while a reading is under way.
    pub(super) reading: Option<Reading>,
    /// The limit of the reading under way.
    pub(super) limited: Option<Limited>,
    /// Set while a reading that has exceeded its limit has not returned.
    pub(super) is_stuck: bool,
    /// The fingerprints of each index in the sources in effect.
    pub(super) fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// The fingerprints of the app's settings in them.
    pub(super) settings: Vec<Fingerprint>,
    /// The callers that have asked since the current reading began.
    pub(super) waiting: Vec<ReloadCall>,
    pub(super) under_way: Option<UnderWay>,
    /// The plan that takes effect once all units that it stops have stopped.
    pub(super) next: Option<Next>,
}

/// A reload from its reading until all is up again.
pub(super) struct UnderWay {
    pub(super) calls: Vec<ReloadCall>,
    pub(super) since: Instant,
    pub(super) changes: Vec<ConfigChange>,
}

/// A plan that is to replace the current one.
pub(super) struct Next {
    pub(super) run: Arc<Run>,
    pub(super) limits: Limits,
    pub(super) configs: Vec<(usize, BoundConfig)>,
    /// The sources' values for each index, once the plan is in place.
    pub(super) fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// The sources' values for the app, once the plan is in place.
    pub(super) settings: Vec<Fingerprint>,
}

impl Reloads {
    pub(crate) fn new(
        reading: Reading,
        fingerprints: Vec<Option<Box<Fingerprints>>>,
        settings: Vec<Fingerprint>,
    ) -> Self {
        Self { reading: Some(reading), fingerprints, settings, ..Self::default() }
    }

    /// Returns whether the next plan runs a registration; `true` if there is no next plan.
    pub(super) fn keeps(&self, node: usize) -> bool {
        self.next.as_ref().is_none_or(|next| next.run.plan.registrations.runs(node))
    }
}
