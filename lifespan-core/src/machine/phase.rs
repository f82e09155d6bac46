//! Phases of a unit, and the classes in which it is counted.

use crate::base::Outcome;

/// The phase of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum AppPhase {
    Planned,
    Starting,
    Up,
    Stopping,
    Over,
}

/// The phase of a unit, as users see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Waiting,
    Starting,
    Up,
    /// Waits for its restart: see [`Machine::next_start`].
    BackingOff,
    Stopping,
    Ended(Outcome),
}

/// The phase of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    /// Waits for its turn in the startup.
    Waiting,
    /// Starts as soon as it may. Keeps the outcome of its earlier incarnation.
    Pending(Outcome),
    Starting,
    Up,
    /// Has returned a value, which is kept for other units: up, without a future.
    Held,
    /// Restarts after a delay. Keeps the outcome of its earlier incarnation.
    BackingOff(Outcome),
    /// Was asked to stop.
    Stopping,
    /// Was dropped; its future may not have ended yet.
    Dropping(Why),
    /// Its returned value is being dropped. Keeps the unit's outcome.
    Releasing(Outcome),
    /// Was given up: its future does not end.
    Stuck(Outcome),
    Ended(Outcome),
}

/// The reason for a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Why {
    /// A setup took longer than its limit. It has failed unless it provides before its future ends.
    SetupLimit,
    /// A setup took longer than its limit, since another unit blocked its thread.
    SetupStarved,
    /// The unit took longer than its limit, and has failed.
    TimedOut,
    /// The unit took longer than its limit since another unit blocked its thread, and has failed.
    Starved,
    /// The unit is declared with `on_shutdown = "drop"`, or is a setup.
    Asked,
    /// The unit has failed before it was up.
    Failed,
    /// A second signal.
    Forced,
}

/// The goal of a unit.
///
/// A lease or an operator's stop would be one more goal, "stand by": it stops a unit as `Off` does, leaves it pending
/// as `Again` does, and keeps it from starting until the goal is `Run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Goal {
    /// To run until it ends.
    Run,
    /// To stop and to start again.
    Again,
    /// To stop.
    Off,
}

/// The phase, the goal and the flags of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Standing {
    pub(super) phase: Phase,
    pub(super) goal: Goal,
    pub(super) flags: u8,
}

/// Flag: a task was up and restarts alone, so the units that depend on it go on.
pub(super) const KEPT: u8 = 1;
/// Flag: the unit has failed since it was started.
pub(super) const FAILED: u8 = 1 << 1;
/// Flag: the unit has lost its resource since it was started.
pub(super) const LOST: u8 = 1 << 2;
/// Flag: the unit is recovering from a failure.
pub(super) const RECOVERING: u8 = 1 << 3;
/// Flag: the unit was started at least once.
pub(super) const STARTED: u8 = 1 << 4;
/// Flag: a new plan has added the unit and it was not up yet, so no unit uses an earlier incarnation of it.
pub(super) const NEW: u8 = 1 << 5;

/// Class: has a future or a value, and so may use its dependencies.
pub(super) const ALIVE: u16 = 1;
/// Class: is up or has ended, and has not to stop; units that depend on it may start.
pub(super) const THERE: u16 = 1 << 1;
/// Class: is coming up or stopping.
pub(super) const UNSETTLED: u16 = 1 << 2;
/// Class: waits for its start.
pub(super) const WAITS: u16 = 1 << 3;
/// Class: is being started.
pub(super) const STARTING: u16 = 1 << 4;
/// Class: is alive, and has to stop with its part.
pub(super) const GOING: u16 = 1 << 5;
/// Class: has to start.
pub(super) const AWAITED: u16 = 1 << 6;
/// Class: keeps the app up.
pub(super) const OPEN: u16 = 1 << 7;
/// Class: is a task that no context depends on, and has a future.
pub(super) const PLAIN: u16 = 1 << 8;
/// Class: keeps the app from being ready.
pub(super) const UNREADY: u16 = 1 << 9;
/// Class: makes the app degraded.
pub(super) const DEGRADED: u16 = 1 << 10;
/// The bits of a class, of which the upper ones are not used.
pub(super) const BITS: usize = 16;
/// The classes whose units are counted.
pub(super) const COUNTED: u16 = ALIVE | UNSETTLED | WAITS | STARTING | GOING | OPEN | PLAIN | UNREADY | DEGRADED;
/// Not a class: marks a context in its mask.
pub(super) const CONTEXT: u16 = 1 << 14;
/// Not a class: marks a member of a group in its mask.
pub(super) const MEMBER: u16 = 1 << 15;

