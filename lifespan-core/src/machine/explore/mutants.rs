//! Planted mistakes in the machine. The exploration has to find each of them.

use super::explore_or_less;
use super::plans::{Row, Structure, pairwise, structures};
use super::search::Found;
use super::wander::wander;

/// A planted mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Mutant {
    /// A failure does not stop the app.
    FailureIsIgnored,
    /// The stop skips units that hold a value.
    ValueIsForgotten,
    /// A unit starts before its dependencies are there.
    StartsBeforeItsNeeds,
    /// The units that need a unit do not restart with it.
    FollowersStay,
    /// A unit starts while its earlier incarnation is used.
    StartsWhileUsed,
    /// A unit stops before those that need it.
    StopsBeforeItsUsers,
    /// Contexts are torn down in any order, and beside tasks.
    TeardownsOutOfOrder,
    /// A restart policy applies after shutdown.
    RestartsAfterShutdown,
    /// A delay goes on after shutdown.
    DelayOutlivesShutdown,
    /// An error is lost while its unit stops.
    LosesAFailure,
    /// A dropped unit counts as ended at once.
    DroppedCountsAsEnded,
    /// The time after a drop has no limit.
    DropWithoutDeadline,
    /// The last cause decides the exit code.
    LastCauseDecides,
    /// A teardown that took too long is forgotten when the stop comes before the restart.
    ForgetsAnUnfinishedTeardown,
    /// A new plan takes effect before all units that it stops have stopped.
    PlanComesTooEarly,
    /// No unit is looked at after the last user of a unit has ended.
    LostWakeUp,
    /// The outcome of a unit that was asked to stop hides its failure.
    OutcomeHidesAFailure,
    /// The report names a failure twice.
    FailureCountsTwice,
    /// A unit that is about to stop fails with the stage of a running one.
    StageForgetsTheStop,
    /// A failure that waits for the unit's own error is lost if there is none.
    WithheldIsNeverReported,
    /// A failure of a unit that a new plan removes is forgotten.
    ForgetsWhatIsTakenOut,
    /// A unit that has failed and does not restart counts as ready.
    FailedForGoodIsReady,
}

impl Mutant {
    const ALL: [Self; 22] = [
        Self::FailureIsIgnored,
        Self::ValueIsForgotten,
        Self::StartsBeforeItsNeeds,
        Self::FollowersStay,
        Self::StartsWhileUsed,
        Self::StopsBeforeItsUsers,
        Self::TeardownsOutOfOrder,
        Self::RestartsAfterShutdown,
        Self::DelayOutlivesShutdown,
        Self::LosesAFailure,
        Self::DroppedCountsAsEnded,
        Self::DropWithoutDeadline,
        Self::LastCauseDecides,
        Self::ForgetsAnUnfinishedTeardown,
        Self::PlanComesTooEarly,
        Self::LostWakeUp,
        Self::OutcomeHidesAFailure,
        Self::FailureCountsTwice,
        Self::StageForgetsTheStop,
        Self::WithheldIsNeverReported,
        Self::ForgetsWhatIsTakenOut,
        Self::FailedForGoodIsReady,
    ];
}

#[test]
fn every_planted_mistake_is_found_by_random_histories() {
    for mutant in Mutant::ALL {
        let violation = wander(7, 20_000, Some(mutant), &mut Found::default());
        let violation = violation.expect_err(&format!("{mutant:?} is not found"));
        println!("{mutant:?}: {}", violation.lines().next().unwrap_or_default());
    }
}

#[test]
fn every_planted_mistake_is_found_among_all_histories_of_small_plans() {
    let tamed = |units| (0..).zip(pairwise(units)).map(|(number, row)| row.tamed(number, 1)).collect();
    let plans: Vec<(Vec<Structure>, Vec<Row>)> = (1..=3).map(|units| (structures(units), tamed(units))).collect();
    for mutant in Mutant::ALL {
        let violation = plans.iter().find_map(|(structures, rows)| first_violation(structures, rows, mutant));
        let violation = violation.unwrap_or_else(|| panic!("{mutant:?} is not found"));
        println!("{mutant:?}: {violation}");
    }
}

/// Returns the first violation of a planted mistake, in plans with this number of units.
fn first_violation(structures: &[Structure], rows: &[Row], mutant: Mutant) -> Option<String> {
    let units = rows.first()?.units();
    structures.iter().enumerate().find_map(|(number, structure)| {
        let mut case = structure.case(&rows[number % rows.len()]);
        let violation = explore_or_less(&mut case, Some(mutant), 1_000, &mut Found::default()).err()?;
        Some(format!("{} in {units} units, {} structures", violation.what, number + 1))
    })
}
