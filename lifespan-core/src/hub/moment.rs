//! Timestamps of a run, by the clock of the runtime.

use tokio::time::Instant;

pub(crate) use crate::machine::Timestamp;

impl Timestamp {
    pub(crate) fn after(base: Instant, now: Instant) -> Self {
        Self::at(now.saturating_duration_since(base))
    }
}
