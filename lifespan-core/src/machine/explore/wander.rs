//! Random histories of larger plans; one that breaks an invariant is made as short as it can be.

use std::fmt::Write;

use super::super::plan::{Kind, UnitIndex};
use super::super::{AppPhase, Command, Commands, Ending, Machine, Phase};
use super::mutants::Mutant;
use super::plans::{Case, Random, random_case};
use super::search::{Found, Violation};
use super::world::{Step, World, check_readiness};
use crate::machine::phase::Goal;

/// After so many steps shutdown comes soon.
const LONG: usize = 100;
/// Far more steps than a history takes.
const MOST_STEPS: usize = 5_000;

/// Takes so many histories, each of another plan of four to eight units.
pub(super) fn wander(seed: u64, histories: u64, mutant: Option<Mutant>, found: &mut Found) -> Result<(), String> {
    for number in 0..histories {
        let mut random = Random(seed.wrapping_add(number).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let units = 3 + u32::try_from(random.below(6)).expect("few units");
        let case = random_case(&mut random, units);
        if let Err(violation) = history(&case, &mut random, mutant, found) {
            let (case, violation) = shrink(case, violation, mutant);
            return Err(format!("history {number} of seed {seed}: {}", tell(&case, &violation, mutant)));
        }
    }
    Ok(())
}

/// Takes one history, until the run is over. What ends a unit or the app comes seldom, so that it is a long one.
fn history(case: &Case, random: &mut Random, mutant: Option<Mutant>, found: &mut Found) -> Result<(), Violation> {
    let (mut machine, mut world) = (machine(case, mutant), World::default());
    let (mut commands, mut steps, mut past) = (Commands::new(), Vec::new(), Vec::new());
    let haste = [2, 10, 50][random.below(3)];
    // Most are to come up: only then a plan is taken, and more than the startup is looked at.
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

/// In how many cases a step is taken once that could be.
fn rarity(machine: &Machine, step: Step, haste: usize) -> usize {
    match step {
        Step::Force | Step::Shutdown(_) => 20 * haste,
        _ if machine.is_stopping() => 1,
        // It comes up so.
        Step::Ended(unit, Ending::Value) if machine.phase(unit) == Phase::Starting => 1,
        Step::Ended(unit, Ending::Returned) if is_starting_once(machine, unit) => 1,
        // It goes as it was asked to.
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
        // It is refused.
        Step::Change(_) | Step::Remove(_) | Step::Add(_) if !takes_plan(machine) => 100,
        Step::Change(_) | Step::Remove(_) | Step::Add(_) => 3,
        // What comes up or goes too late costs the run, where it is not ignored.
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

/// Takes these steps again, but for those that are not possible: what they break.
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

/// Says what is broken, in which plan, and after which steps and commands.
pub(super) fn tell(case: &Case, violation: &Violation, mutant: Option<Mutant>) -> String {
    let (mut machine, mut world) = (machine(case, mutant), World::default());
    let mut told = format!("{}\n  in\n{case}\n  after", violation.what);
    let mut commands = Commands::new();
    for &step in &violation.steps {
        let _ = world.take(case, &mut machine, step, &mut commands);
        commands.retain(|command| !matches!(command, Command::Deadline(..)));
        let _ = write!(told, "\n  {step:?}: {commands:?}");
    }
    told
}

/// Leaves out steps, edges and units, as long as something is still broken.
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

/// Cases with one thing less.
fn simpler(case: &Case) -> impl Iterator<Item = Case> + '_ {
    let without_edge = (0..case.draft.edges.len()).map(|edge| {
        let mut case = case.clone();
        case.draft.edges.remove(edge);
        case
    });
    case.without_last().into_iter().chain(without_edge)
}
