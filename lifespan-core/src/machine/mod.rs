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
//! | `Failure`, `Reweigh` | Keep a failure; correct what it weighs. |
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
mod change;
mod command;
mod deadlines;
mod ended;
pub(crate) mod exit_code;
mod failing;
mod groups;
mod input;
mod links;
mod parts;
mod phase;
pub(crate) mod plan;
mod replacing;
mod starting;
mod stopping;
pub(crate) mod times;
mod withheld;

#[cfg(test)]
mod explore;
#[cfg(test)]
mod stories;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use answers::Call;
use attempts::Attempts;
use budget::Budget;
use exit_code::{Cause, ExitCode};
use groups::GroupState;
use links::Links;
use phase::{ALIVE, BITS, DEGRADED, KEPT, RECOVERING, Standing, UNREADY};
use plan::{Plan, Restart, UnitIndex};
use replacing::Next;
use starting::Startup;
use times::Times;
use withheld::Withheld;

pub(crate) use crate::base::verdict::{Outcome, Stage, Weight};
pub(crate) use command::{Answer, CallId, Command, Commands, Fault, Judged, PartReason};
pub(crate) use input::{Counted, Ending, Input};
pub(crate) use phase::{Goal, Phase};

/// Nanoseconds since the launch.
pub(crate) type Nanos = u64;

/// The deadline that never comes.
pub(crate) const NEVER: Nanos = Nanos::MAX;

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
    /// Starts again: see [`Machine::next_start`].
    BackingOff,
    Stopping,
    Ended(Outcome),
}

/// All units of one run, between two inputs.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    plan: Arc<Plan>,
    app: AppPhase,
    was_up: bool,
    forced: bool,
    /// The stop has just begun, and no unit has heard of it.
    stop_begins: bool,
    units: Vec<Standing>,
    needs: Links,
    follows: Links,
    /// The number of units in each class.
    counts: [u32; BITS],
    /// The number of units of the start order that have had their turn.
    turns: usize,
    /// In order, the places of the units that may start and wait for their turn.
    ready: BTreeSet<u32>,
    /// In order, the places of the contexts that are to go: the last is torn down next.
    teardowns: BTreeSet<u32>,
    /// Only of units that have restarted.
    attempts: BTreeMap<UnitIndex, Attempts>,
    groups: Vec<GroupState>,
    /// The startups of units that are not up yet, where the plan's limit may not be the one in force.
    startups: BTreeMap<UnitIndex, Startup>,
    /// Units that were to be judged, and have a turn before.
    starved: BTreeSet<UnitIndex>,
    /// Units that are to start again after a failure, with what that weighs if the stop comes first.
    pending_failures: BTreeMap<UnitIndex, Weight>,
    /// Failures that wait for the unit's own error.
    withheld: BTreeMap<UnitIndex, Withheld>,
    /// The number of times that each unit was started again.
    generations: BTreeMap<UnitIndex, u32>,
    calls: Vec<Call>,
    next: Option<Next>,
    budget: Budget,
    verdict: Option<ExitCode>,
    /// Units to look at; empty between two inputs, unless it goes on.
    look: Vec<UnitIndex>,
    /// After this many commands the rest is left to [`Input::GoOn`].
    stride: usize,
    /// There is more to decide.
    goes_on: bool,
    chance: u16,
    times: Times,
    /// A context was torn down since the app stops.
    tears_down: bool,
    /// Each change of phase is told, and noted when it is.
    tells_phases: bool,
    #[cfg(test)]
    mutant: Option<explore::Mutant>,
}

