//! The report of a run, derived from the commands alone, and its comparison with the steps. It is one file since the
//! expectation of each step stands beside its rule; it is compiled for tests only.

use std::hash::{Hash, Hasher};

use super::super::phase::{FAILED, KEPT, Phase, Why};
use super::super::plan::{Kind, UnitIndex, UpWhen, When};
use super::super::withheld::Withheld;
use super::super::{AppPhase, Command, Commands, Ending, Fault, Judged, Machine, PartReason, Seen};
use super::world::{Before, MOST, Step, ensure};
use crate::base::verdict::Severity;
use crate::base::{Outcome, Stage};
use crate::machine::phase::Goal;

/// The unit was started at least once.
const STARTED: u8 = 1;
/// The report names a failure of its present or last incarnation.
const FAILS: u8 = 1 << 1;
/// The report names a failure of it that counts as recovered, and it has not been up since.
const RECOVERS: u8 = 1 << 2;
/// The report names a failure of it that lacks its reason.
const LACKS_REASON: u8 = 1 << 3;
/// The restart by its policy was reported.
const RESTARTS: u8 = 1 << 4;

/// The unit's entry in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    flags: u8,
    /// The last phase that was reported.
    phase: Phase,
    /// The number of resources and values that it provided, and of those that were torn down or dropped.
    provides: u16,
    teardowns: u16,
    /// A failure that waits for the unit's own error.
    unexplained: Option<Unexplained>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unexplained {
    fault: Fault,
    stage: Stage,
    /// The time for it is over: the report names the failure without its reason.
    is_reported: bool,
}

/// A failure that the report has to name after a step.
#[derive(Clone, Copy, Debug)]
struct Due {
    unit: UnitIndex,
    fault: Fault,
    /// It replaces the unit's last failure.
    explains: bool,
    /// The stage, if it was decided before.
    stage: Option<Stage>,
}

/// The report that follows from the commands so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report([Entry; MOST]);

impl Default for Report {
    fn default() -> Self {
        Self([Entry { flags: 0, phase: Phase::Waiting, provides: 0, teardowns: 0, unexplained: None }; MOST])
    }
}

