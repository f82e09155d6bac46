//! The world outside of the machine: the possible steps, and the rules that the machine must never break. It is one
//! file since each rule reads the state that the steps leave; it is compiled for tests only.

use std::sync::Arc;

use super::plans::Case;
use super::report::Report;
use crate::base::verdict::Severity;
use crate::base::{Outcome, Stage};
use crate_machine::phase::{FAILED, Goal, KEPT, Phase, RECOVERING};
use crate_machine::withheld::Withheld;

use super::super as crate_machine;
use crate::base::ExitCode;
use crate_machine::plan::{Edge, Kind, Plan, UnitIndex, UpWhen, When};
use crate_machine::{
    Answer, AppPhase, CallId, Command, Commands, Counted, Ending, Fault, Input, Judged, Machine, NEVER, Seen,
};

/// The maximum number of units.
pub(super) const MOST: usize = 8;

/// Its future has not ended.
const ALIVE: u16 = 1;
/// It has notified that it is up.
const UP: u16 = 1 << 1;
/// It has a deadline.
const ARMED: u16 = 1 << 2;
/// It was asked to stop.
const ASKED: u16 = 1 << 3;
const DROPPED: u16 = 1 << 4;
/// The machine no longer waits for it.
const GIVEN_UP: u16 = 1 << 5;
const LOST: u16 = 1 << 6;
/// Its value is kept.
const VALUE: u16 = 1 << 7;
/// Its value is being dropped.
const RELEASING: u16 = 1 << 8;
/// It waits to be polled once.
const TURN: u16 = 1 << 9;
/// It has failed in this incarnation, before its future has ended.
const HAS_FAILED: u16 = 1 << 10;
/// It is not in the present plan or, if there is one, the next.
const OUT: u16 = 1 << 11;

/// A new plan has added it.
const NEW: u16 = 1 << 12;

/// Its teardown has failed or timed out, and it has not restarted since.
const UNFINISHED: u16 = 1 << 13;

/// The reason of its failure has happened.
const EXPLAINED: u16 = 1 << 14;

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Launch,
    GoOn,
    Up(UnitIndex),
    Failed(UnitIndex, Fault),
    Unexplained(UnitIndex, Fault),
    Ended(UnitIndex, Ending),
    Deadline(UnitIndex),
    Starved(UnitIndex),
    HadTurn(UnitIndex),
    Forgive(Counted),
    Restarted(UnitIndex),
    Extend(UnitIndex),
    Shutdown(u8),
    Force,
    Restart(UnitIndex),
    RestartAll,
    /// A new plan, with other arguments of this unit.
    Change(UnitIndex),
    /// A new plan without this unit, and with other arguments of the next.
    Remove(UnitIndex),
    /// A new plan with this unit again.
    Add(UnitIndex),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    units: [u16; MOST],
    /// The number of restarts that still count, of each unit and of the group.
    unforgiven: [u8; MOST + 1],
    launched: bool,
    forced: bool,
    was_up: bool,
    calls: u8,
    /// The calls that are not answered, as bits.
    open_calls: u8,
    /// For each call, the unit that it restarts, if it names one.
    named: [Option<UnitIndex>; MOST],
    report: Report,
}

/// The part of the state before a step that is compared with the state after it.
pub(super) struct Before {
    pub(super) phases: [Phase; MOST],
    pub(super) goals: [Goal; MOST],
    pub(super) flags: [u8; MOST],
    pub(super) unforgiven: [u8; MOST + 1],
    pub(super) is_stopping: bool,
    verdict: Option<ExitCode>,
    /// Failures that wait for the unit's own error.
    pub(super) withheld: [Option<Withheld>; MOST],
    /// The unit that the step names was dropped after a second signal.
    pub(super) is_dropped: bool,
    /// The unit was up, and neither asked to stop nor dropped.
    pub(super) is_on_its_own: bool,
    /// The unit waited to be polled once.
    pub(super) has_turn: bool,
    /// The units that are not in the present plan or, if there is one, the next, as bits.
    out: u8,
}

impl Before {
    pub(super) fn is_out(&self, unit: UnitIndex) -> bool {
        self.out & 1 << unit.0 != 0
    }
}

pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

impl World {
    /// Returns the part that matters once the app stops: of a unit that has ended, whether it is still to be judged.
    pub(super) fn while_stopping(&self) -> ([u16; MOST], bool, Report) {
        let is_over = |flags: u16| flags & (ALIVE | VALUE | RELEASING) == 0;
        let left = |flags: u16| if is_over(flags) { flags & UNFINISHED } else { flags & !(NEW | OUT) };
        (self.units.map(left), self.forced, self.report)
    }

    /// Returns whether another restart by hand or new plan may be requested.
    pub(super) fn may_call(&self, case: &Case) -> bool {
        self.calls < case.features.calls
    }

    fn has(&self, unit: UnitIndex, flag: u16) -> bool {
        self.units[unit.at()] & flag != 0
    }

