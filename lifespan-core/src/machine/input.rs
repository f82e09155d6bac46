//! Inputs of the machine.

use std::sync::Arc;

use super::plan::{Plan, UnitIndex};
use super::subject::Counted;
use super::time::Nanos;
use crate::machine::fault::Fault;
use crate::machine::subject::CallId;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// The first unit may start.
    Launch,
    /// A unit is up, as [`Command::Spawn`](super::Command::Spawn) has it; also a task that notifies after a restart.
    Up(UnitIndex),
    /// A unit asks to be given until then to come up.
    Extend(UnitIndex, Nanos),
    /// A unit has failed, and its future is still there.
    Failed(UnitIndex, Fault),
    /// The same, and the error that it returns may say why.
    Unexplained(UnitIndex, Fault),
    /// Its future has gone, or the value that was to be released: the last that is heard of this life.
    Ended(UnitIndex, Ending),
    /// A unit's deadline has come.
    Deadline(UnitIndex),
    /// The same, but another unit blocked its thread meanwhile.
    Starved(UnitIndex),
    /// The unit has had a turn since [`Command::GiveTurn`](super::Command::GiveTurn).
    HadTurn(UnitIndex),
    /// Decide the rest of what the last inputs have led to.
    GoOn,
    /// A restart counts no longer.
    Forgive(Counted),
    /// A task has restarted then without asking: no delay, and nobody to tell.
    RestartedInPlace(UnitIndex, Nanos),
    /// The deadline of a unit that is up has come, and the unit has failed and restarted in place meanwhile.
    NotStable(UnitIndex),
    /// Shutdown is requested; with the exit code that was asked for, if it is not 0.
    Shutdown(u8),
    /// A second signal: everything is dropped.
    Force(u8),
    /// Restart these, and all that can't do without them.
    Restart { call: CallId, units: &'a [UnitIndex] },
    /// Put this plan in the place of the one at hand, once all that it stops has stopped.
    Replace { call: CallId, plan: &'a Arc<Plan>, changed: &'a [UnitIndex] },
}

/// The end of a unit's future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ending {
    Returned,
    /// Returned a value, which the driver keeps.
    Value,
    /// An error or a panic, of the body or of a destructor; the driver keeps which.
    Failed,
    /// Dropped; of a value, its destructor has run.
    Dropped,
}
