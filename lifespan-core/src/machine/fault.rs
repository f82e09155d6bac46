//! What went wrong in a unit, as far as the machine has to know.

/// What went wrong in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    /// The error or the panic that the driver holds; of the unit, or of a child.
    Own,
    /// A context has returned without providing.
    NothingProvided,
    /// A context has let its resource go, or has returned, while it was needed.
    GaveUp,
    /// A context has lost its resource.
    ResourceLost,
    /// A task has returned or has dropped its `Ready` without notifying.
    NeverReady,
    TimedOut,
    /// The unit took longer than its limit, since another unit blocked its thread.
    Starved,
    /// The unit was dropped, and its body does not yield.
    NotYielding,
    /// The same, since another unit blocks its thread.
    HeldUp,
    /// The unit has returned more often than its policy restarts it.
    ReturnedTooOften,
    /// The unit's future was dropped from outside: the runtime went away.
    CutOff,
}
