//! Explores what may happen: all of it, for small plans, and a random part of it, for larger ones.
//!
//! Time is no number here: a deadline that was set may come at any moment, so every speed of every unit is covered. What
//! a unit has said and the machine has not heard yet counts as not said: a unit that was dropped may still come up or
//! fail. So neither a queue nor a clock is part of a state.
//!
//! Each case has two features that meet at any point: a failure of a unit that is alive, a restart by hand, a new plan,
//! a unit whose thread is blocked. All structures of up to three units are taken. Policies are pairwise: the rows are
//! dealt out over the structures. What restarts has many more states, so that it is bounded: among all structures of
//! three units one unit restarts in each, and two or three that restart, alone or in a group, are explored in some.

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

/// A set of cases: structures of so many units, each with so many rows of policies.
struct Set {
    what: &'static str,
    units: u32,
    /// Every so many structures one is taken; odd and no multiple of 3, so that both startups and all kinds occur.
    stride: usize,
    /// How many rows each structure has.
    rows: usize,
    /// Requests, failures of a unit that is alive, and starvation concern one unit of a case only, another one some cases
    /// later.
    is_focused: bool,
    /// The most states of a case: of one that has more, less may happen.
    most_states: usize,
}

impl Set {
    /// Explores all of it, with what becomes of rows in which each two choices meet. A structure takes the rows that
    /// follow on those of the structure before it, so that structures and rows are mixed.
    fn explore(&self, become_tame: impl Fn(Row, usize) -> Row) {
        let (mut found, begun) = (Found::default(), Instant::now());
        let rows = pairwise(self.units);
        let structures: Vec<Structure> = structures(self.units).into_iter().step_by(self.stride).collect();
        let each = self.rows.min(rows.len());
        for (number, structure) in structures.iter().flat_map(|structure| vec![structure; each]).enumerate() {
            let row = become_tame(rows[number % rows.len()].clone(), number / rows.len() + number);
            let mut case = structure.case(&row);
            // Not in step with the startups, rows and members, which change from case to case.
            let only = u32::try_from(number / 5).expect("few cases") % self.units;
            case.features.only = self.is_focused.then_some(UnitIndex(only));
            if let Err(violation) = explore_or_less(&mut case, None, self.most_states, &mut found) {
                let (case, violation) = wander::shrink(case, violation, None);
                panic!("{}", wander::tell(&case, &violation, None));
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
        tell(what, &found, begun);
        assert!(found.plans > 0, "something is explored");
    }
}

/// Explores all of a case. Where it has too many states, less may happen, until it has few enough: fewer calls, one
/// feature, no feature, fewer units that restart. What has too many even so is explored in part.
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

fn tell(what: &str, found: &Found, begun: Instant) {
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

/// All structures, with the policies of which one debug build explores all histories in some seconds.
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

/// Some structures, where two units restart: as members of a group, or each by itself; or all three are members.
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

/// `MACHINE_HISTORIES` says how many, `MACHINE_SEED` which.
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