/// Hashes what later comparisons need. The machine's own state covers the phase, an unexplained failure and a reported
/// delay. Of the two counts only the difference matters. The outcome of a unit that has ended was compared already.
impl Hash for Report {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bits = |entry: &Entry| {
            let flags = entry.flags & if entry.phase.is_alive() { STARTED | FAILS | RECOVERS } else { RECOVERS };
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
        let mut expected = self.expect(machine, before, step);
        let (mut is_stopping, mut restarts) = (before.is_stopping, None);
        for command in commands {
            if !matches!(command, Command::Forgive(..)) {
                let failed = restarts.take();
                let is_reported =
                    failed.is_none_or(|failed| matches!(command, Command::Restarting { unit, .. } if *unit == failed));
                ensure(is_reported, || format!("{failed:?} restarts, and that is not reported"))?;
            }
            match *command {
                Command::AppStopping(_) => is_stopping = true,
                Command::Phase(unit, from, to) => self.pass(before, step, unit, from, to)?,
                Command::Spawn { unit, .. } => {
                    let entry = &mut self.0[unit.at()];
                    entry.flags = entry.flags & RECOVERS | STARTED;
                }
                Command::Restarting { unit, .. } => self.0[unit.at()].flags |= RESTARTS,
                Command::Stop(unit, _) if is_context(machine, unit) => self.tear_down(unit)?,
                Command::Release(unit, _) => self.tear_down(unit)?,
                Command::Drop(unit, _) if is_context(machine, unit) && self.0[unit.at()].is_there() => {
                    // After a second signal there is no teardown. Otherwise its teardown has begun.
                    self.tear_down(unit)?;
                }
                Command::Failure { unit, ref failure, explains } => {
                    let Judged { stage, fault, severity, exhausted, too_late, restarts: is_restarted, limit: _ } =
                        **failure;
                    let is_it = |due: &&mut Option<Due>| due.is_some_and(|due| (due.unit, due.fault) == (unit, fault));
                    let due = expected.iter_mut().find(is_it).and_then(Option::take);
                    let due = due.ok_or_else(|| format!("{unit:?} has failed for no reason: {fault:?}"))?;
                    let is_right = due.explains == explains && due.stage.is_none_or(|decided| decided == stage);
                    ensure(is_right, || format!("{unit:?} has failed as {due:?}, and the report differs"))?;
                    let is_decided = due.stage.is_some();
                    self.fail(machine, before, is_stopping, (unit, stage, severity), is_decided)?;
                    self.explain(unit, fault, explains)?;
                    restarts = is_restarted.then_some(unit);
                    let is_last = exhausted || too_late.is_some();
                    ensure(!(is_last && is_restarted), || format!("{unit:?} restarts, and is not to"))?;
                }
                Command::SetSeverity(unit, _) => {
                    let entry = &mut self.0[unit.at()];
                    ensure(entry.flags & RECOVERS != 0, || format!("no failure of {unit:?} is there to be weighed"))?;
                    entry.flags &= !RECOVERS;
                }
                Command::RestartingPart { unit, reason, .. } => {
                    let is_asked = matches!(step, Step::Restart(_) | Step::RestartAll | Step::Change(_))
                        || matches!(step, Step::Remove(_) | Step::Add(_));
                    let is_asked_for = matches!(reason, PartReason::Asked | PartReason::Reload);
                    ensure(is_asked == is_asked_for, || format!("{unit:?} restarts with its part for {reason:?}"))?;
                }
                _ => {}
            }
        }
        ensure(restarts.is_none(), || format!("{restarts:?} restarts, and that is not reported"))?;
        if let Some(Due { unit, fault, .. }) = expected.into_iter().flatten().next() {
            return Err(format!("a failure of {unit:?} is lost: {fault:?}"));
        }
        let pending = |unit: &UnitIndex| self.0[unit.at()].flags & RECOVERS != 0;
        let forgotten = machine.plan.all().find(pending).filter(|_| is_stopping && !before.is_stopping);
        ensure(forgotten.is_none(), || format!("a failure of {forgotten:?} still counts as recovered"))?;
        machine.plan.all().try_for_each(|unit| self.agree(machine, unit))
    }

    /// Notes the direct effects of the step.
    fn note(&mut self, machine: &Machine, before: &Before, step: Step) -> Result<(), String> {
        match step {
            // After a second signal a setup is dropped with what it may have provided.
            Step::Up(unit) if is_context(machine, unit) && !before.is_dropped => self.0[unit.at()].provides += 1,
            Step::Ended(unit, Ending::Value) => self.0[unit.at()].provides += 1,
            // Its own teardown has run.
            Step::Ended(unit, _) if before.is_on_its_own && self.0[unit.at()].is_there() => self.tear_down(unit)?,
            _ => {}
        }
        Ok(())
    }

    /// Checks a unit's change of phase: every change is reported.
    fn pass(&mut self, before: &Before, step: Step, unit: UnitIndex, from: Phase, to: Phase) -> Result<(), String> {
        let entry = &mut self.0[unit.at()];
        ensure(entry.phase == from, || format!("{unit:?} was {:?}, and the command reports {from:?}", entry.phase))?;
        entry.phase = to;
        // A unit that is about to stop does not count as restarted.
        if matches!(to, Phase::Up | Phase::Held) && before.goals[unit.at()] == Goal::Run {
            entry.flags &= !RECOVERS;
        }
        // A unit that has failed again and does not restart is reported with its new failure.
        let is_taken_out = step == Step::Remove(unit) || before.is_out(unit);
        let has_lived = !matches!(from, Phase::Stuck(_) | Phase::BackingOff(_) | Phase::Pending(_));
        if matches!(to, Phase::Ended(_)) && has_lived && !before.is_stopping {
            let has_failed_again = before.goals[unit.at()] == Goal::Run && !is_taken_out;
            entry.flags &= !if has_failed_again { RECOVERS } else { 0 };
        }
        let is_reported = !matches!(to, Phase::BackingOff(_)) || entry.flags & RESTARTS != 0;
        ensure(is_reported, || format!("{unit:?} waits for its next start, and that is not reported"))
    }