impl Standing {
    pub(super) const WAITING: Self = Self { phase: Phase::Waiting, goal: Goal::Run, flags: 0 };

    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn with(self, flag: u8) -> Self {
        Self { flags: self.flags | flag, ..self }
    }

    pub(super) fn without(self, flag: u8) -> Self {
        Self { flags: self.flags & !flag, ..self }
    }

    pub(super) fn at(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }

    pub(super) fn to(self, goal: Goal) -> Self {
        Self { goal, ..self }
    }

    /// Returns the classes of a unit in this state.
    #[inline]
    pub(super) fn class(self) -> u16 {
        if self.goal == Goal::Run && self.flags & (KEPT | RECOVERING | FAILED) == 0 {
            return self.phase.class();
        }
        let mut class = self.phase.class();
        if self.has(RECOVERING) && !matches!(self.phase, Phase::Ended(_) | Phase::Stuck(_)) {
            class |= UNREADY | DEGRADED;
        }
        // The unit has failed and ended, whatever its outcome.
        if self.has(FAILED) && self.phase.outcome().is_some() {
            class |= UNREADY | DEGRADED;
        }
        if self.has(KEPT) {
            return class & !(UNSETTLED | AWAITED | WAITS | STARTING) | THERE;
        }
        if class & ALIVE != 0 && self.goal != Goal::Run {
            class = class & !THERE | UNSETTLED | GOING | UNREADY;
            class |= if self.goal == Goal::Again { AWAITED } else { 0 };
        }
        class
    }
}

impl Phase {
    #[inline]
    fn class(self) -> u16 {
        match self {
            Self::Waiting => UNREADY,
            Self::Pending(_) => UNSETTLED | WAITS | AWAITED | OPEN | UNREADY,
            Self::BackingOff(_) => UNSETTLED | WAITS | AWAITED | OPEN | UNREADY | DEGRADED,
            Self::Starting => ALIVE | UNSETTLED | STARTING | OPEN | PLAIN | UNREADY,
            Self::Up => ALIVE | THERE | OPEN | PLAIN,
            Self::Held => ALIVE | THERE,
            Self::Stopping | Self::Dropping(_) => ALIVE | UNSETTLED | OPEN | PLAIN | UNREADY,
            Self::Releasing(_) => ALIVE | UNSETTLED | UNREADY,
            // The unit has failed and does not restart, so its service is missing.
            Self::Stuck(outcome) | Self::Ended(outcome) if outcome.is_bad() => THERE | UNREADY | DEGRADED,
            Self::Stuck(_) | Self::Ended(_) => THERE,
        }
    }

    /// Returns the outcome of a unit that has ended.
    pub(crate) fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Stuck(outcome) | Self::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Returns the outcome of the earlier incarnation of a unit that is about to restart.
    pub(crate) fn earlier(self) -> Option<Outcome> {
        match self {
            Self::Pending(Outcome::NotStarted) => None,
            Self::Pending(outcome) | Self::BackingOff(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Returns the phase between this and the next: a unit that returns a value is up before.
    pub(crate) fn way_to(self, next: Self) -> Option<Self> {
        (next == Self::Held && self != Self::Up).then_some(Self::Up)
    }

    pub(crate) fn is_stuck(self) -> bool {
        matches!(self, Self::Stuck(_))
    }

    pub(crate) fn is_alive(self) -> bool {
        self.class() & ALIVE != 0
    }

    /// Returns whether the unit is up or has ended.
    pub(super) fn is_settled(self) -> bool {
        matches!(self, Self::Up | Self::Held | Self::Stuck(_) | Self::Ended(_))
    }
}
