//! Commands: actions for the driver, and facts to tell.

use super::exit_code::{Cause, ExitCode};
use super::fault::Fault;
use super::phase::Phase;
use super::plan::{UnitIndex, UpWhen};
use super::subject::CallId;
use super::time::{NEVER, Nanos};
use crate::base::Stage;
use crate::base::verdict::Severity;
use crate::machine::subject::Counted;

/// An action for the driver, or a fact to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Begin this life of a unit, counted from 0. Say [`Up`](super::Input::Up) when it is up.
    Spawn {
        unit: UnitIndex,
        up_when: UpWhen,
        generation: u32,
    },
    /// Ask it to stop.
    Stop(UnitIndex),
    /// Drop its future at the next await.
    Drop(UnitIndex),
    /// Drop a context's setup, unless it has provided: then `Up` is on its way, and it is torn down in its turn.
    DropSetup(UnitIndex),
    /// Drop the value that it has returned, then say that it has ended.
    Release(UnitIndex),
    /// Let its thread come to it once, then say [`HadTurn`](super::Input::HadTurn).
    GiveTurn(UnitIndex),
    /// Say [`Deadline`](super::Input::Deadline) then, and not at the moment that was set before.
    Deadline(UnitIndex, Nanos),
    /// Say [`Forgive`](super::Input::Forgive) then, also.
    Forgive(Counted, Nanos),
    /// Take all of these back.
    ForgetForgiving(Counted),
    /// Keep this failure for the report, and tell it; where the unit's policy restarts it, with
    /// [`Restarting`](Self::Restarting), which follows.
    Failure {
        unit: UnitIndex,
        failure: Box<Judged>,
        /// It is the unit's last failure, with the reason that was not known then.
        explains: bool,
    },
    /// The unit's last failure that counted as recovered is this: the unit does not start again.
    SetSeverity(UnitIndex, Severity),
    /// Tell that a unit's policy has it restart after this delay; counted from 1 since it was up for long.
    Restarting {
        unit: UnitIndex,
        number: u32,
        delay: Nanos,
    },
    /// Tell that a part is restarted: the unit that is the reason, and the others.
    RestartingPart {
        unit: UnitIndex,
        others: Box<[UnitIndex]>,
        reason: PartReason,
    },
    /// Tell that a unit has come from a phase to another.
    Phase(UnitIndex, Phase, Phase),
    AppUp,
    AppStopping(Cause),
    /// The new plan is in its place.
    PlanInPlace,
    Answer(CallId, Answer),
    /// The run is over.
    Finish(ExitCode),
}

/// A failure, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) stage: Stage,
    pub(crate) fault: Fault,
    pub(crate) severity: Severity,
    /// The unit's policy has it start again.
    pub(crate) restarts: bool,
    /// The restart limit is reached.
    pub(crate) exhausted: bool,
    /// The number of the restart for which the startup leaves no time.
    pub(crate) too_late: Option<u32>,
    /// The limit of this stage that was in force.
    pub(crate) limit: Nanos,
}

impl Command {
    /// Takes a unit's deadline back.
    pub(super) fn no_deadline(unit: UnitIndex) -> Self {
        Self::Deadline(unit, NEVER)
    }
}

pub(crate) type Commands = Vec<Command>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// All units are up again, or have ended. After a new plan, one that only waits out a delay counts as well.
    Done,
    /// A unit of the part does not stop, so it can't start beside itself; nothing was changed.
    Stuck(UnitIndex),
    /// The app is not up yet, or another plan comes first: ask again.
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