    /// Notes a reported failure: it lacks its reason, or is the reason of the last one, or neither.
    fn explain(&mut self, unit: UnitIndex, fault: Fault, explains: bool) -> Result<(), String> {
        let entry = &mut self.0[unit.at()];
        let has_place = !explains || entry.flags & LACKS_REASON != 0;
        ensure(has_place, || format!("{fault:?} of {unit:?} explains nothing"))?;
        let lacks_reason = matches!(
            fault,
            Fault::TimedOut | Fault::Starved | Fault::HeldUp | Fault::GaveUp | Fault::ResourceLost | Fault::NeverReady
        );
        entry.flags &= !if explains { LACKS_REASON } else { 0 };
        entry.flags |= if lacks_reason { LACKS_REASON } else { 0 };
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
        (unit, stage, severity): (UnitIndex, Stage, Severity),
        is_decided: bool,
    ) -> Result<(), String> {
        let entry = &mut self.0[unit.at()];
        let is_right = is_decided || stage == stage_of(machine, before, unit, entry.phase, is_stopping);
        ensure(is_right, || format!("{unit:?} failed while {:?}, and the command reports {stage:?}", entry.phase))?;
        entry.flags |= FAILS | if severity == Severity::Recovered { RECOVERS } else { 0 };
        let spec = machine.plan.spec(unit);
        ensure(severity != Severity::Ignored || spec.ignores_failure, || format!("a failure of {unit:?} is ignored"))
    }

    /// Checks that the outcome of a unit agrees with its failures.
    fn agree(&self, machine: &Machine, unit: UnitIndex) -> Result<(), String> {
        let (entry, phase) = (&self.0[unit.at()], machine.phase(unit));
        ensure(entry.phase == phase, || format!("{unit:?} is {phase:?}, and the commands report {:?}", entry.phase))?;
        let withheld = machine.withheld.get(&unit);
        let withheld = withheld.map(|&Withheld { failure: Judged { fault, stage, .. }, is_reported, .. }| {
            Unexplained { fault, stage, is_reported }
        });
        ensure(withheld == entry.unexplained, || {
            format!("{unit:?} waits for its own error: {:?}, and not {withheld:?}", entry.unexplained)
        })?;
        let (Phase::Ended(outcome) | Phase::Stuck(outcome) | Phase::BackingOff(outcome) | Phase::Pending(outcome)) =
            phase
        else {
            return Ok(());
        };
        let is_right = match outcome {
            Outcome::NotStarted => entry.flags & STARTED == 0,
            Outcome::Failed | Outcome::TimedOut | Outcome::NotYielding | Outcome::Starved => entry.flags & FAILS != 0,
            // A context that failed while it was up can still stop in order.
            Outcome::Returned | Outcome::Stopped | Outcome::Dropped => {
                entry.flags & FAILS == 0 || is_context(machine, unit)
            }
            Outcome::Forced => machine.forced,
        };
        let fails = entry.flags & FAILS != 0;
        ensure(is_right, || format!("the outcome of {unit:?} is {outcome:?}, and that it has failed is {fails}"))
    }

    /// Checks the report of a run that has ended: each unit has ended or was never started.
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
    /// Returns whether it has provided a resource that is not torn down.
    fn is_there(self) -> bool {
        self.provides > self.teardowns
    }
}

fn is_context(machine: &Machine, unit: UnitIndex) -> bool {
    machine.plan.spec(unit).kind == Kind::Context
}

fn stage_of(machine: &Machine, before: &Before, unit: UnitIndex, phase: Phase, is_stopping: bool) -> Stage {
    match phase {
        Phase::Waiting
        | Phase::Pending(_)
        | Phase::BackingOff(_)
        | Phase::Starting
        | Phase::Dropping(Why::SetupLimit | Why::SetupStarved | Why::Failed) => Stage::Startup,
        // This can only be a setup, which has nothing to tear down.
        Phase::Dropping(Why::Asked) if is_context(machine, unit) => Stage::Startup,
        Phase::Up if !is_stopping && before.goals[unit.at()] == Goal::Run => Stage::Running,
        _ => Stage::Shutdown,
    }
}