    /// Adds all possible next steps, without orders of steps that have the same effect.
    pub(super) fn steps(&self, case: &Case, machine: &Machine, all_orders: bool, steps: &mut Vec<Step>) {
        if machine.app() == AppPhase::Over {
            return;
        }
        let plan = &machine.plan;
        if !self.launched {
            steps.push(Step::Launch);
        }
        steps.extend(machine.goes_on().then_some(Step::GoOn));
        if !machine.is_stopping() {
            steps.push(Step::Shutdown(0));
            steps.extend(case.features.exits.then_some(Step::Shutdown(75)));
        }
        if !self.forced {
            steps.push(Step::Force);
        }
        if self.launched && !machine.is_stopping() {
            self.requests(case, machine, steps);
        }
        let may_forgive = |(_, left): &(usize, &u8)| **left > 0 && !machine.is_stopping();
        for (place, _) in self.unforgiven.iter().enumerate().filter(may_forgive) {
            let unit = u32::try_from(place).expect("few units");
            steps.push(Step::Forgive(match place {
                MOST => Counted::Group(crate_machine::plan::GroupIndex(0)),
                _ => Counted::Unit(UnitIndex(unit)),
            }));
        }
        for unit in plan.all() {
            let known = steps.len();
            self.steps_of(case, machine, unit, steps);
            // After a second signal no unit waits for another.
            if !all_orders && self.forced && steps.len() > known && !self.has(unit, GIVEN_UP) {
                break;
            }
        }
    }

    fn requests(&self, case: &Case, machine: &Machine, steps: &mut Vec<Step>) {
        if !self.may_call(case) {
            return;
        }
        for unit in machine.plan.all() {
            if unit.0 == 0 {
                steps.extend(case.features.restarts_all.then_some(Step::RestartAll));
            }
            if !case.features.concern(unit) {
                continue;
            }
            if !self.has(unit, OUT) {
                steps.extend(case.features.restarts.then_some(Step::Restart(unit)));
            }
            // A plan is refused while the app starts, or while another plan waits.
            if case.features.plans {
                if self.has(unit, OUT) {
                    steps.push(Step::Add(unit));
                } else {
                    steps.extend([Step::Change(unit), Step::Remove(unit)]);
                }
            }
        }
    }

    fn steps_of(&self, case: &Case, machine: &Machine, unit: UnitIndex, steps: &mut Vec<Step>) {
        let (flags, spec) = (self.units[unit.at()], machine.plan.spec(unit));
        if flags & ARMED != 0 {
            steps.push(Step::Deadline(unit));
            let may_starve = case.features.starves
                && case.features.concern(unit)
                && flags & (ALIVE | RELEASING) != 0
                && flags & TURN == 0;
            steps.extend(may_starve.then_some(Step::Starved(unit)));
        }
        if flags & TURN != 0 {
            steps.push(Step::HadTurn(unit));
        }
        if flags & RELEASING != 0 && flags & GIVEN_UP == 0 {
            steps.extend([Ending::Dropped, Ending::Failed].map(|ending| Step::Ended(unit, ending)));
        }
        if flags & ALIVE == 0 {
            return;
        }
        let is_context = spec.kind == Kind::Context;
        let says_up = spec.kind == Kind::Task || is_context && !case.returns_value(unit);
        if says_up && flags & UP == 0 {
            steps.push(Step::Up(unit));
        }
        steps.extend((case.features.extends && flags & UP == 0).then_some(Step::Extend(unit)));
        if case.features.fails && case.features.concern(unit) {
            self.failures_of(machine, unit, steps);
        }
        let in_place = case.features.in_place && flags & (UP | ASKED | DROPPED) == UP;
        steps.extend((in_place && spec.restart.is_some() && spec.kind == Kind::Task).then_some(Step::Restarted(unit)));
        let value = case.returns_value(unit) && flags & UP == 0;
        steps.extend([
            Step::Ended(unit, if value { Ending::Value } else { Ending::Returned }),
            Step::Ended(unit, Ending::Failed),
        ]);
        if flags & DROPPED != 0 || case.features.cut_off {
            steps.push(Step::Ended(unit, Ending::Dropped));
        }
    }

    /// Adds failures of a unit whose future has not ended: one of its own in each incarnation, and then the reason.
    fn failures_of(&self, machine: &Machine, unit: UnitIndex, steps: &mut Vec<Step>) {
        let (flags, spec, phase) = (self.units[unit.at()], machine.plan.spec(unit), machine.phase(unit));
        let is_context = spec.kind == Kind::Context;
        if flags & HAS_FAILED != 0 {
            let may_explain = flags & EXPLAINED == 0 && machine.withheld.contains_key(&unit);
            steps.extend(may_explain.then_some(Step::Failed(unit, Fault::Own)));
            return;
        }
        if is_context && flags & UP != 0 {
            steps.push(Step::Failed(unit, Fault::ResourceLost));
            let lets_go = phase == Phase::Up;
            let unexplained = [Some(Fault::ResourceLost), lets_go.then_some(Fault::GaveUp)];
            steps.extend(unexplained.into_iter().flatten().map(|fault| Step::Unexplained(unit, fault)));
        }
        if phase == Phase::Starting && spec.up_when == UpWhen::Notified && !is_context {
            steps.push(Step::Unexplained(unit, Fault::NeverReady));
        }
        steps.push(Step::Failed(unit, Fault::Own));
    }

