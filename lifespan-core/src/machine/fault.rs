//! The kinds of failures that the machine distinguishes.

/// A kind of failure of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    /// An error or a panic of the unit or of a child. The driver holds it.
    Own,
    /// A context has returned without providing.
    NothingProvided,
    /// A context has dropped its resource or has returned while the resource was needed.
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
    /// The unit was dropped, and its body does not yield since another unit blocks its thread.
    HeldUp,
    /// The unit has returned more often than its policy restarts it.
    ReturnedTooOften,
    /// The unit's future was dropped with the runtime.
    CutOff,
}
