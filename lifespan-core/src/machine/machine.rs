//! The state of all units of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attempts::Attempts;
use super::budget::Budget;
use super::call::Call;
#[cfg(test)]
use super::explore;
use super::group_state::GroupState;
use super::links::Links;
use super::next_plan::Next;
use super::phase::{AppPhase, BITS, Standing};
use super::plan::{Plan, UnitIndex};
use super::startup::Startup;
use super::time::Nanos;
use super::times::Times;
use super::withheld::Withheld;
use crate::base::ExitCode;
use crate::base::verdict::Severity;

/// The changes of phase that the machine reports. It notes the times of the others itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reports {
    /// All; the hub notes their times.
    All,
    /// Those to a phase in which the unit does not run.
    Rests,
    None,
}

/// The state of all units of one run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(super) plan: Arc<Plan>,
    pub(super) app: AppPhase,
    pub(super) was_up: bool,
    pub(super) forced: bool,
    /// The stop has just begun, and no unit is notified yet.
    pub(super) stop_begins: bool,
    pub(super) units: Vec<Standing>,
    /// The classes in which each unit counts, by its state and the plan.
    pub(super) classes: Vec<u16>,
    pub(super) needs: Links,
    pub(super) follows: Links,
    /// The number of units in each class.
    pub(super) counts: [u32; BITS],
    /// The number of units in the start order that had their turn.
    pub(super) turns: usize,
    /// In sequential mode, the places of the units that may start and wait for their turn.
    pub(super) ready: BTreeSet<u32>,
    /// In sequential mode, the places of the contexts that have to stop: the last is torn down next.
    pub(super) teardowns: BTreeSet<u32>,
    /// The restarts of each unit that has restarted.
    pub(super) attempts: BTreeMap<UnitIndex, Attempts>,
    pub(super) groups: Vec<GroupState>,
    /// The startups of units that are not up yet and whose limit may differ from the plan's.
    pub(super) startups: BTreeMap<UnitIndex, Startup>,
    /// The ends of the time that units have to stop, while they are stopping.
    pub(super) stops: Vec<Nanos>,
    /// Units past their deadline that are polled once before they are judged.
    pub(super) starved: BTreeSet<UnitIndex>,
    /// Units that restart after a failure, with its severity if the app stops first.
    pub(super) pending_failures: BTreeMap<UnitIndex, Severity>,
    /// Failures that wait for the unit's own error.
    pub(super) withheld: BTreeMap<UnitIndex, Withheld>,
    /// The number of restarts of each unit.
    pub(super) generations: BTreeMap<UnitIndex, u32>,
    pub(super) calls: Vec<Call>,
    pub(super) next: Option<Next>,
    pub(super) budget: Budget,
    pub(super) verdict: Option<ExitCode>,
    /// Units to look at. Empty between two inputs, unless `goes_on` is set.
    pub(super) look: Vec<UnitIndex>,
    /// The number of commands after which an input is interrupted until [`Input::GoOn`].
    pub(super) stride: usize,
    /// The last input was interrupted.
    pub(super) goes_on: bool,
    pub(super) chance: u16,
    pub(super) times: Times,
    /// A teardown has begun since the stop began.
    pub(super) tears_down: bool,
    pub(super) reports: Reports,
    #[cfg(test)]
    pub(super) mutant: Option<explore::Mutant>,
}

impl Machine {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let mut machine = Self {
            app: AppPhase::Planned,
            was_up: false,
            forced: false,
            stop_begins: false,
            units: vec![Standing::WAITING; plan.units()],
            classes: Vec::new(),
            needs: Links::default(),
            follows: Links::default(),
            counts: [0; BITS],
            turns: 0,
            ready: BTreeSet::new(),
            teardowns: BTreeSet::new(),
            attempts: BTreeMap::new(),
            groups: vec![GroupState::default(); plan.groups.len()],
            startups: BTreeMap::new(),
            stops: Vec::new(),
            starved: BTreeSet::new(),
            pending_failures: BTreeMap::new(),
            withheld: BTreeMap::new(),
            generations: BTreeMap::new(),
            calls: Vec::new(),
            next: None,
            budget: Budget::default(),
            verdict: None,
            look: Vec::new(),
            stride: usize::MAX,
            goes_on: false,
            chance: 0,
            times: Times::new(plan.units()),
            tears_down: false,
            reports: Reports::All,
            #[cfg(test)]
            mutant: None,
            plan,
        };
        machine.recount();
        machine.look.clear();
        machine
    }
}