impl Machine {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let mut machine = Self {
            app: AppPhase::Planned,
            was_up: false,
            forced: false,
            stop_begins: false,
            units: vec![Standing::WAITING; plan.units()],
            needs: Links::default(),
            follows: Links::default(),
            counts: [0; BITS],
            turns: 0,
            ready: BTreeSet::new(),
            teardowns: BTreeSet::new(),
            attempts: BTreeMap::new(),
            groups: vec![GroupState::default(); plan.groups.len()],
            startups: BTreeMap::new(),
            starved: BTreeSet::new(),
            pending_failures: BTreeMap::new(),
            withheld: BTreeMap::new(),
            generations: BTreeMap::new(),
            calls: Vec::new(),
            next: None,
            budget: Budget::default(),
            verdict: None,
            look: Vec::new(),
            stride: usize::MAX,
            goes_on: false,
            chance: 0,
            times: Times::new(plan.units()),
            tears_down: false,
            tells_phases: true,
            #[cfg(test)]
            mutant: None,
            plan,
        };
        machine.recount();
        machine.look.clear();
        machine
    }

    /// Adds what follows from this input to the commands.
    pub(crate) fn handle(&mut self, input: Input<'_>, now: Nanos, then: &mut Commands) {
        if self.app == AppPhase::Over {
            return;
        }
        match input {
            Input::Launch => self.launch(),
            Input::Up(unit) => self.up(unit, now, then),
            Input::Extend(unit, until) => self.extend(unit, until, then),
            Input::Failed(unit, fault) => self.failed(unit, fault, now, then),
            Input::Unexplained(unit, fault) => self.failed_unexplained(unit, fault, now, then),
            Input::Ended(unit, ending) => self.ended(unit, ending, now, then),
            Input::Deadline(unit) => self.deadline(unit, now, then),
            Input::Starved(unit) => self.starve(unit, now, then),
            Input::HadTurn(unit) => self.had_turn(unit, now, then),
            Input::Forgive(counted) => self.forgive(counted),
            Input::RestartedInPlace(unit, at) => self.restarted_in_place(unit, at, then),
            Input::NotStable(unit) => self.recover_again(unit, now, then),
            Input::Shutdown(code) => self.shut_down(code, then),
            Input::Force(signal) => self.force(signal, now, then),
            Input::Restart { call, units } => self.restart(call, units, then),
            Input::Replace { call, plan, changed } => self.replace(call, plan, changed, then),
            Input::GoOn => {}
        }
        self.settle(now, then);
    }

    /// Takes every step that is possible now.
    fn settle(&mut self, now: Nanos, then: &mut Commands) {
        self.goes_on = true;
        loop {
            self.enter_stop(now, then);
            while let Some(unit) = self.look.pop() {
                self.look_at(unit, now, then);
                if self.is_long_enough(then) {
                    return;
                }
            }
            let goes_on = self.put_plan_in_place(then)
                || match self.app {
                    AppPhase::Planned | AppPhase::Over | AppPhase::Stopping => false,
                    AppPhase::Starting => {
                        self.start_ready(now, then) || self.start_next(now, then) || self.is_app_up(then)
                    }
                    AppPhase::Up => self.start_ready(now, then) || self.stop_if_finished(then),
                };
            if !goes_on && self.look.is_empty() && !self.stop_begins {
                break;
            }
            if self.is_long_enough(then) {
                return;
            }
        }
        self.goes_on = false;
        self.answer(then);
        if self.app == AppPhase::Stopping && self.count(ALIVE) == 0 {
            self.app = AppPhase::Over;
            then.push(Command::Finish(self.exit_code()));
        }
    }

    /// Returns whether the rest is left to the next input. A stop that begins is entered first.
    fn is_long_enough(&self, commands: &Commands) -> bool {
        commands.len() >= self.stride && !self.stop_begins
    }

    fn look_at(&mut self, unit: UnitIndex, now: Nanos, then: &mut Commands) {
        match self.phase(unit) {
            Phase::Pending(_) if self.may_start(unit) => self.start_in_turn(unit, now, then),
            Phase::Starting | Phase::Up | Phase::Held if self.may_stop(unit) => self.stop(unit, now, then),
            // A user of it has gone, though it has gone before: what it needs may go.
            phase if !phase.is_alive() && self.plan.spec(unit).is_context() => self.look_at_needs(unit.0),
            _ => {}
        }
    }

    // What is asked of it.

    pub(crate) fn phase(&self, unit: UnitIndex) -> Phase {
        self.units[unit.at()].phase
    }

    /// Returns whether a restart of this unit in place, after a failure or a return, changes nothing that others see: it
    /// is up, is to run on, and after a failure it is known to recover.
    ///
    /// Its restarts that count are those the machine knows of, and `in_place` more.
    pub(crate) fn may_restart_in_place(&self, unit: UnitIndex, has_failed: bool, in_place: u32) -> bool {
        let standing = self.units[unit.at()];
        let is_known = !has_failed || standing.has(RECOVERING);
        let is_allowed = |policy: Restart| {
            let (count, intensity) = self.intensity(unit, &policy);
            count.saturating_add(in_place) < intensity
        };
        // One that was up before goes on as far as others see, though it has not come to its first await again.
        let goes_on = standing.phase == Phase::Up || standing.phase == Phase::Starting && standing.has(KEPT);
        goes_on
            && standing.goal == Goal::Run
            && !self.is_stopping()
            && is_known
            && self.plan.spec(unit).restart.is_some_and(is_allowed)
    }

    /// Returns the units that were given up: their futures are there still.
    pub(crate) fn all_stuck(&self) -> impl Iterator<Item = UnitIndex> + '_ {
        self.plan.all().filter(|unit| matches!(self.phase(*unit), Phase::Stuck(_)))
    }

    /// Returns the units that have a future, or a context's value, and the stage each is in.
    pub(crate) fn all_alive(&self) -> impl Iterator<Item = (UnitIndex, Stage)> + '_ {
        let is_cut_off = |unit: &UnitIndex| match self.phase(*unit) {
            Phase::Held => self.plan.spec(*unit).is_context(),
            phase => phase.is_alive(),
        };
        self.plan.all().filter(is_cut_off).map(|unit| (unit, self.stage(unit)))
    }

    pub(crate) fn app(&self) -> AppPhase {
        self.app
    }

    /// Returns whether the app has ever been up.
    pub(crate) fn was_up(&self) -> bool {
        self.was_up
    }

    pub(crate) fn is_stopping(&self) -> bool {
        matches!(self.app, AppPhase::Stopping | AppPhase::Over)
    }

    /// Returns whether all that a server needs, or that is required, is up and has recovered.
    pub(crate) fn is_ready(&self) -> bool {
        self.app == AppPhase::Up && self.count(UNREADY) == 0
    }

    /// Returns whether another unit waits for its next start, or recovers from a failure.
    pub(crate) fn is_degraded(&self) -> bool {
        self.app == AppPhase::Up && self.count(DEGRADED) > 0
    }

    /// Returns whether all that runs is `once` and `background` tasks.
    pub(crate) fn is_batch(&self) -> bool {
        self.plan.is_batch
    }

    /// Returns whether a unit that was started again after a failure has not recovered yet.
    pub(crate) fn is_recovering(&self, unit: UnitIndex) -> bool {
        self.units[unit.at()].has(RECOVERING)
    }

    /// Returns whether the app is not ready, or is degraded, because of a unit.
    pub(crate) fn is_weak(&self, unit: UnitIndex) -> bool {
        self.class(unit) & (UNREADY | DEGRADED) != 0
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        self.verdict.unwrap_or(ExitCode::Stopped)
    }

    /// Returns all units of the plan in place.
    pub(crate) fn all(&self) -> impl Iterator<Item = UnitIndex> + use<> {
        self.plan.all()
    }

    /// Returns a unit's phase as users see it.
    pub(crate) fn seen(&self, unit: UnitIndex) -> Seen {
        self.see(unit, self.phase(unit))
    }

    /// Returns when a unit that backs off starts again, and the number of that restart since it was up for long.
    pub(crate) fn next_start(&self, unit: UnitIndex) -> (Nanos, u32) {
        (self.delay_ends(unit), self.attempts.get(&unit).map_or(0, |attempts| attempts.number))
    }

    /// Returns how users see a unit in this phase.
    #[inline]
    pub(crate) fn see(&self, unit: UnitIndex, phase: Phase) -> Seen {
        match phase {
            Phase::Waiting | Phase::Pending(_) => Seen::Waiting,
            Phase::Starting => Seen::Starting,
            Phase::Up => Seen::Up,
            Phase::Held if self.plan.spec(unit).is_context() => Seen::Up,
            Phase::Held => Seen::Ended(Outcome::Returned),
            Phase::Releasing(outcome) if !self.plan.spec(unit).is_context() => Seen::Ended(outcome),
            Phase::BackingOff(_) => Seen::BackingOff,
            Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_) => Seen::Stopping,
            Phase::Stuck(outcome) | Phase::Ended(outcome) => Seen::Ended(outcome),
        }
    }

    /// Returns how often a unit was started again.
    pub(crate) fn restarts(&self, unit: UnitIndex) -> u32 {
        self.generation(unit)
    }

    /// Returns which life of a unit this is, counted from 0. What an earlier one says is to be kept from the machine.
    pub(crate) fn generation(&self, unit: UnitIndex) -> u32 {
        self.generations.get(&unit).copied().unwrap_or(0)
    }

    /// Has the machine decide at most about this many commands with one input.
    pub(crate) fn set_stride(&mut self, commands: usize) {
        self.stride = commands;
    }

    /// Returns whether there is more to decide: [`Input::GoOn`] is to be handed in, other inputs may come before.
    pub(crate) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Returns whether a delay that is left to chance may follow from an input.
    pub(crate) fn draws_chance(&self, input: &Input<'_>) -> bool {
        self.plan.has_jitter
            && matches!(
                input,
                Input::Ended(_, Ending::Returned | Ending::Failed) | Input::Failed(..) | Input::Unexplained(..)
            )
    }

    /// Sets whether all changes of phase are told; otherwise only those that may have to do with more than the unit's own
    /// times, which are noted here.
    pub(crate) fn set_telling_phases(&mut self, tells_phases: bool) {
        self.tells_phases = tells_phases;
    }

    /// Sets the random number that the next delay takes.
    pub(crate) fn set_chance(&mut self, chance: u16) {
        self.chance = chance;
    }

    fn standing(&self, unit: UnitIndex) -> Standing {
        self.units[unit.at()]
    }

    fn class(&self, unit: UnitIndex) -> u16 {
        self.class_at(unit, self.standing(unit))
    }

    /// Returns how many units are in this class.
    fn count(&self, bit: u16) -> u32 {
        self.counts[bit.trailing_zeros() as usize]
    }
}
