//! Random histories of larger plans. A history that breaks an invariant is shortened as far as possible.

use std::fmt::Write;

use super::super::plan::{Kind, UnitIndex};
use super::super::{AppPhase, Command, Commands, Ending, Machine, Phase};
use super::mutants::Mutant;
use super::plans::{Case, Random, random_case};
use super::search::{Found, Violation};
use super::world::{Step, World, check_readiness};
use crate::machine::phase::Goal;

/// The number of steps after which shutdown follows soon.
const LONG: usize = 100;
/// The maximum number of steps, far more than a history takes.
const MOST_STEPS: usize = 5_000;

/// Explores this many histories, each of another plan with four to eight units.
pub(super) fn wander(seed: u64, histories: u64, mutant: Option<Mutant>, found: &mut Found) -> Result<(), String> {
    for number in 0..histories {
        let mut random = Random(seed.wrapping_add(number).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let units = 3 + u32::try_from(random.below(6)).expect("few units");
        let case = random_case(&mut random, units);
        if let Err(violation) = history(&case, &mut random, mutant, found) {
            let (case, violation) = shrink(case, violation, mutant);
            return Err(format!("history {number} of seed {seed}: {}", report(&case, &violation, mutant)));
        }
    }
    Ok(())
}

/// Explores one history until the run has ended. Steps that end a unit or the app are rare, so that the history is
/// long.
fn history(case: &Case, random: &mut Random, mutant: Option<Mutant>, found: &mut Found) -> Result<(), Violation> {
    let (mut machine, mut world) = (machine(case, mutant), World::default());
    let (mut commands, mut steps, mut past) = (Commands::new(), Vec::new(), Vec::new());
    let haste = [2, 10, 50][random.below(3)];
    // Most units come up, so that the history goes beyond the startup and plans are replaced.
    let haste_before = if random.one_in(4) { haste } else { 200 };
    world.steps(case, &machine, true, &mut steps);
    while machine.app() != AppPhase::Over {
        let step = steps[random.below(steps.len())];
        let is_enough = past.len() > LONG && matches!(step, Step::Shutdown(_));
        let haste = if machine.was_up() { haste } else { haste_before };
        if !is_enough && !random.one_in(rarity(&machine, step, haste)) {
            continue;
        }
        past.push(step);
        found.transitions += 1;
        let checked = world.take(case, &mut machine, step, &mut commands);
        let checked = checked.and_then(|()| match random.below(8) {
            0 => machine.check_counts().and_then(|()| check_readiness(case, &machine)),
            _ => Ok(()),
        });
        let checked = checked.and_then(|()| match past.len() {
            MOST_STEPS => Err("the history does not end".to_owned()),
            _ => Ok(()),
        });
        if let Err(what) = checked {
            return Err(Violation { what, steps: past });
        }
        steps.clear();
        world.steps(case, &machine, true, &mut steps);
    }
    found.plans += 1;
    Ok(())
}

/// Returns `n` for a step that is taken in one of `n` cases in which it is possible.
fn rarity(machine: &Machine, step: Step, haste: usize) -> usize {
    match step {
        Step::Force | Step::Shutdown(_) => 20 * haste,
        _ if machine.is_stopping() => 1,
        // A unit comes up with it.
        Step::Ended(unit, Ending::Value) if machine.phase(unit) == Phase::Starting => 1,
        Step::Ended(unit, Ending::Returned) if is_starting_once(machine, unit) => 1,
        // A unit ends as it was asked to.
        Step::Ended(unit, Ending::Returned | Ending::Dropped) if is_going(machine, unit) => 1,
        Step::Ended(unit, _) | Step::Failed(unit, _) | Step::Unexplained(unit, _) => {
            let spec = machine.plan.spec(unit);
            let is_survived = spec.restart.is_some() || spec.ignores_failure;
            match machine.phase(unit) {
                Phase::Starting if is_survived => 4 * haste,
                _ if is_survived || machine.standing(unit).goal != Goal::Run => 8,
                _ => 10 * haste,
            }
        }
        Step::Restart(_) | Step::RestartAll | Step::Restarted(_) | Step::Extend(_) => 4,
        // The machine refuses it.
        Step::Change(_) | Step::Remove(_) | Step::Add(_) if !takes_plan(machine) => 100,
        Step::Change(_) | Step::Remove(_) | Step::Add(_) => 3,
        // A unit that comes up or ends too late stops the app, unless its failure is ignored.
        Step::Deadline(unit) | Step::Starved(unit) => match machine.phase(unit) {
            Phase::Starting | Phase::Dropping(_) | Phase::Releasing(_) => 10 * haste,
            Phase::Stopping => 4,
            _ => 1,
        },
        _ => 1,
    }
}

fn is_starting_once(machine: &Machine, unit: UnitIndex) -> bool {
    machine.phase(unit) == Phase::Starting && machine.plan.spec(unit).kind == Kind::Once
}

fn is_going(machine: &Machine, unit: UnitIndex) -> bool {
    matches!(machine.phase(unit), Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_))
}

