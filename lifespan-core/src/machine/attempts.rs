//! The restarts of a unit that count.

use super::time::Nanos;

/// The restarts of one unit; created at its first restart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempts {
    /// The restarts that count, if the unit is in no group.
    pub(super) count: u32,
    /// The restarts since the unit was last up for `reset_after`.
    pub(super) number: u32,
    /// The delay that begins once the unit has stopped.
    pub(super) delay: Option<Nanos>,
    /// The end of the delay.
    pub(super) until: Nanos,
    /// The time at which the unit was up, or has failed in place: its recovery counts from here.
    pub(super) since: Nanos,
    pub(super) step: Step,
}

/// The next step of the recovery of a unit that is up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    #[default]
    None,
    /// The unit has recovered.
    Stable,
    /// The next delay is the first one again.
    Reset,
}