    /// Takes one step. Returns the violation, if there is one.
    pub(super) fn take(
        &mut self,
        case: &Case,
        machine: &mut Machine,
        step: Step,
        commands: &mut Commands,
    ) -> Result<(), String> {
        let before = self.before(machine, step);
        commands.clear();
        self.note(machine, step);
        self.hand_in(case, machine, step, commands);
        self.carry_out(machine, &before, step, commands)?;
        compare(machine, &before, step, commands)?;
        self.report.read(machine, &before, step, commands)?;
        if machine.app() == AppPhase::Over {
            self.report.finish(machine)?;
        }
        self.check(machine)
    }

    fn before(&self, machine: &Machine, step: Step) -> Before {
        let flags = match step {
            Step::Up(unit) | Step::Ended(unit, _) | Step::Deadline(unit) => self.units[unit.at()],
            _ => 0,
        };
        let mut before = Before {
            phases: [Phase::Waiting; MOST],
            goals: [Goal::Run; MOST],
            flags: [0; MOST],
            unforgiven: self.unforgiven,
            is_stopping: machine.is_stopping(),
            verdict: machine.verdict,
            withheld: [None; MOST],
            is_dropped: self.forced && flags & DROPPED != 0,
            is_on_its_own: flags & (UP | ASKED | DROPPED) == UP,
            has_turn: flags & TURN != 0,
            out: 0,
        };
        for unit in machine.plan.all() {
            let standing = machine.standing(unit);
            before.phases[unit.at()] = standing.phase;
            before.goals[unit.at()] = standing.goal;
            before.flags[unit.at()] = standing.flags;
            before.withheld[unit.at()] = machine.withheld.get(&unit).copied();
            before.out |= u8::from(self.has(unit, OUT)) << unit.0;
        }
        before
    }

    fn hand_in(&mut self, case: &Case, machine: &mut Machine, step: Step, commands: &mut Commands) {
        let call = CallId(u32::from(self.calls));
        let is_call =
            matches!(step, Step::Restart(_) | Step::RestartAll | Step::Change(_) | Step::Remove(_) | Step::Add(_));
        if is_call {
            self.open_calls |= 1 << self.calls;
            self.named[usize::from(self.calls)] = match step {
                // A unit of the next plan starts with that plan.
                Step::Restart(unit) => machine.plan.runs(unit).then_some(unit),
                _ => None,
            };
            self.calls += 1;
        }
        let mut replace = |world: &Self, changed: &[UnitIndex]| {
            let plan = Arc::new(case.plan_without(|unit| world.has(unit, OUT)));
            machine.handle(Input::Replace { call, plan: &plan, changed }, 0, commands);
        };
        let input = match step {
            Step::Launch => Input::Launch,
            Step::Up(unit) => Input::Up(unit),
            Step::Failed(unit, fault) => Input::Failed(unit, fault),
            Step::Unexplained(unit, fault) => Input::Unexplained(unit, fault),
            Step::Ended(unit, ending) => Input::Ended(unit, ending),
            Step::Deadline(unit) => Input::Deadline(unit),
            Step::Starved(unit) => Input::Starved(unit),
            Step::HadTurn(unit) => Input::HadTurn(unit),
            Step::Forgive(counted) => Input::Forgive(counted),
            Step::Restarted(unit) => Input::RestartedInPlace(unit, 0),
            Step::Extend(unit) => Input::Extend(unit, 30),
            Step::Shutdown(code) => Input::Shutdown(code),
            Step::Force => Input::Force(2),
            Step::GoOn => Input::GoOn,
            Step::Restart(unit) => return machine.handle(Input::Restart { call, units: &[unit] }, 0, commands),
            Step::RestartAll => {
                let all: Vec<UnitIndex> = machine.plan.all().collect();
                return machine.handle(Input::Restart { call, units: &all }, 0, commands);
            }
            Step::Change(unit) => return replace(self, &[unit]),
            Step::Remove(unit) | Step::Add(unit) => {
                // A unit that uses the resource of an added unit restarts; one that is only `after` a task does not.
                let plan = case.plan_without(|unit| self.has(unit, OUT));
                let holders: Vec<UnitIndex> = match plan.spec(unit).kind {
                    Kind::Context | Kind::Once if step == Step::Add(unit) => {
                        plan.followers(&[unit]).into_iter().filter(|other| *other != unit).collect()
                    }
                    _ if case.features.plans_mix && step == Step::Remove(unit) => {
                        plan.all().filter(|&other| other.0 == unit.0 + 1 && plan.runs(other)).collect()
                    }
                    _ => Vec::new(),
                };
                replace(self, &holders);
                let is_refused = |command: &Command| matches!(command, Command::Answer(of, Answer::Stuck(_) | Answer::NotNow) if *of == call);
                if commands.iter().any(is_refused) {
                    self.units[unit.at()] = (self.units[unit.at()] ^ OUT) & !NEW;
                } else if matches!(step, Step::Remove(_)) {
                    self.named = self.named.map(|named| named.filter(|named| *named != unit));
                }
                return;
            }
        };
        machine.handle(input, 0, commands);
    }

