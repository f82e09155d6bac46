//! The lifecycle of all units as a pure state machine: no tasks, locks, clock or user code.
//!
//! The driver hands in each [`Input`] with the time, and carries out each [`Command`] in the order given.
//!
//! | input | what happened |
//! |---|---|
//! | `Launch` | The run begins. |
//! | `Up` | A unit is up. |
//! | `Extend` | A unit asks for more time to come up. |
//! | `Failed` | A unit has failed, and its future is still there: a child failed. |
//! | `Unexplained` | The same, and the error that the unit returns may say why: a resource was lost. |
//! | `Ended` | A unit's future has gone, or its value. |
//! | `Deadline`, `Starved`, `HadTurn` | A unit's deadline has come; another unit blocked its thread meanwhile; it has had its turn. |
//! | `Forgive` | A restart counts no longer. |
//! | `RestartedInPlace`, `NotStable` | A task has restarted in place without asking; it has not stayed up since. |
//! | `Shutdown`, `Force` | A first and a second request to stop. |
//! | `GoOn` | The units that were asked to do something have had time to do it; the machine goes on. |
//! | `Restart`, `Replace` | Somebody asks for the restart of a part, or for another plan. |
//!
//! | command | what to do |
//! |---|---|
//! | `Spawn`, `Stop`, `Drop`, `DropSetup`, `Release` | Begin a unit's life, ask it to stop, drop it, drop a setup, drop a value. |
//! | `GiveTurn` | Let a unit's thread come to it once. |
//! | `Deadline`, `Forgive`, `ForgetForgiving` | Set a timer, or take it back. |
//! | `Failure`, `SetSeverity` | Keep a failure; correct what it weighs. |
//! | `Restarting`, `RestartingPart`, `Phase`, `AppUp`, `AppStopping` | Tell what happens. |
//! | `PlanInPlace` | From here on the new plan counts. |
//! | `Answer`, `Finish` | Answer a caller; end the run. |
//!
//! # What is left to the driver
//! - It holds tasks, timers, values, configs, errors and callers, by unit, [`Counted`] and [`CallId`].
//! - It carries out all commands of an input before it hands in the next. It drops messages of an earlier life than
//!   [`Machine::generation`]. It hands in the end of each life exactly once.
//! - It hands in `Starved` instead of `Deadline` when the deadline comes late because a thread was blocked.
//! - Before a restart or a new plan it asks [`Machine::part_of`] which units would start again, and refuses where one of
//!   them can be started only once. For a new plan, units that gain a resource are changed as well. Indices of units and
//!   of groups mean the same for the whole run.
//! - It keeps requests with their reasons, health checks, schedules and children. A request for shutdown is visible at
//!   once, before the machine has handled it.
//! - A task without a delay between its restarts may restart in place where no events are read, as long as its policy
//!   allows; `RestartedInPlace` is handed in before the next input of that task, and `NotStable` instead of `Deadline`.
//!
//! # Invariants
//! - A unit stands at one [`Phase`] with one goal and its flags, which only [`Machine::change`] changes: counts, events
//!   and the units to look at next follow from the change there.
//! - A unit starts when all that it needs is there and all that used its earlier life has gone. It is asked to stop when
//!   it is to go and all that uses it has gone. Startup, rollback, the restart of a part, a new plan and the stop are
//!   these two rules.
//! - Whatever keeps a unit from starting or from stopping is counted by class, and the change of that class has the unit
//!   looked at.
//! - A unit has one deadline: setting another replaces it. To a unit that has ended it means nothing.
//! - Dropping is a request: a unit has ended when its future has gone, or when it is given up. A task, or a teardown, has
//!   failed when its limit has passed, however it then goes; a setup may have provided by then, and is judged at its end.
//! - When a unit was started, up, asked to stop and over is noted as it changes its phase: here, or where the change is
//!   told, if all changes are told. The moments decide nothing.
//! - Clock values go into deadlines. Two are compared in two cases only: the next start would lie beyond the limit of the
//!   startup; a deadline has come, and the driver has told first of what the unit did.

/// Tells whether a test has planted this mistake; `false` in production.
#[cfg(test)]
macro_rules! mutant {
    ($machine:expr, $name:ident) => {
        $machine.mutant == Some(crate::machine::explore::Mutant::$name)
    };
}
#[cfg(not(test))]
macro_rules! mutant {
    ($machine:expr, $name:ident) => {
        false
    };
}

mod answers;
mod attempts;
mod budget;
mod call;
mod change;
mod command;
mod deadlines;
mod ended;
pub(crate) mod exit_code;
mod failing;
mod fault;
mod group_state;
mod grouping;
mod handle;
mod input;
mod links;
#[expect(clippy::module_inception, reason = "the file of the folder's main type")]
mod machine;
mod next_plan;
mod parts;
mod phase;
pub(crate) mod plan;
mod reading;
mod replacing;
mod restarting;
mod starting;
mod startup;
mod stopping;
mod subject;
mod time;
mod timekeeping;
pub(crate) mod times;
mod withheld;
mod withholding;

#[cfg(test)]
mod explore;
#[cfg(test)]
mod stories;

pub(crate) use command::{Answer, Command, Commands, Judged, PartReason};
pub(crate) use fault::Fault;
pub(crate) use input::{Ending, Input};
pub(crate) use machine::Machine;
pub(crate) use phase::{AppPhase, Phase, Seen};
pub(crate) use subject::{CallId, Counted};
pub(crate) use time::{NEVER, Nanos};

pub(crate) use exit_code::Cause;
pub(crate) use plan::{
    Draft, Edge, Group, GroupIndex, Kind, OnShutdown, Plan, Restart, Strategy, UnitIndex, UnitSpec, UpWhen, When,
};
pub(crate) use times::Timestamp;