fn takes_plan(machine: &Machine) -> bool {
    machine.app() == AppPhase::Up && machine.next.is_none()
}

fn machine(case: &Case, mutant: Option<Mutant>) -> Machine {
    let mut machine = case.machine();
    machine.mutant = mutant;
    machine
}

/// Takes these steps again, without those that are not possible. Returns the violation, if there is one.
pub(super) fn replay(case: &Case, steps: &[Step], mutant: Option<Mutant>) -> Option<Violation> {
    let (mut machine, mut world) = (machine(case, mutant), World::default());
    let (mut commands, mut possible, mut taken) = (Commands::new(), Vec::new(), Vec::new());
    for &step in steps {
        possible.clear();
        world.steps(case, &machine, true, &mut possible);
        if !possible.contains(&step) {
            continue;
        }
        taken.push(step);
        let checked = world.take(case, &mut machine, step, &mut commands);
        let checked = checked.and_then(|()| machine.check_counts()).and_then(|()| check_readiness(case, &machine));
        if let Err(what) = checked {
            return Some(Violation { what, steps: taken });
        }
    }
    None
}

/// Returns the text of a violation, with its plan, steps and commands.
pub(super) fn report(case: &Case, violation: &Violation, mutant: Option<Mutant>) -> String {
    let (mut machine, mut world) = (machine(case, mutant), World::default());
    let mut reported = format!("{}\n  in\n{case}\n  after", violation.what);
    let mut commands = Commands::new();
    for &step in &violation.steps {
        let _ = world.take(case, &mut machine, step, &mut commands);
        commands.retain(|command| !matches!(command, Command::Deadline(..)));
        let _ = write!(reported, "\n  {step:?}: {commands:?}");
    }
    reported
}

/// Removes steps, edges and units while a violation remains.
pub(super) fn shrink(mut case: Case, mut violation: Violation, mutant: Option<Mutant>) -> (Case, Violation) {
    loop {
        let shorter = (0..violation.steps.len()).find_map(|left_out| {
            let mut steps = violation.steps.clone();
            steps.remove(left_out);
            replay(&case, &steps, mutant)
        });
        if let Some(shorter) = shorter {
            violation = shorter;
            continue;
        }
        let simpler = simpler(&case).find_map(|case| {
            let violation = replay(&case, &violation.steps, mutant)?;
            Some((case, violation))
        });
        match simpler {
            Some(simpler) => (case, violation) = simpler,
            None => return (case, violation),
        }
    }
}

/// Returns the cases with one unit or edge less.
fn simpler(case: &Case) -> impl Iterator<Item = Case> + '_ {
    let without_edge = (0..case.draft.edges.len()).map(|edge| {
        let mut case = case.clone();
        case.draft.edges.remove(edge);
        case
    });
    case.without_last().into_iter().chain(without_edge)
}
