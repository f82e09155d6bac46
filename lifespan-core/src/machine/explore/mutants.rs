//! Mistakes that are planted in the machine: the exploration has to find each of them.

use super::explore_or_less;
use super::plans::{Row, Structure, pairwise, structures};
use super::search::Found;
use super::wander::wander;

/// A planted mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Mutant {
    /// A failure does not stop the app.
    FailureIsIgnored,
    /// The stop passes over values.
    ValueIsForgotten,
    /// A unit starts before what it needs is there.
    StartsBeforeItsNeeds,
    /// What depends on a unit is not restarted with it.
    FollowersStay,
    /// A unit starts while its earlier life is used.
    StartsWhileUsed,
    /// A unit stops before those that need it.
    StopsBeforeItsUsers,
    /// Contexts are torn down in any order, and beside tasks.
    TeardownsOutOfOrder,
    /// A restart policy is followed after shutdown.
    RestartsAfterShutdown,
    /// A delay goes on after shutdown.
    DelayOutlivesShutdown,
    /// An error is lost while its unit stops.
    LosesAFailure,
    /// A dropped unit counts as gone at once.
    DroppedCountsAsGone,
    /// Nothing bounds the time after a drop.
    DropWithoutDeadline,
    /// The last cause decides the exit code.
    LastCauseDecides,
    /// A teardown that took too long is forgotten when the stop comes before the restart.
    ForgetsAnUnfinishedTeardown,
    /// A new plan comes before all has stopped that it stops.
    PlanComesTooEarly,
    /// No unit is looked at when the last user of a unit has gone.
    LostWakeUp,
    /// The outcome of a unit that was asked to stop does not say that it has failed.
    OutcomeHidesAFailure,
    /// The report names a failure twice.
    FailureCountsTwice,
    /// A unit that is about to stop fails as if it ran on.
    StageForgetsTheStop,
    /// A failure that waits for the unit's own error is forgotten when that does not come.
    WithheldIsNeverTold,
    /// A failure of a unit that a new plan takes out is forgotten.
    ForgetsWhatIsTakenOut,
    /// What has failed for good counts as ready.
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
        Self::DroppedCountsAsGone,
        Self::DropWithoutDeadline,
        Self::LastCauseDecides,
        Self::ForgetsAnUnfinishedTeardown,
        Self::PlanComesTooEarly,
        Self::LostWakeUp,
        Self::OutcomeHidesAFailure,
        Self::FailureCountsTwice,
        Self::StageForgetsTheStop,
        Self::WithheldIsNeverTold,
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

/// Returns what a planted mistake breaks first, in plans of so many units.
fn first_violation(structures: &[Structure], rows: &[Row], mutant: Mutant) -> Option<String> {
    let units = rows.first()?.units();
    structures.iter().enumerate().find_map(|(number, structure)| {
        let mut case = structure.case(&rows[number % rows.len()]);
        let violation = explore_or_less(&mut case, Some(mutant), 1_000, &mut Found::default()).err()?;
        Some(format!("{} in {units} units, {} structures", violation.what, number + 1))
    })
}
