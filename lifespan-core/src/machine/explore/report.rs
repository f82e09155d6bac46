//! The report of a run, derived from the commands alone: what it names, and whether that is what happened.

use std::hash::{Hash, Hasher};

use super::super::phase::{FAILED, KEPT, Phase, Why};
use super::super::plan::{Kind, UnitIndex, UpWhen, When};
use super::super::{
    AppPhase, Command, Commands, Ending, Fault, Goal, Machine, Outcome, PartReason, Seen, Stage, Weight,
};
use super::world::{Before, MOST, Step, ensure};

/// It was started at least once.
const STARTED: u8 = 1;
/// The report names a failure of its present life, or of its last.
const FAILS: u8 = 1 << 1;
/// The report names a failure of it that counts as recovered, and it has not been up since.
const RECOVERS: u8 = 1 << 2;

/// What the report would say of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    flags: u8,
    /// Its phase, as it was told last.
    phase: Phase,
    /// How often it has provided a resource or returned a value, and how often that was torn down or dropped.
    provides: u16,
    teardowns: u16,
}

/// What the report would say, from the commands so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report([Entry; MOST]);

impl Default for Report {
    fn default() -> Self {
        Self([Entry { flags: 0, phase: Phase::Waiting, provides: 0, teardowns: 0 }; MOST])
    }
}

/// What is left to be compared: the phase is the machine's, two counts make no difference where they differ by the same,
/// and the outcome of a unit that is over was compared with its failures when it ended.
impl Hash for Report {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bits = |entry: &Entry| {
            let flags = if entry.phase.is_alive() { entry.flags } else { entry.flags & RECOVERS };
            u64::from(flags) | u64::from(entry.provides - entry.teardowns) << 3
        };
        state.write_u64(self.0.iter().fold(0, |all, entry| all << 5 | bits(entry)));
    }
}

impl Report {
    /// Reads the commands that follow from a step, in their order.
    pub(super) fn read(
        &mut self,
        machine: &Machine,
        before: &Before,
        step: Step,
        commands: &Commands,
    ) -> Result<(), String> {
        self.note(machine, before, step)?;
        let (mut expected, mut is_stopping) = (expected_faults(machine, before, step), before.is_stopping);
        for &command in commands {
            match command {
                Command::AppStopping(_) => is_stopping = true,
                Command::Phase(unit, from, to) => self.pass(before, unit, from, to)?,
                Command::Spawn(unit, _) => {
                    let entry = &mut self.0[unit.at()];
                    entry.flags = entry.flags & !FAILS | STARTED;
                }
                Command::Stop(unit) if is_context(machine, unit) => self.tear_down(unit)?,
                Command::Release(unit) => self.tear_down(unit)?,
                Command::Drop(unit) if is_context(machine, unit) && self.0[unit.at()].is_there() => {
                    // Without a teardown: a second signal. Otherwise its teardown has begun.
                    self.tear_down(unit)?;
                }
                Command::Failure { unit, stage, fault, weight, .. } => {
                    let is_expected = expected.iter_mut().find(|expected| **expected == Some((unit, fault)));
                    let is_expected = is_expected.map(|expected| *expected = None).is_some();
                    ensure(is_expected, || format!("{unit:?} has failed for no reason: {fault:?}"))?;
                    self.fail(machine, before, is_stopping, (unit, stage, weight))?;
                }
                Command::Reweigh(unit, _) => {
                    let entry = &mut self.0[unit.at()];
                    ensure(entry.flags & RECOVERS != 0, || format!("no failure of {unit:?} is there to be weighed"))?;
                    entry.flags &= !RECOVERS;
                }
                Command::RestartingPart(unit, reason) => {
                    let is_asked = matches!(step, Step::Restart(_) | Step::RestartAll | Step::Change(_))
                        || matches!(step, Step::Remove(_) | Step::Add(_));
                    let is_asked_for = matches!(reason, PartReason::Asked | PartReason::Reload);
                    ensure(is_asked == is_asked_for, || format!("{unit:?} restarts with its part for {reason:?}"))?;
                }
                _ => {}
            }
        }
        if let Some((unit, fault)) = expected.into_iter().flatten().next() {
            return Err(format!("a failure of {unit:?} is lost: {fault:?}"));
        }
        machine.plan.all().try_for_each(|unit| self.agree(machine, unit))
    }

