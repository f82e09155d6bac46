//! Stories: sequences of inputs, with the commands that the machine returns.

mod failures;
mod parts;
mod restarts;
mod startup;
mod stopping;

use std::fmt::Write;
use std::sync::Arc;

use super::plan::{Draft, Edge, Group, GroupIndex, Kind, Plan, Restart, Strategy, UnitIndex, UnitSpec, When};
use super::{Answer, CallId, Command, Commands, Ending, Fault, Input, Judged, Machine, NEVER, Nanos, Phase, Seen};
use crate::base::Outcome;

const SECOND: Nanos = 1_000_000_000;

const A: UnitIndex = UnitIndex(0);
const B: UnitIndex = UnitIndex(1);
const C: UnitIndex = UnitIndex(2);
const D: UnitIndex = UnitIndex(3);

fn task() -> UnitSpec {
    UnitSpec::new(Kind::Task)
}

fn context() -> UnitSpec {
    UnitSpec::new(Kind::Context)
}

fn once() -> UnitSpec {
    UnitSpec::new(Kind::Once)
}

/// Returns a policy whose delays are 1, 2, 4 and 4 s.
#[expect(clippy::unnecessary_wraps, reason = "it is what a unit declares")]
fn restarts(when: When, intensity: u32) -> Option<Restart> {
    let delays = (SECOND, 4 * SECOND);
    Some(Restart { when, intensity, period: 30 * SECOND, delays, jitter: 0, reset_after: 60 * SECOND })
}

fn at_once(when: When, intensity: u32) -> Option<Restart> {
    restarts(when, intensity).map(|policy| Restart { delays: (0, 0), ..policy })
}

/// Returns a draft of units in start order, with these edges from a unit to its dependency.
fn draft<const UNITS: usize>(units: [UnitSpec; UNITS], edges: &[(UnitIndex, UnitIndex, Edge)]) -> Draft {
    Draft {
        order: (0..).map(UnitIndex).take(UNITS).collect(),
        specs: units.into(),
        units: (0..).take(UNITS).collect(),
        edges: edges.iter().map(|&(unit, other, edge)| (unit.0, other.0, edge)).collect(),
        stop_limit: 25 * SECOND,
        ..Draft::default()
    }
}

/// Returns a draft whose units are all members of one group.
fn grouped<const UNITS: usize>(strategy: Strategy, intensity: u32, mut units: [UnitSpec; UNITS]) -> Draft {
    for unit in &mut units {
        unit.group = Some(GroupIndex(0));
        unit.restart = unit.restart.or(at_once(When::Transient, 3));
    }
    let members = (0..).map(UnitIndex).take(UNITS).collect();
    Draft { groups: vec![Group { strategy, intensity, period: 30 * SECOND, members }], ..draft(units, &[]) }
}

/// A machine whose clock the test moves.
struct Story {
    machine: Machine,
    now: Nanos,
    commands: Commands,
}

impl Story {
    fn of(draft: Draft) -> Self {
        Self { machine: Machine::new(Arc::new(Plan::new(draft))), now: 0, commands: Commands::new() }
    }

    /// Launches all units: each is up as soon as it is started, and `once` tasks have returned.
    fn up(draft: Draft) -> Self {
        let mut story = Self::of(draft);
        story.send(Input::Launch);
        while let Some(unit) = story.starting() {
            match story.machine.plan.spec(unit).kind {
                Kind::Once => story.send(Input::Ended(unit, Ending::Returned)),
                _ => story.send(Input::Up(unit)),
            };
        }
        story
    }

    fn starting(&self) -> Option<UnitIndex> {
        self.machine.plan.all().find(|&unit| self.machine.phase(unit) == Phase::Starting)
    }

    /// Returns the commands that follow from this input as text, without timers and phases.
    fn send(&mut self, input: Input<'_>) -> String {
        self.commands.clear();
        self.machine.handle(input, self.now, &mut self.commands);
        let checked = if self.machine.goes_on() { Ok(()) } else { self.machine.check() };
        checked.and_then(|()| self.machine.check_counts()).expect("nothing that may go on waits");
        let mut words = String::new();
        for command in &self.commands {
            let word = word(command);
            if !word.is_empty() {
                write!(words, "{}{word}", if words.is_empty() { "" } else { ", " }).expect("a string takes all");
            }
        }
        words
    }