    /// Notes the direct effects of the step.
    fn note(&mut self, machine: &Machine, step: Step) {
        let is_context = |unit: UnitIndex| machine.plan.spec(unit).kind == Kind::Context;
        match step {
            Step::Launch => self.launched = true,
            Step::Force => self.forced = true,
            Step::Deadline(unit) => self.units[unit.at()] &= !(ARMED | TURN),
            Step::Starved(unit) => self.units[unit.at()] &= !ARMED,
            Step::HadTurn(unit) => self.units[unit.at()] &= !TURN,
            // A task that was up before is up again.
            Step::Unexplained(unit, Fault::NeverReady) if machine.standing(unit).has(KEPT) => {
                self.units[unit.at()] |= UP;
            }
            Step::Failed(unit, fault) | Step::Unexplained(unit, fault) => {
                let lost = if matches!(fault, Fault::ResourceLost | Fault::GaveUp) { LOST } else { 0 };
                let explained = if self.has(unit, HAS_FAILED) { EXPLAINED } else { 0 };
                self.units[unit.at()] |= HAS_FAILED | lost | explained;
            }
            Step::Forgive(Counted::Unit(unit)) => self.unforgiven[unit.at()] -= 1,
            Step::Forgive(Counted::Group(_)) => self.unforgiven[MOST] -= 1,
            Step::Up(unit) => {
                let flags = &mut self.units[unit.at()];
                *flags |= UP;
                // It provided before the drop, so it was not dropped.
                if is_context(unit) && !self.forced {
                    *flags &= !DROPPED;
                }
            }
            Step::Ended(unit, ending) => {
                let flags = &mut self.units[unit.at()];
                let value = if ending == Ending::Value { VALUE } else { 0 };
                *flags = *flags & (ARMED | OUT | TURN | NEW | UNFINISHED) | value;
            }
            Step::Remove(unit) => self.units[unit.at()] |= OUT,
            Step::Add(unit) => self.units[unit.at()] = self.units[unit.at()] & !OUT | NEW,
            Step::GoOn
            | Step::Restarted(_)
            | Step::Extend(_)
            | Step::Shutdown(_)
            | Step::Restart(_)
            | Step::RestartAll
            | Step::Change(_) => {}
        }
    }

