//! Explores the possible histories of plans: all of them for small plans, random ones for larger plans.
//!
//! Time is no number here: a deadline that was set may pass at any moment, so every speed of every unit is covered. A
//! message that the machine has not received yet counts as not sent: a unit that was dropped may still come up or fail.
//! So neither a queue nor a clock is part of a state.
//!
//! Each case has two features, which may occur at any point: a failure of a unit that is alive, a restart by hand, a
//! new plan, a unit whose thread is blocked. All structures of up to three units are explored. Policies are pairwise:
//! the rows are distributed over the structures. Units that restart have many more states, so their number is limited:
//! in each structure of three units one unit restarts, and in some of them two or three do, alone or in a group.

mod key;
mod mutants;
mod plans;
mod report;
mod search;
mod wander;
mod world;

pub(super) use mutants::Mutant;

use std::time::Instant;

use super::plan::UnitIndex;
use plans::{Case, FEATURES, Row, Structure, pairwise, structures};
use search::{Found, Violation, explore};

/// A set of cases: structures with a number of units, and rows of policies for each.
struct Set {
    what: &'static str,
    units: u32,
    /// One of this many structures is explored. Odd and no multiple of 3, so that both startups and all kinds occur.
    stride: usize,
    /// The number of rows for each structure.
    rows: usize,
    /// Requests, failures of a unit that is alive, and starvation concern only one unit of a case. The unit changes
    /// from case to case.
    is_focused: bool,
    /// The maximum number of states of a case. A case with more is simplified.
    most_states: usize,
}

impl Set {
    /// Explores all cases, with pairwise rows that `become_tame` changes. Each structure takes the rows that follow
    /// those of the structure before it, so that structures and rows are mixed.
    fn explore(&self, become_tame: impl Fn(Row, usize) -> Row) {
        let (mut found, begun) = (Found::default(), Instant::now());
        let rows = pairwise(self.units);
        let structures: Vec<Structure> = structures(self.units).into_iter().step_by(self.stride).collect();
        let each = self.rows.min(rows.len());
        for (number, structure) in structures.iter().flat_map(|structure| vec![structure; each]).enumerate() {
            let row = become_tame(rows[number % rows.len()].clone(), number / rows.len() + number);
            let mut case = structure.case(&row);
            // It changes at another rate than the startups, rows and members.
            let only = u32::try_from(number / 5).expect("few cases") % self.units;
            case.features.only = self.is_focused.then_some(UnitIndex(only));
            if let Err(violation) = explore_or_less(&mut case, None, self.most_states, &mut found) {
                let (case, violation) = wander::shrink(case, violation, None);
                panic!("{}", wander::report(&case, &violation, None));
            }
        }
        let Self { what, stride, is_focused, most_states, .. } = self;
        let concerned = if *is_focused { "one unit" } else { "all units" };
        println!(
            "{what}: {} structures, 1 in {stride}; {each} of {} rows each; {} pairs of features, which concern {concerned}; \
             up to 2 calls and {most_states} states a plan",
            structures.len(),
            rows.len(),
            FEATURES.len(),
        );
        report(what, &found, begun);
        assert!(found.plans > 0, "something is explored");
    }
}

/// Explores a case. While it has too many states it is simplified: fewer calls, one feature, no feature, fewer units
/// that restart. If it still has too many, a part of it is explored.
fn explore_or_less(
    case: &mut Case,
    mutant: Option<Mutant>,
    most_states: usize,
    found: &mut Found,
) -> Result<(), Violation> {
    let restarting = |case: &Case| case.draft.specs.iter().filter(|spec| spec.restart.is_some()).count();
    let (mut is_first, meant) = (true, restarting(case));
    loop {
        let mut machine = case.machine();
        machine.mutant = mutant;
        if explore(case, machine, most_states, found)? {
            found.simplified += u64::from(!is_first);
            found.calmed += u64::from(restarting(case) < meant);
            return Ok(());
        }
        is_first = false;
        let Some(simpler) = case.simpler() else {
            found.in_part += 1;
            return Ok(());
        };
        *case = simpler;
    }
}

fn report(what: &str, found: &Found, begun: Instant) {
    let Found { plans, simplified, calmed, in_part, states, transitions, largest } = found;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what}: {plans} plans ({simplified} of them with fewer features, {calmed} with fewer restarts; {in_part} more in \
         part), {states} states, the largest {largest}, {transitions} transitions, {seconds:.1} s"
    );
}

#[test]
fn every_history_of_one_unit_keeps_the_invariants() {
    let set = Set { what: "1 unit", units: 1, stride: 1, rows: 10, is_focused: false, most_states: 3_000 };
    set.explore(|row, _| row);
}

/// All structures, with policies that a debug build explores in some seconds.
#[test]
fn every_history_of_two_units_keeps_the_invariants() {
    let set = Set { what: "2 units", units: 2, stride: 1, rows: 1, is_focused: true, most_states: 2_000 };
    set.explore(|row, number| row.tamed(number, 1));
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_one_unit_with_all_policies_keeps_the_invariants() {
    let set =
        Set { what: "1 unit, all rows", units: 1, stride: 1, rows: 1_000, is_focused: false, most_states: 20_000 };
    set.explore(|row, _| row);
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_two_units_that_both_restart_keeps_the_invariants() {
    let set =
        Set { what: "2 units, both restart", units: 2, stride: 1, rows: 4, is_focused: false, most_states: 15_000 };
    set.explore(|row, _| row);
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_three_units_keeps_the_invariants() {
    let set = Set { what: "3 units", units: 3, stride: 1, rows: 1, is_focused: true, most_states: 20_000 };
    set.explore(|row, number| row.tamed(number, 1));
}

/// Some structures in which two units restart, alone or as members of a group, or all three are members.
#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_some_groups_of_three_units_keeps_the_invariants() {
    let set = Set { what: "3 units in groups", units: 3, stride: 29, rows: 2, is_focused: true, most_states: 30_000 };
    set.explore(|row, number| match number % 3 {
        0 => row.tamed(number / 3, 2),
        1 => row.grouped(number / 3, 2),
        _ => row.grouped(number / 3, 3),
    });
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_some_plans_of_four_units_keeps_the_invariants() {
    let set = Set { what: "4 units", units: 4, stride: 4_921, rows: 2, is_focused: true, most_states: 50_000 };
    set.explore(|row, number| row.tamed(number, 1));
}

/// Reads a number from the environment.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// `MACHINE_HISTORIES` sets the number of histories, `MACHINE_SEED` the seed.
#[test]
fn random_histories_of_up_to_eight_units_keep_the_invariants() {
    let (mut found, begun) = (Found::default(), Instant::now());
    let (seed, histories) = (number("MACHINE_SEED").unwrap_or(1), number("MACHINE_HISTORIES").unwrap_or(10_000));
    if let Err(violation) = wander::wander(seed, histories, None, &mut found) {
        panic!("{violation}");
    }
    let (plans, transitions, seconds) = (found.plans, found.transitions, begun.elapsed().as_secs_f64());
    println!(
        "random histories from seed {seed}: {plans}, each of another plan, {transitions} transitions, {seconds:.1} s"
    );
}