    /// Notes what the step itself makes true.
    fn note(&mut self, machine: &Machine, before: &Before, step: Step) -> Result<(), String> {
        match step {
            // After a second signal a setup is dropped with what it may have provided.
            Step::Up(unit) if is_context(machine, unit) && !before.is_dropped => self.0[unit.at()].provides += 1,
            Step::Ended(unit, Ending::Value) => self.0[unit.at()].provides += 1,
            // It has torn down by itself.
            Step::Ended(unit, _) if before.is_on_its_own && self.0[unit.at()].is_there() => self.tear_down(unit)?,
            _ => {}
        }
        Ok(())
    }

    /// A unit's phase has changed: the changes that are told leave none out.
    fn pass(&mut self, before: &Before, unit: UnitIndex, from: Phase, to: Phase) -> Result<(), String> {
        let entry = &mut self.0[unit.at()];
        ensure(entry.phase == from, || format!("{unit:?} was {:?}, and the command says {from:?}", entry.phase))?;
        entry.phase = to;
        // One that is about to stop again has not started again.
        if matches!(to, Phase::Up | Phase::Held) && before.goals[unit.at()] == Goal::Run {
            entry.flags &= !RECOVERS;
        }
        Ok(())
    }

    fn tear_down(&mut self, unit: UnitIndex) -> Result<(), String> {
        let entry = &mut self.0[unit.at()];
        ensure(entry.is_there(), || format!("{unit:?} is torn down, and nothing is there"))?;
        entry.teardowns += 1;
        Ok(())
    }

    fn fail(
        &mut self,
        machine: &Machine,
        before: &Before,
        is_stopping: bool,
        (unit, stage, weight): (UnitIndex, Stage, Weight),
    ) -> Result<(), String> {
        let entry = &mut self.0[unit.at()];
        let is_right = stage
            == match entry.phase {
                Phase::Waiting
                | Phase::Pending(_)
                | Phase::BackingOff(_)
                | Phase::Starting
                | Phase::Dropping(Why::SetupLimit | Why::SetupStarved | Why::Failed) => Stage::Startup,
                Phase::Up if !is_stopping && before.goals[unit.at()] == Goal::Run => Stage::Running,
                _ => Stage::Shutdown,
            };
        ensure(is_right, || format!("{unit:?} failed while {:?}, and the command says {stage:?}", entry.phase))?;
        entry.flags |= FAILS | if weight == Weight::Recovered { RECOVERS } else { 0 };
        let spec = machine.plan.spec(unit);
        ensure(weight != Weight::Ignored || spec.ignores_failure, || format!("a failure of {unit:?} is ignored"))
    }

    /// The outcome of a unit is what its failures say.
    fn agree(&self, machine: &Machine, unit: UnitIndex) -> Result<(), String> {
        let (entry, phase) = (&self.0[unit.at()], machine.phase(unit));
        ensure(entry.phase == phase, || format!("{unit:?} is {phase:?}, and the commands say {:?}", entry.phase))?;
        let (Phase::Ended(outcome) | Phase::Stuck(outcome) | Phase::BackingOff(outcome) | Phase::Pending(outcome)) =
            phase
        else {
            return Ok(());
        };
        let is_right = match outcome {
            Outcome::NotStarted => entry.flags & STARTED == 0,
            Outcome::Failed | Outcome::TimedOut | Outcome::NotYielding | Outcome::Starved => entry.flags & FAILS != 0,
            // A context that has failed while it was up still stops as it is asked to.
            Outcome::Returned | Outcome::Stopped | Outcome::Dropped => {
                entry.flags & FAILS == 0 || is_context(machine, unit)
            }
            Outcome::Forced => machine.forced,
        };
        let fails = entry.flags & FAILS != 0;
        ensure(is_right, || format!("the outcome of {unit:?} is {outcome:?}, and that it has failed is {fails}"))
    }

    /// The report of a run that is over: it names each unit once, as over or as never started.
    pub(super) fn finish(&self, machine: &Machine) -> Result<(), String> {
        debug_assert!(machine.app() == AppPhase::Over, "the run is over");
        for unit in machine.plan.all() {
            let (entry, seen) = (&self.0[unit.at()], machine.seen(unit));
            let is_right = match seen {
                Seen::Waiting => entry.flags & STARTED == 0,
                Seen::Ended(_) => true,
                _ => false,
            };
            ensure(is_right, || format!("{unit:?} is {seen:?} in the end"))?;
            let is_left = entry.is_there() && !matches!(entry.phase, Phase::Stuck(_));
            ensure(!is_left, || format!("{unit:?} has provided, and is not torn down"))?;
        }
        Ok(())
    }
}

