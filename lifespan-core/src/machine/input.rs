//! Inputs of the machine.

use std::sync::Arc;

use super::plan::{Plan, UnitIndex};
use super::subject::Counted;
use super::time::Nanos;
use crate::machine::fault::Fault;
use crate::machine::subject::CallId;

/// An input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// The first unit may start.
    Launch,
    /// A unit is up, by the `up_when` of [`Command::Spawn`](super::Command::Spawn); or a task notifies after a restart.
    Up(UnitIndex),
    /// A unit asks for more time to come up, until this moment.
    Extend(UnitIndex, Nanos),
    /// A unit has failed, and its future has not ended.
    Failed(UnitIndex, Fault),
    /// A unit has failed, its future has not ended, and the error that it returns may be the reason.
    Unexplained(UnitIndex, Fault),
    /// A unit's future or its released value was dropped: the last input of this incarnation.
    Ended(UnitIndex, Ending),
    /// A unit's deadline has passed.
    Deadline(UnitIndex),
    /// A unit's deadline has passed, but another unit blocked its thread meanwhile.
    Starved(UnitIndex),
    /// The unit has had a turn since [`Command::GiveTurn`](super::Command::GiveTurn).
    HadTurn(UnitIndex),
    /// Continue with the rest of the steps that the last inputs made possible.
    GoOn,
    /// A restart no longer counts.
    Forgive(Counted),
    /// A task has restarted in place at this time: it has no delay, and no reader of events.
    RestartedInPlace(UnitIndex, Nanos),
    /// The deadline of a unit that is up has passed, and the unit has failed and restarted in place meanwhile.
    NotStable(UnitIndex, Nanos),
    /// Shutdown was requested, with this exit code.
    Shutdown(u8),
    /// A second signal: everything is dropped.
    Force(u8),
    /// Restart these units and all that need them.
    Restart { call: CallId, units: &'a [UnitIndex] },
    /// Replace the present plan with this one, after the units that it stops have stopped.
    Replace { call: CallId, plan: &'a Arc<Plan>, changed: &'a [UnitIndex] },
}

/// The end of a unit's future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ending {
    Returned,
    /// Returned a value, which the driver keeps.
    Value,
    /// An error or a panic, of the body or of a destructor. The driver holds it.
    Failed,
    /// The future was dropped, or the destructor of the value has run.
    Dropped,
}