type Expected = [Option<Due>; 2];

impl Due {
    fn new(unit: UnitIndex, fault: Fault) -> Self {
        Self { unit, fault, explains: false, stage: None }
    }
}

impl Report {
    /// Returns the failures that the report has to name after a step, each once. Notes the failure that waits for the
    /// unit's own error.
    fn expect(&mut self, machine: &Machine, before: &Before, step: Step) -> Expected {
        let (Step::Failed(unit, _)
        | Step::Unexplained(unit, _)
        | Step::Ended(unit, _)
        | Step::Deadline(unit)
        | Step::Starved(unit)
        | Step::HadTurn(unit)) = step
        else {
            return Expected::default();
        };
        let entry = &mut self.0[unit.at()];
        let Some(known) = entry.unexplained else {
            if let Step::Unexplained(_, fault) = step {
                let stage = stage_of(machine, before, unit, entry.phase, before.is_stopping);
                entry.unexplained =
                    is_withheld(before, unit, fault).then_some(Unexplained { fault, stage, is_reported: false });
            }
            return if entry.unexplained.is_some() {
                Expected::default()
            } else {
                expected_faults(machine, before, step)
            };
        };
        let named = |fault| Some(Due { unit, fault, explains: known.is_reported, stage: Some(known.stage) });
        let unreported = if known.is_reported { None } else { named(known.fault) };
        match step {
            Step::Unexplained(..) => return Expected::default(),
            Step::Failed(_, fault) => {
                entry.unexplained = None;
                return [named(fault), None];
            }
            Step::Ended(_, Ending::Failed) => {
                entry.unexplained = None;
                return [named(Fault::Own), None];
            }
            Step::Ended(..) => {
                entry.unexplained = None;
                let [other, none] = expected_faults(machine, before, step);
                debug_assert!(none.is_none(), "the end of a unit is one failure");
                return [unreported, other];
            }
            _ => {}
        }
        // If it was asked to stop before, its deadline is that of its stop.
        let has_limit = before.withheld[unit.at()].is_some_and(|withheld| withheld.deadline.is_some());
        let waits = match entry.phase {
            Phase::Up => matches!(step, Step::Deadline(_) | Step::Starved(_)),
            Phase::Stopping => has_limit && !matches!(step, Step::Starved(_)),
            _ => false,
        };
        if waits && !known.is_reported {
            entry.unexplained = Some(Unexplained { is_reported: true, ..known });
            return [unreported, None];
        }
        match expected_faults(machine, before, step) {
            [None, None] => Expected::default(),
            [Some(other), None] => {
                entry.unexplained = None;
                [unreported, Some(other)]
            }
            faults => faults,
        }
    }
}

/// Returns whether a failure waits for the unit's own error.
fn is_withheld(before: &Before, unit: UnitIndex, fault: Fault) -> bool {
    match before.phases[unit.at()] {
        Phase::Starting => fault == Fault::NeverReady && before.flags[unit.at()] & KEPT == 0,
        Phase::Up | Phase::Stopping => fault != Fault::ResourceLost || !before.is_stopping,
        _ => false,
    }
}