impl Entry {
    /// Returns whether it has provided something that is not torn down.
    fn is_there(self) -> bool {
        self.provides > self.teardowns
    }
}

fn is_context(machine: &Machine, unit: UnitIndex) -> bool {
    machine.plan.spec(unit).kind == Kind::Context
}

type Expected = [Option<(UnitIndex, Fault)>; 2];

/// Returns the failures that the report has to name after a step: each that there was, once, and no other.
fn expected_faults(machine: &Machine, before: &Before, step: Step) -> Expected {
    let one = |unit, fault| [Some((unit, fault)), None];
    match step {
        Step::Ended(unit, Ending::Failed) => one(unit, Fault::Own),
        Step::Ended(unit, Ending::Dropped) => match before.phases[unit.at()] {
            Phase::Starting | Phase::Up => one(unit, Fault::CutOff),
            Phase::Dropping(Why::SetupLimit) => one(unit, Fault::TimedOut),
            Phase::Dropping(Why::SetupStarved) => one(unit, Fault::Starved),
            _ => Expected::default(),
        },
        Step::Ended(unit, ending) => [fault_of_return(machine, before, unit, ending).map(|fault| (unit, fault)), None],
        Step::Failed(unit, fault) => {
            let is_known = matches!(before.phases[unit.at()], Phase::Stuck(_));
            // It is of no use to anything any more.
            let is_over = fault == Fault::ResourceLost && before.is_stopping;
            if is_known || is_over { Expected::default() } else { one(unit, fault) }
        }
        Step::Deadline(unit) => late(machine, before, unit, before.has_turn),
        // It has a turn first, unless there is nothing to judge.
        Step::Starved(unit) if matches!(before.phases[unit.at()], Phase::BackingOff(_)) => {
            late(machine, before, unit, false)
        }
        Step::HadTurn(unit) => late(machine, before, unit, true),
        _ => Expected::default(),
    }
}

/// Returns the failure that it is that a unit has returned.
fn fault_of_return(machine: &Machine, before: &Before, unit: UnitIndex, ending: Ending) -> Option<Fault> {
    let (phase, spec, flags) = (before.phases[unit.at()], machine.plan.spec(unit), before.flags[unit.at()]);
    let is_wanted = !before.is_stopping && before.goals[unit.at()] == Goal::Run;
    match (spec.kind, phase) {
        (Kind::Context, Phase::Up) => (flags & FAILED == 0).then_some(Fault::GaveUp),
        (Kind::Context, Phase::Starting) => (ending == Ending::Returned).then_some(Fault::NothingProvided),
        (Kind::Context, Phase::Dropping(Why::SetupLimit | Why::SetupStarved)) => {
            (is_wanted && ending == Ending::Returned).then_some(Fault::NothingProvided)
        }
        (Kind::Task, Phase::Starting) if spec.up_when == UpWhen::Said && flags & KEPT == 0 => Some(Fault::NeverReady),
        (Kind::Task, Phase::Starting | Phase::Up) => {
            let policy = spec.restart.filter(|policy| policy.when == When::Permanent && is_wanted)?;
            let intensity = machine.plan.group(unit).map_or(policy.intensity, |(_, group)| group.intensity);
            let place = if spec.group.is_some() { MOST } else { unit.at() };
            (u32::from(before.unforgiven[place]) >= intensity).then_some(Fault::ReturnedTooOften)
        }
        _ => None,
    }
}

/// Returns the failures of a unit whose deadline has come.
fn late(machine: &Machine, before: &Before, unit: UnitIndex, starved: bool) -> Expected {
    let (too_slow, stuck) =
        if starved { (Fault::Starved, Fault::HeldUp) } else { (Fault::TimedOut, Fault::NotYielding) };
    let faults = match before.phases[unit.at()] {
        // It may have provided.
        Phase::Starting if is_context(machine, unit) => [None, None],
        Phase::Starting | Phase::Stopping => [Some(too_slow), None],
        Phase::Dropping(Why::SetupLimit) => [Some(Fault::TimedOut), Some(stuck)],
        Phase::Dropping(Why::SetupStarved) => [Some(Fault::Starved), Some(stuck)],
        Phase::Dropping(_) | Phase::Releasing(_) => [Some(stuck), None],
        // Its next start would lie beyond the limit of its startup.
        Phase::BackingOff(_) if matches!(machine.phase(unit), Phase::Ended(_)) => [Some(Fault::TimedOut), None],
        _ => [None, None],
    };
    faults.map(|fault| Some((unit, fault?)))
}
