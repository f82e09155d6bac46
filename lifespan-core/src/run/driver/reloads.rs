//! What is known of reloads: what the sources in effect say, who waits, and the plan that is to come.

use std::sync::Arc;

use tokio::time::Instant;

use crate::config::{Fingerprint, Fingerprints};
use crate::facts::ConfigChange;
use crate::plan::{Limits, Reading};
use crate::run::current::Run;
use crate::run::reading::Limited;
use crate::shared::ReloadCall;
use crate::unit::BoundConfig;

/// What is known of reloads.
#[derive(Default)]
pub(crate) struct Reloads {
    /// What is read anew; none where the app reads no sources, and while it is read.
    pub(super) reading: Option<Reading>,
    /// The limit of the reading under way.
    pub(super) limited: Option<Limited>,
    /// A reading has passed its limit and has not come back.
    pub(super) is_stuck: bool,
    /// What the sources in effect had for each index.
    pub(super) fingerprints: Vec<Option<Box<Fingerprints>>>,
    /// What they had for the app.
    pub(super) settings: Vec<Fingerprint>,
    /// Who has asked since the reading at hand began.
    pub(super) waiting: Vec<ReloadCall>,
    pub(super) under_way: Option<UnderWay>,
    /// What comes when all that it stops has stopped.
    pub(super) next: Option<Next>,
}

/// A reload from its reading until all is up again.
pub(super) struct UnderWay {
    pub(super) calls: Vec<ReloadCall>,
    pub(super) since: Instant,
    pub(super) changes: Vec<ConfigChange>,
}

/// A plan that is to come in the place of the one at hand.
pub(super) struct Next {
    pub(super) run: Arc<Run>,
    pub(super) limits: Limits,
    pub(super) configs: Vec<(usize, BoundConfig)>,
}

impl Reloads {
    pub(crate) fn new(
        reading: Reading,
        fingerprints: Vec<Option<Box<Fingerprints>>>,
        settings: Vec<Fingerprint>,
    ) -> Self {
        Self { reading: Some(reading), fingerprints, settings, ..Self::default() }
    }

    /// Whether the plan that waits, if there is one, has a registration.
    pub(super) fn keeps(&self, node: usize) -> bool {
        self.next.as_ref().is_none_or(|next| next.run.plan.registrations.runs(node))
    }
}