    fn carry_out(&mut self, machine: &Machine, before: &Before, step: Step, commands: &Commands) -> Result<(), String> {
        let mut expected = before.verdict;
        let (mut stopping, mut withheld) = (before.is_stopping, before.withheld);
        match step {
            Step::Force if !stopping || expected.is_none() => _ = expected.get_or_insert(ExitCode::Forced(2)),
            Step::Shutdown(code @ 1..) => _ = expected.get_or_insert(ExitCode::Asked(code)),
            // It has its consequences at once, and is reported later.
            Step::Unexplained(unit, fault) => {
                let withheld = machine.withheld.get(&unit).filter(|_| before.withheld[unit.at()].is_none());
                let judged = withheld
                    .map(|Withheld { failure, .. }| (failure.severity, self.code(machine, unit, fault, failure.stage)));
                match judged {
                    Some((Severity::Full, code)) => _ = expected.get_or_insert(code),
                    Some((Severity::Recovered, ExitCode::Incomplete)) => self.units[unit.at()] |= UNFINISHED,
                    _ => {}
                }
            }
            _ => {}
        }
        for command in commands {
            if let Some((unit, until)) = command.deadline() {
                let flags = &mut self.units[unit.at()];
                *flags = if until == NEVER { *flags & !ARMED } else { *flags | ARMED };
            }
            match *command {
                Command::Spawn { unit, .. } => {
                    ensure(!stopping, || format!("{unit:?} starts after shutdown"))?;
                    self.spawn(machine, unit)?;
                }
                Command::Stop(unit, _) => self.stop(machine, unit, stopping)?,
                Command::Drop(unit, _) | Command::DropSetup(unit, _) => self.drop_unit(machine, unit)?,
                Command::Release(unit, _) => self.release(machine, unit)?,
                Command::GiveTurn(unit) => self.units[unit.at()] |= TURN,
                Command::Forgive(Counted::Unit(unit), _) => self.unforgiven[unit.at()] += 1,
                Command::Forgive(Counted::Group(_), _) => self.unforgiven[MOST] += 1,
                Command::ForgetForgiving(Counted::Unit(unit)) => self.unforgiven[unit.at()] = 0,
                Command::ForgetForgiving(Counted::Group(_)) => self.unforgiven[MOST] = 0,
                Command::Failure { unit, ref failure, explains } => {
                    let Judged { stage, fault: reported, severity, .. } = **failure;
                    fits(unit, severity, stopping)?;
                    let fault = withheld[unit.at()].take().filter(|withheld| explains || !withheld.is_reported);
                    let fault = fault.map_or(reported, |withheld| withheld.failure.fault);
                    let code = self.code(machine, unit, fault, stage);
                    match severity {
                        Severity::Full => {
                            ensure(machine.is_stopping(), || format!("{unit:?} has failed, and the app goes on"))?;
                            expected.get_or_insert(code);
                        }
                        Severity::Recovered if code == ExitCode::Incomplete => self.units[unit.at()] |= UNFINISHED,
                        _ => {}
                    }
                }
                Command::SetSeverity(unit, severity) => {
                    ensure(severity != Severity::Recovered, || format!("{unit:?} recovers after all"))?;
                    // A failure of its present incarnation that is not reported yet is checked below.
                    let is_earlier = before.withheld[unit.at()].is_some_and(|withheld| !withheld.is_reported);
                    let is_finished = !self.has(unit, UNFINISHED) || severity != Severity::Unrecovered;
                    ensure(is_finished || is_earlier, || format!("the teardown of {unit:?} is forgotten"))?;
                    self.units[unit.at()] &= !if is_earlier { 0 } else { UNFINISHED };
                    if severity == Severity::Full {
                        expected.get_or_insert(ExitCode::Incomplete);
                    }
                }
                Command::Restarting { unit, .. } | Command::RestartingPart { unit, .. } => {
                    ensure(!stopping, || format!("a restart of {unit:?} is reported that does not come"))?;
                }
                Command::AppUp => {
                    ensure(!self.was_up && !stopping, || "the app comes up twice".into())?;
                    self.was_up = true;
                }
                Command::AppStopping(_) => {
                    ensure(!stopping, || "the app stops twice".into())?;
                    stopping = true;
                }
                Command::Answer(CallId(call), answer) => self.answered(machine, call, answer)?,
                Command::Finish(code) => {
                    ensure(code == machine.exit_code(), || "two exit codes".into())?;
                    self.finish(machine)?;
                }
                Command::Phase(unit, _, phase) => {
                    let flags = &mut self.units[unit.at()];
                    *flags = *flags & !TURN | if matches!(phase, Phase::Stuck(_)) { GIVEN_UP } else { 0 };
                }
                Command::Deadline(..) | Command::PlanInPlace => {}
            }
        }
        for unit in machine.plan.all() {
            let was = before.withheld[unit.at()].map(|withheld| withheld.failure.severity);
            let is = machine.withheld.get(&unit).filter(|withheld| !withheld.is_reported);
            let is = is.map(|withheld| withheld.failure.severity).filter(|severity| *severity != Severity::Recovered);
            let (Some(Severity::Recovered), Some(severity)) = (was, is) else { continue };
            let is_finished = !self.has(unit, UNFINISHED) || matches!(severity, Severity::Full | Severity::Ignored);
            ensure(is_finished, || {
                format!("the teardown of {unit:?} is forgotten, and its failure waits for the unit's own error")
            })?;
            self.units[unit.at()] &= !UNFINISHED;
            if severity == Severity::Full {
                expected.get_or_insert(ExitCode::Incomplete);
            }
        }
        ensure(machine.verdict == expected, || format!("the exit code is {:?}, not {expected:?}", machine.verdict))
    }

    fn spawn(&mut self, machine: &Machine, unit: UnitIndex) -> Result<(), String> {
        let kept = machine.standing(unit).has(KEPT);
        ensure(!self.has(unit, ALIVE | VALUE | RELEASING), || format!("{unit:?} runs twice at once"))?;
        ensure(!self.has(unit, OUT), || format!("{unit:?} starts, and is in no plan"))?;
        ensure(kept || self.has(unit, NEW) || !self.is_used(&machine.plan, unit), || {
            format!("{unit:?} starts while its earlier incarnation is used")
        })?;
        let missing = needed(&machine.plan, unit).into_iter().find(|&other| !self.is_there(machine, other));
        ensure(missing.is_none(), || format!("{unit:?} starts before {missing:?}, which it needs, is there"))?;
        self.named = self.named.map(|named| named.filter(|named| *named != unit));
        let flags = &mut self.units[unit.at()];
        *flags = ALIVE | *flags & (ARMED | NEW);
        Ok(())
    }

    /// Returns whether the resource of a unit is there, or the unit has ended.
    fn is_there(&self, machine: &Machine, unit: UnitIndex) -> bool {
        let (flags, phase) = (self.units[unit.at()], machine.phase(unit));
        let gives = flags & UP != 0 && flags & (ALIVE | ASKED | DROPPED | LOST) == ALIVE
            || flags & (VALUE | RELEASING) == VALUE;
        let is_over = flags & ALIVE == 0 || flags & GIVEN_UP != 0;
        gives || machine.standing(unit).has(KEPT) || is_over && matches!(phase, Phase::Ended(_) | Phase::Stuck(_))
    }

