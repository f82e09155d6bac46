//! The lifecycle of all units as a pure state machine: no tasks, locks, clock or user code.
//!
//! The driver sends each [`Input`] with the time, and executes each [`Command`] in the order given.
//!
//! | input | meaning |
//! |---|---|
//! | `Launch` | The run begins. |
//! | `Up` | A unit is up. |
//! | `Extend` | A unit asks for more time to come up. |
//! | `Failed` | A unit has failed, and its future has not ended: a child failed. |
//! | `Unexplained` | A unit has failed, and the error that it returns may be the reason: a resource was lost. |
//! | `Ended` | A unit's future has ended, or its value was dropped. |
//! | `Deadline`, `Starved`, `HadTurn` | A unit's deadline has passed; another unit blocked its thread meanwhile; it was polled. |
//! | `Forgive` | A restart no longer counts. |
//! | `RestartedInPlace`, `NotStable` | A task has restarted in place; it has not stayed up since. |
//! | `Shutdown`, `Force` | A first and a second request to stop. |
//! | `GoOn` | The units had time to act on the last commands; the machine goes on. |
//! | `Restart`, `Replace` | A caller requests the restart of a part, or another plan. |
//!
//! | command | action |
//! |---|---|
//! | `Spawn`, `Stop`, `Drop`, `DropSetup`, `Release` | Start a unit, ask it to stop, drop it, drop a setup, drop a value. |
//! | `GiveTurn` | Let a unit's thread poll it once. |
//! | `Deadline`, `Forgive`, `ForgetForgiving` | Set a timer, or cancel it. Those of the first line also set the unit's deadline. |
//! | `Failure`, `SetSeverity` | Keep a failure; correct its severity. |
//! | `Restarting`, `RestartingPart`, `Phase`, `AppUp`, `AppStopping` | Report an event. |
//! | `PlanInPlace` | The new plan is in effect. |
//! | `Answer`, `Finish` | Answer a caller; end the run. |
//!
//! # Duties of the driver
//! - It holds tasks, timers, values, configs, errors and callers, by unit, [`Counted`] and [`CallId`].
//! - It executes all commands of an input before it sends the next. It drops messages of an earlier generation than
//!   [`Machine::generation`]. It sends the end of each generation exactly once.
//! - It sends `Starved` instead of `Deadline` when the deadline comes late because a thread was blocked.
//! - Before a restart or a new plan it asks [`Machine::part_of`] which units would restart, and refuses if one of them
//!   can be started only once. For a new plan, units that gain a resource count as changed. Indices of units and of
//!   groups stay the same for the whole run.
//! - It keeps requests with their reasons, health checks, schedules and children. A request for shutdown is visible at
//!   once, before the machine has handled it.
//! - A task without a delay between its restarts may restart in place if no events are read and its policy allows it.
//!   The driver sends `RestartedInPlace` before the next input of that task, and `NotStable` instead of `Deadline`.
//!
//! # Invariants
//! - A unit has one [`Phase`], one goal and its flags. Only [`Machine::change`] changes them, so that counts, events
//!   and the units to look at follow from each change.
//! - A unit starts when all that it needs is up and all users of its earlier incarnation have ended. It is asked to
//!   stop when it has to stop and all its users have ended. Startup, rollback, the restart of a part, a new plan and
//!   the stop follow from these two rules.
//! - No start and no stop is missed: each condition for them is a count of units in a class, and a change of that count
//!   adds the waiting unit to those to look at.
//! - A unit has one deadline: a new one replaces it. In a phase without a deadline it has no effect, and each phase
//!   with one sets it.
//! - A drop is a request: a unit has ended when its future has ended, or when it is given up. A task or a teardown that
//!   exceeds its limit has failed, however it ends; a setup may have provided before, so it is judged at its end.
//! - The times of a unit (started, up, asked to stop, ended) are noted with its changes of phase: here, or by the hub
//!   if all changes are reported. No decision depends on them.
//! - Deadlines are computed from clock values. Two clock values are compared in two cases only: the next start would lie beyond the startup
//!   limit; a deadline has passed, and the driver has sent another input of the unit first.

/// Evaluates to `true` if a test has planted this mistake; `false` in production.
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
mod cause;
mod change;
mod command;
mod deadlines;
mod ended;
mod exit_code;
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
mod queries;
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
pub(crate) use machine::{Machine, Reports};
pub(crate) use phase::{AppPhase, Phase, Seen};
pub(crate) use subject::{CallId, Counted};
pub(crate) use time::{NEVER, Nanos};

pub(crate) use cause::Cause;
pub(crate) use plan::{
    Draft, Edge, Group, GroupIndex, Kind, OnShutdown, Plan, Restart, Strategy, UnitIndex, UnitSpec, UpWhen, When,
};
pub(crate) use times::Timestamp;