    fn launch(&mut self) -> String {
        self.send(Input::Launch)
    }

    fn is_up(&mut self, unit: UnitIndex) -> String {
        self.send(Input::Up(unit))
    }

    fn returns(&mut self, unit: UnitIndex) -> String {
        self.send(Input::Ended(unit, Ending::Returned))
    }

    fn returns_a_value(&mut self, unit: UnitIndex) -> String {
        self.send(Input::Ended(unit, Ending::Value))
    }

    fn fails(&mut self, unit: UnitIndex) -> String {
        self.send(Input::Ended(unit, Ending::Failed))
    }

    /// Ends a unit that was dropped.
    fn is_dropped(&mut self, unit: UnitIndex) -> String {
        self.send(Input::Ended(unit, Ending::Dropped))
    }

    /// Makes a unit fail whose future has not ended.
    fn breaks(&mut self, unit: UnitIndex, fault: Fault) -> String {
        self.send(Input::Failed(unit, fault))
    }

    /// Makes a unit fail whose own error may be the reason.
    fn breaks_unexplained(&mut self, unit: UnitIndex, fault: Fault) -> String {
        self.send(Input::Unexplained(unit, fault))
    }

    fn deadline(&mut self, unit: UnitIndex) -> String {
        self.send(Input::Deadline(unit))
    }

    fn shutdown(&mut self) -> String {
        self.send(Input::Shutdown(0))
    }

    fn restart(&mut self, call: u32, units: &[UnitIndex]) -> String {
        self.send(Input::Restart { call: CallId(call), units })
    }

    fn replace(&mut self, call: u32, draft: Draft, changed: &[UnitIndex]) -> String {
        self.send(Input::Replace { call: CallId(call), plan: &Arc::new(Plan::new(draft)), changed })
    }

    fn seen(&self, unit: UnitIndex) -> Seen {
        self.machine.seen(unit)
    }

    /// Returns the end of the time that this unit has to stop.
    fn stop_end(&self, unit: UnitIndex) -> Option<Nanos> {
        self.machine.stop_end(unit, self.now)
    }

    /// Returns the deadline that the last commands have set for this unit.
    fn limit(&self, unit: UnitIndex) -> Option<Nanos> {
        let mut deadlines = self.commands.iter().rev().filter_map(Command::deadline);
        deadlines.find_map(|(of, until)| (of == unit && until != NEVER).then_some(until))
    }
}

fn word(command: &Command) -> String {
    match command {
        Command::Spawn { unit, .. } => format!("spawn {unit:?}"),
        Command::Stop(unit, _) => format!("stop {unit:?}"),
        Command::Drop(unit, _) => format!("drop {unit:?}"),
        Command::DropSetup(unit, _) => format!("drop setup {unit:?}"),
        Command::Release(unit, _) => format!("release {unit:?}"),
        Command::GiveTurn(unit) => format!("give turn {unit:?}"),
        Command::Failure { unit, failure, explains } => {
            let Judged { stage, fault, severity, exhausted, .. } = **failure;
            let explains = if *explains { " explains" } else { "" };
            let exhausted = if exhausted { " exhausted" } else { "" };
            format!("{unit:?} failed: {stage:?} {fault:?} {severity:?}{exhausted}{explains}")
        }
        Command::SetSeverity(unit, severity) => format!("{unit:?} weighs {severity:?}"),
        Command::Restarting { unit, number, delay } => format!("{unit:?} restarts #{number} in {}s", delay / SECOND),
        Command::RestartingPart { unit, others, reason } => {
            let others = others.iter().fold(String::new(), |text, other| format!("{text}, with {other:?}"));
            format!("part {unit:?} {reason:?}{others}")
        }
        Command::AppUp => "app up".into(),
        Command::AppStopping(cause) => format!("stopping {cause:?}"),
        Command::PlanInPlace => "plan in place".into(),
        Command::Answer(CallId(call), Answer::Done) => format!("call {call} done"),
        Command::Answer(CallId(call), answer) => format!("call {call} {answer:?}"),
        Command::Finish(code) => format!("finish {}", code.number()),
        Command::Deadline(..) | Command::Forgive(..) | Command::ForgetForgiving(_) | Command::Phase(..) => {
            String::new()
        }
    }
}
