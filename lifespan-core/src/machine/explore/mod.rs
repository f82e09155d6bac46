//! Explores what may happen: all of it, for small plans, and a random part of it, for larger ones.
//!
//! Time is no number here: a deadline that was set may come at any moment, so every speed of every unit is covered. What
//! a unit has said and the machine has not heard yet counts as not said: a unit that was dropped may still come up or
//! fail. So neither a queue nor a clock is part of a state.

mod key;
mod mutants;
mod plans;
mod search;
mod wander;
mod world;

pub(super) use mutants::Mutant;

use std::time::Instant;

use plans::{Row, pairwise, structures};
use search::{Found, explore};

/// Explores all structures of so many units, each with so many rows of policies out of these.
fn explore_all(units: u32, rows: &[Row], rows_each: usize, part: impl Fn(usize) -> bool) -> Found {
    let (mut found, begun) = (Found::default(), Instant::now());
    for (number, structure) in structures(units).iter().enumerate().filter(|(number, _)| part(*number)) {
        for turn in 0..rows_each.min(rows.len()) {
            let case = structure.case(&rows[(number * rows_each + turn) % rows.len()]);
            if let Err(violation) = explore(&case, case.machine(), &mut found) {
                let (case, violation) = wander::shrink(case, violation, None);
                panic!("{violation}\n  in\n{case}");
            }
        }
    }
    tell(&format!("{units} units"), &found, begun);
    found
}

/// Rows of policies in which one unit restarts.
fn tamed(units: usize) -> Vec<Row> {
    (0..).zip(pairwise(units)).map(|(number, row)| row.tamed(number)).collect()
}

fn tell(what: &str, found: &Found, begun: Instant) {
    let Found { plans, states, transitions, largest } = found;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what}: {plans} plans, {states} states, the largest {largest}, {transitions} transitions, {seconds:.1} s"
    );
}

#[test]
fn every_history_of_one_unit_keeps_the_invariants() {
    let rows = pairwise(1);
    assert!(explore_all(1, &rows, rows.len(), |_| true).plans > 0);
}

/// All structures, with the policies of which one debug build explores all histories in some seconds.
#[test]
fn every_history_of_two_units_keeps_the_invariants() {
    let rows = tamed(2);
    assert!(explore_all(2, &rows, 2, |_| true).plans > 0);
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_two_units_with_all_policies_keeps_the_invariants() {
    let rows = pairwise(2);
    assert!(explore_all(2, &rows, rows.len(), |_| true).plans > 0);
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_three_units_keeps_the_invariants() {
    let rows = tamed(3);
    assert!(explore_all(3, &rows, 1, |_| true).plans > 0);
}

#[test]
#[ignore = "takes a minute in release"]
fn every_history_of_some_plans_of_four_units_keeps_the_invariants() {
    let rows = tamed(4);
    assert!(explore_all(4, &rows, 1, |number| number % 5_000 == 17).plans > 0);
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
    tell("random histories", &found, begun);
}
