//! The restarts of a unit, as far as they count.

use super::time::Nanos;

/// The restarts of one unit; kept from its first restart on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempts {
    /// Its restarts that count, where it is in no group.
    pub(super) count: u32,
    /// Its restarts since it was up for long.
    pub(super) number: u32,
    /// The delay that begins when the unit has stopped.
    pub(super) delay: Option<Nanos>,
    /// The end of its delay, or the next step of its probation.
    pub(super) until: Nanos,
    pub(super) step: Step,
}

/// The next step of the recovery of a unit that is up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    #[default]
    None,
    /// The unit has recovered.
    Stable,
    /// Its delays begin with the first one again.
    Reset,
}