    /// Returns whether a unit or a value may still hold the resource of this unit.
    fn is_used(&self, plan: &Plan, unit: UnitIndex) -> bool {
        plan.all().filter(|&user| needed(plan, user).contains(&unit)).any(|user| self.is_left(user))
    }

    /// Returns whether the resource of this unit may be held, even through a context that ended before its users.
    fn is_held(&self, plan: &Plan, unit: UnitIndex) -> bool {
        let is_context = |user: UnitIndex| plan.spec(user).kind == Kind::Context;
        let users = || plan.all().filter(|&user| needed(plan, user).contains(&unit));
        self.is_used(plan, unit) || users().any(|user| is_context(user) && self.is_held(plan, user))
    }

    fn is_left(&self, unit: UnitIndex) -> bool {
        let flags = self.units[unit.at()];
        flags & GIVEN_UP == 0 && flags & (ALIVE | VALUE | RELEASING) != 0
    }

    fn stop(&mut self, machine: &Machine, unit: UnitIndex, stopping: bool) -> Result<(), String> {
        let plan = &machine.plan;
        ensure(self.has(unit, ALIVE) && !self.has(unit, ASKED), || {
            format!("{unit:?} is asked to stop twice, or has ended")
        })?;
        let is_context = plan.spec(unit).kind == Kind::Context;
        // A task that fails before its future has ended is asked to stop at once.
        let may_be_used = !is_context && machine.standing(unit).has(FAILED);
        let is_used = if stopping { self.is_held(plan, unit) } else { self.is_used(plan, unit) };
        ensure(may_be_used || !is_used, || format!("{unit:?} is stopped before its users"))?;
        if stopping {
            let follower = plan.all().find(|&other| followed(plan, other).contains(&unit) && self.is_left(other));
            // One that has dropped its `Ready` was never up, and is about to be dropped.
            let is_going =
                machine.withheld.get(&unit).is_some_and(|withheld| withheld.failure.fault == Fault::NeverReady);
            ensure(is_going || follower.is_none(), || format!("{unit:?} stops before {follower:?}, which follows it"))?;
            if is_context {
                let before = |other: &UnitIndex| {
                    let is_context = plan.spec(*other).kind == Kind::Context;
                    let later = !plan.concurrent && is_context && plan.places[other.at()] > plan.places[unit.at()];
                    later || !is_context && plan.is_plain[other.at()] && self.has(*other, ALIVE)
                };
                let first = plan.all().filter(before).find(|&other| self.is_left(other));
                ensure(first.is_none(), || format!("{unit:?} is torn down before {first:?}"))?;
            }
        }
        self.units[unit.at()] |= ASKED;
        Ok(())
    }

    fn drop_unit(&mut self, machine: &Machine, unit: UnitIndex) -> Result<(), String> {
        let (flags, kind) = (self.units[unit.at()], machine.plan.spec(unit).kind);
        let had_its_time = kind != Kind::Context || flags & (UP | ASKED) != UP || self.forced;
        ensure(flags & ALIVE != 0, || format!("{unit:?} is dropped after its end"))?;
        ensure(had_its_time, || format!("{unit:?} is dropped without a teardown"))?;
        self.units[unit.at()] |= DROPPED;
        Ok(())
    }

    fn release(&mut self, machine: &Machine, unit: UnitIndex) -> Result<(), String> {
        ensure(self.has(unit, VALUE) && !self.has(unit, RELEASING), || format!("{unit:?} has nothing to release"))?;
        // The value of a unit that was given up comes too late to be used.
        let is_given_up = matches!(machine.phase(unit), Phase::Ended(_));
        let may_be_used = self.forced || is_given_up;
        ensure(may_be_used || !self.is_used(&machine.plan, unit), || format!("{unit:?} is released before its users"))?;
        self.units[unit.at()] = self.units[unit.at()] & !VALUE | if is_given_up { 0 } else { RELEASING };
        Ok(())
    }

    /// Returns the expected exit code for a failure that is the first cause.
    fn code(&self, machine: &Machine, unit: UnitIndex, fault: Fault, stage: Stage) -> ExitCode {
        let is_context = machine.plan.spec(unit).kind == Kind::Context;
        let too_slow = matches!(fault, Fault::TimedOut | Fault::Starved) && stage == Stage::Shutdown;
        let own = matches!(fault, Fault::Own | Fault::GaveUp | Fault::NothingProvided);
        let no_teardown = own && is_context && stage == Stage::Shutdown;
        if too_slow || no_teardown || matches!(fault, Fault::NotYielding | Fault::HeldUp | Fault::CutOff) {
            ExitCode::Incomplete
        } else if self.was_up || machine.plan.is_batch {
            ExitCode::Failed
        } else {
            ExitCode::NeverUp
        }
    }