/// Returns the failures that the report has to name after a step, if none waits for the unit's own error.
fn expected_faults(machine: &Machine, before: &Before, step: Step) -> Expected {
    let one = |unit, fault| [Some(Due::new(unit, fault)), None];
    match step {
        Step::Ended(unit, Ending::Failed) => one(unit, Fault::Own),
        Step::Ended(unit, Ending::Dropped) => match before.phases[unit.at()] {
            Phase::Starting | Phase::Up => one(unit, Fault::CutOff),
            Phase::Dropping(Why::SetupLimit) => one(unit, Fault::TimedOut),
            Phase::Dropping(Why::SetupStarved) => one(unit, Fault::Starved),
            _ => Expected::default(),
        },
        Step::Ended(unit, ending) => {
            [fault_of_return(machine, before, unit, ending).map(|fault| Due::new(unit, fault)), None]
        }
        Step::Failed(unit, fault) | Step::Unexplained(unit, fault) => {
            let is_known = matches!(before.phases[unit.at()], Phase::Stuck(_));
            // No unit uses the resource any more.
            let is_over = fault == Fault::ResourceLost && before.is_stopping;
            // It was up before, and is up again.
            let is_up = fault == Fault::NeverReady && before.flags[unit.at()] & KEPT != 0;
            if is_known || is_over || is_up { Expected::default() } else { one(unit, fault) }
        }
        Step::Deadline(unit) => late(machine, before, unit, before.has_turn),
        // It is polled once before, unless there is nothing to judge.
        Step::Starved(unit) if matches!(before.phases[unit.at()], Phase::BackingOff(_)) => {
            late(machine, before, unit, false)
        }
        Step::HadTurn(unit) => late(machine, before, unit, true),
        _ => Expected::default(),
    }
}

/// Returns the failure that follows from a unit's return, if any.
fn fault_of_return(machine: &Machine, before: &Before, unit: UnitIndex, ending: Ending) -> Option<Fault> {
    let (phase, spec, flags) = (before.phases[unit.at()], machine.plan.spec(unit), before.flags[unit.at()]);
    let is_wanted = !before.is_stopping && before.goals[unit.at()] == Goal::Run;
    match (spec.kind, phase) {
        (Kind::Context, Phase::Up) => (flags & FAILED == 0).then_some(Fault::GaveUp),
        (Kind::Context, Phase::Starting) => (ending == Ending::Returned).then_some(Fault::NothingProvided),
        (Kind::Context, Phase::Dropping(Why::SetupLimit | Why::SetupStarved)) => {
            (is_wanted && ending == Ending::Returned).then_some(Fault::NothingProvided)
        }
        (Kind::Task, Phase::Starting) if spec.up_when == UpWhen::Notified && flags & KEPT == 0 => {
            Some(Fault::NeverReady)
        }
        (Kind::Task, Phase::Starting | Phase::Up) => {
            let policy = spec.restart.filter(|policy| policy.when == When::Permanent && is_wanted)?;
            let intensity = machine.plan.group(unit).map_or(policy.intensity, |(_, group)| group.intensity);
            let place = if spec.group.is_some() { MOST } else { unit.at() };
            (u32::from(before.unforgiven[place]) >= intensity).then_some(Fault::ReturnedTooOften)
        }
        _ => None,
    }
}

/// Returns the failures of a unit whose deadline has passed.
fn late(machine: &Machine, before: &Before, unit: UnitIndex, starved: bool) -> Expected {
    let (too_slow, stuck) =
        if starved { (Fault::Starved, Fault::HeldUp) } else { (Fault::TimedOut, Fault::NotYielding) };
    let now = |fault| Some(Due::new(unit, fault));
    let as_reason = |is_reason| Some(Due { explains: is_reason, ..Due::new(unit, stuck) });
    match before.phases[unit.at()] {
        // It may have provided.
        Phase::Starting if is_context(machine, unit) => [None, None],
        Phase::Starting | Phase::Stopping => [now(too_slow), None],
        // Not yielding is the reason why it was too slow.
        Phase::Dropping(Why::SetupLimit) => [now(Fault::TimedOut), as_reason(!starved)],
        Phase::Dropping(Why::SetupStarved) => [now(Fault::Starved), as_reason(starved)],
        Phase::Dropping(Why::TimedOut) => [as_reason(!starved), None],
        Phase::Dropping(Why::Starved) => [as_reason(starved), None],
        Phase::Dropping(_) | Phase::Releasing(_) => [now(stuck), None],
        // Its next start would lie beyond its startup limit.
        Phase::BackingOff(_) if matches!(machine.phase(unit), Phase::Ended(_)) => [now(Fault::TimedOut), None],
        _ => [None, None],
    }
}
