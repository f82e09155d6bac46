//! Commands: actions for the driver, and events to report.

use super::cause::Cause;
use super::fault::Fault;
use super::phase::Phase;
use super::plan::{UnitIndex, UpWhen};
use super::subject::CallId;
use super::time::Nanos;
use crate::base::ExitCode;
use crate::base::Stage;
use crate::base::verdict::Severity;
use crate::machine::subject::Counted;

/// An action for the driver, or an event to report.
///
/// A time beside a unit is the unit's new deadline: see [`Deadline`](Self::Deadline).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Start this generation of a unit, counted from 0. Send [`Up`](super::Input::Up) when it is up.
    Spawn {
        unit: UnitIndex,
        up_when: UpWhen,
        generation: u32,
        until: Nanos,
    },
    /// Ask the unit to stop.
    Stop(UnitIndex, Nanos),
    /// Drop the unit's future at the next await.
    Drop(UnitIndex, Nanos),
    /// Drop a context's setup, unless it has provided. If it has, `Up` follows, and the context is torn down later.
    DropSetup(UnitIndex, Nanos),
    /// Drop the value that the unit has returned, then send [`Ended`](super::Input::Ended).
    Release(UnitIndex, Nanos),
    /// Let the unit's thread poll it once, then send [`HadTurn`](super::Input::HadTurn).
    GiveTurn(UnitIndex),
    /// Send [`Deadline`](super::Input::Deadline) at this time, if the unit [awaits it](super::Machine::awaits_deadline)
    /// then. Replaces the unit's earlier deadline. [`NEVER`](super::NEVER) for none.
    Deadline(UnitIndex, Nanos),
    /// Send [`Forgive`](super::Input::Forgive) at this time, in addition to those set before.
    Forgive(Counted, Nanos),
    /// Cancel all `Forgive` timers of this unit or group.
    ForgetForgiving(Counted),
    /// Keep this failure for the report, and report it as an event. If the unit's policy restarts it, the event is that
    /// of [`Restarting`](Self::Restarting), which follows.
    Failure {
        unit: UnitIndex,
        failure: Box<Judged>,
        /// It replaces the unit's last failure, whose reason was not known then.
        explains: bool,
    },
    /// Set the severity of the unit's last failure that counted as recovered: the unit does not start again.
    SetSeverity(UnitIndex, Severity),
    /// Report that a unit's policy restarts it after this delay. `number` counts from 1 since the unit was up for
    /// `reset_after`.
    Restarting {
        unit: UnitIndex,
        number: u32,
        delay: Nanos,
    },
    /// Report that a part is restarted: the unit that is the reason, and the others.
    RestartingPart {
        unit: UnitIndex,
        others: Box<[UnitIndex]>,
        reason: PartReason,
    },
    /// Report a unit's change from one phase to another.
    Phase(UnitIndex, Phase, Phase),
    AppUp,
    AppStopping(Cause),
    /// The new plan is in effect.
    PlanInPlace,
    Answer(CallId, Answer),
    /// The run has ended.
    Finish(ExitCode),
}

/// A failure with its consequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) stage: Stage,
    pub(crate) fault: Fault,
    pub(crate) severity: Severity,
    /// The unit's policy restarts it.
    pub(crate) restarts: bool,
    /// The restart limit is reached.
    pub(crate) exhausted: bool,
    /// The number of the restart that would begin after the end of the startup limit.
    pub(crate) too_late: Option<u32>,
    /// The limit of this stage that was in effect.
    pub(crate) limit: Nanos,
}

#[cfg(test)]
impl Command {
    /// Returns the deadline that a unit gets.
    pub(super) fn deadline(&self) -> Option<(UnitIndex, Nanos)> {
        match *self {
            Self::Spawn { unit, until, .. }
            | Self::Stop(unit, until)
            | Self::Drop(unit, until)
            | Self::DropSetup(unit, until)
            | Self::Release(unit, until)
            | Self::Deadline(unit, until) => Some((unit, until)),
            _ => None,
        }
    }
}

pub(crate) type Commands = Vec<Command>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// All units are up again, or have ended. After a new plan, a unit that waits for the end of a delay counts as
    /// well.
    Done,
    /// A unit of the part does not stop, so a second instance would run beside it. Nothing was changed.
    Stuck(UnitIndex),
    /// The app is not up yet, or another plan is about to take effect: try again later.
    NotNow,
    GoingDown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PartReason {
    Asked,
    Failed,
    Group,
    Reload,
}