    fn answered(&mut self, machine: &Machine, call: u32, answer: Answer) -> Result<(), String> {
        ensure(self.open_calls & 1 << call != 0, || format!("call {call} is answered twice"))?;
        self.open_calls &= !(1 << call);
        let named = self.named[call as usize].take();
        let is_right = match answer {
            // The named unit was started.
            Answer::Done => !machine.is_stopping() && named.is_none(),
            Answer::GoingDown => machine.is_stopping(),
            Answer::Stuck(unit) => matches!(machine.phase(unit), Phase::Stuck(_)),
            // If inputs are interrupted, the app may come up with the input that was refused.
            Answer::NotNow => machine.app() != AppPhase::Up || machine.next.is_some() || machine.stride < usize::MAX,
        };
        ensure(is_right, || format!("call {call} is answered {answer:?}"))
    }

    fn finish(&self, machine: &Machine) -> Result<(), String> {
        ensure(self.open_calls == 0, || "a caller has no answer".into())?;
        for unit in machine.plan.all() {
            ensure(!self.is_left(unit), || format!("{unit:?} has not ended"))?;
            let is_judged = !self.has(unit, UNFINISHED) || machine.verdict.is_some();
            ensure(is_judged, || format!("the teardown of {unit:?} is forgotten in the end"))?;
        }
        Ok(())
    }

    /// Checks that every wait ends, no possible step is missing, and the machine's state agrees with the world.
    fn check(&mut self, machine: &Machine) -> Result<(), String> {
        let mut moves = false;
        for unit in machine.plan.all() {
            let phase = machine.phase(unit);
            let flags = &mut self.units[unit.at()];
            if matches!(phase, Phase::Up | Phase::Held) {
                *flags &= !NEW;
            }
            if !machine.awaits_deadline(unit) {
                *flags &= !ARMED;
            }
            if !matches!(phase, Phase::Starting | Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_)) {
                *flags &= !TURN;
            }
            let flags = *flags;
            let alive = flags & (ALIVE | VALUE | RELEASING) != 0 && flags & GIVEN_UP == 0;
            ensure(alive == phase.is_alive(), || format!("{unit:?} is {phase:?}, and alive is {alive}"))?;
            let is_bounded = match phase {
                Phase::Stopping | Phase::Dropping(_) | Phase::BackingOff(_) | Phase::Releasing(_) => true,
                Phase::Starting => machine.plan.spec(unit).startup_limit != NEVER,
                _ => false,
            };
            ensure(!is_bounded || flags & ARMED != 0, || format!("{unit:?} may be {phase:?} for ever"))?;
            moves |= is_bounded || phase == Phase::Starting;
        }
        if machine.goes_on() {
            return Ok(());
        }
        machine.check()?;
        let rests = match machine.app() {
            AppPhase::Planned | AppPhase::Over => true,
            AppPhase::Up => self.open_calls == 0 && machine.is_at_rest(),
            AppPhase::Starting | AppPhase::Stopping => false,
        };
        ensure(moves || rests, || "no step is possible, and the run has not ended".into())
    }
}

/// Checks that the severity of a failure agrees with the state of the app.
fn fits(unit: UnitIndex, severity: Severity, stopping: bool) -> Result<(), String> {
    ensure(!stopping || severity != Severity::Recovered, || format!("{unit:?} recovers after shutdown"))?;
    ensure(stopping || !matches!(severity, Severity::Absorbed | Severity::Unrecovered), || {
        format!("{unit:?} is {severity:?} while the app is up")
    })
}

/// Checks that phases, events and failures agree.
fn compare(machine: &Machine, before: &Before, step: Step, commands: &Commands) -> Result<(), String> {
    let has_failed =
        |unit| commands.iter().any(|command| matches!(command, Command::Failure { unit: of, .. } if *of == unit));
    for unit in machine.plan.all() {
        let (was, is) = (before.phases[unit.at()], machine.phase(unit));
        let reported = commands.iter().rev().find_map(|command| match command {
            Command::Phase(of, _, phase) if *of == unit => Some(*phase),
            _ => None,
        });
        ensure(reported.unwrap_or(was) == is, || format!("{unit:?} is {is:?}, and the commands report {reported:?}"))?;
        let is_bad =
            matches!(is, Phase::Ended(Outcome::Failed | Outcome::TimedOut | Outcome::Starved) | Phase::Stuck(_));
        let is_known = was == is
            || matches!(was, Phase::BackingOff(_) | Phase::Pending(_) | Phase::Stuck(_))
            || was.is_alive() && machine.standing(unit).has(FAILED);
        ensure(!is_bad || is_known || has_failed(unit), || format!("{unit:?} has failed for no reason"))?;
        let waits = |withheld: Option<&Withheld>| withheld.is_some_and(|withheld| !withheld.is_reported);
        let (waited, still_waits) = (waits(before.withheld[unit.at()].as_ref()), waits(machine.withheld.get(&unit)));
        ensure(!waited || still_waits || has_failed(unit), || format!("the withheld failure of {unit:?} is lost"))?;
        let is_kept = machine.withheld.contains_key(&unit);
        ensure(!is_kept || is.is_alive(), || format!("{unit:?} is {is:?} and has a failure withheld"))?;
    }
    if let Step::Ended(unit, Ending::Failed) | Step::Failed(unit, Fault::Own) = step {
        let failure = commands.iter().find_map(|command| match command {
            Command::Failure { unit: of, failure, .. } if *of == unit => {
                Some((failure.stage, failure.severity, failure.exhausted))
            }
            _ => None,
        });
        let (phase, spec) = (before.phases[unit.at()], machine.plan.spec(unit));
        if let Some((stage, severity, exhausted)) = failure.filter(|_| before.withheld[unit.at()].is_none()) {
            let expected = match phase {
                Phase::Starting => stage == Stage::Startup,
                Phase::Up => stage != Stage::Startup,
                Phase::Stopping => stage == Stage::Shutdown,
                _ => true,
            };
            ensure(expected, || format!("{unit:?} failed while {phase:?}, and the command reports {stage:?}"))?;
            let restarts = spec.restart.is_some_and(|policy| policy.when != When::Temporary);
            let restarts = restarts && spec.kind != Kind::Context && !matches!(phase, Phase::Stuck(_));
            let is_absorbed = severity == Severity::Absorbed || exhausted;
            ensure(!(before.is_stopping && restarts) || is_absorbed, || format!("{unit:?} is not absorbed"))?;
        }
    }
    match step {
        Step::Ended(unit, Ending::Failed) | Step::Failed(unit, Fault::Own) => {
            let is_known = matches!(before.phases[unit.at()], Phase::Stuck(_)) && !matches!(step, Step::Ended(..));
            ensure(has_failed(unit) || is_known, || format!("a failure of {unit:?} is lost"))
        }
        Step::Failed(unit, Fault::ResourceLost) => {
            let is_known = before.is_stopping || matches!(before.phases[unit.at()], Phase::Stuck(_));
            ensure(has_failed(unit) || is_known, || format!("a loss of {unit:?} is lost"))
        }
        _ => Ok(()),
    }
}

/// Checks readiness and degradation against the state of each unit.
pub(super) fn check_readiness(case: &Case, machine: &Machine) -> Result<(), String> {
    let plan = &machine.plan;
    let counts = |unit: &UnitIndex| plan.spec(*unit).server || plan.spec(*unit).required;
    let mut needed_by_servers: Vec<UnitIndex> = plan.all().filter(counts).collect();
    let mut next = 0;
    while next < needed_by_servers.len() {
        let unit = needed_by_servers[next];
        for other in readiness_edges(case, plan, unit) {
            if !needed_by_servers.contains(&other) {
                needed_by_servers.push(other);
            }
        }
        next += 1;
    }
    let recovers = |unit: UnitIndex| {
        let is_over = matches!(machine.seen(unit), Seen::Ended(_)) && !machine.phase(unit).is_alive();
        let is_bad = |outcome: Outcome| outcome.is_bad() || machine.standing(unit).has(FAILED);
        let has_failed = plan.spec(unit).runs && machine.phase(unit).outcome().is_some_and(is_bad);
        let backs_off = machine.seen(unit) == Seen::BackingOff;
        machine.standing(unit).has(RECOVERING) && !is_over || backs_off || has_failed
    };
    let is_up = |unit: UnitIndex| {
        let settles = machine.phase(unit).is_settled() && machine.standing(unit).goal == Goal::Run;
        settles && !recovers(unit)
    };
    let is_app_up = machine.app() == AppPhase::Up;
    let ready = is_app_up && needed_by_servers.iter().all(|&unit| is_up(unit));
    ensure(machine.is_ready() == ready, || format!("ready is {}", machine.is_ready()))?;
    let is_other = |unit: &UnitIndex| !needed_by_servers.contains(unit);
    let degraded = is_app_up && plan.all().filter(is_other).any(recovers);
    ensure(machine.is_degraded() == degraded, || format!("degraded is {}", machine.is_degraded()))
}

fn readiness_edges(case: &Case, plan: &Plan, unit: UnitIndex) -> Vec<UnitIndex> {
    let mut others = needed(plan, unit);
    let is_live = |&&(from, to, edge): &&(u32, u32, Edge)| {
        from == unit.0 && edge == Edge::Live && plan.follows.forwards.slice(from).contains(&to)
    };
    others.extend(case.draft.edges.iter().filter(is_live).map(|&(_, to, _)| UnitIndex(to)));
    others
}

/// Returns the units that a unit needs, also through barriers.
pub(super) fn needed(plan: &Plan, unit: UnitIndex) -> Vec<UnitIndex> {
    next_units(plan, &plan.needs.forwards, unit)
}

fn followed(plan: &Plan, unit: UnitIndex) -> Vec<UnitIndex> {
    next_units(plan, &plan.follows.forwards, unit)
}

fn next_units(plan: &Plan, along: &crate::base::Neighbours, unit: UnitIndex) -> Vec<UnitIndex> {
    let (mut open, mut found) = (along.slice(unit.0).to_vec(), Vec::new());
    while let Some(node) = open.pop() {
        match plan.unit(node) {
            Some(unit) => found.push(unit),
            None => open.extend_from_slice(along.slice(node)),
        }
    }
    found
}
