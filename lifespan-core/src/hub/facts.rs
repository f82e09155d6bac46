//! The state of a run.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::checks::Checks;
use super::moment::Timestamp;
use super::unit_facts::{Account, Blocked, Unreported};
use crate::base::index::index as index_of;
use crate::base::{Cause, Clock, ExitCode, RawFailure, signal_number};
use crate::children::{ChildSet, ChildrenReport};
use crate::facts::{End as RunEnd, Event, Failure, Progress, Reason, Snapshot, State, Status};
use crate::machine::{AppPhase, Command, Machine, Phase, Seen, UnitIndex};
use crate::plan::{Registered, Registrations, UpWhen};
use crate::schedule::{RunEvent, RunWaits, Runs, ScheduleState};

/// The reloads of the configuration so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct ReloadCounts {
    pub(crate) begun: u32,
    pub(crate) ended: u32,
    /// The last reload found problems and was refused.
    pub(crate) is_refused: bool,
}

/// A change to the facts. An event is made from it only if events are read: each event holds a reference count on the
/// registrations.
pub(super) enum Change {
    Unit(UnitIndex, Phase, Phase),
    App(Event),
    Run(u32, RunEvent),
}

/// The state of a run.
pub(crate) struct Facts {
    pub(crate) registrations: Arc<Registrations>,
    /// Holds the phase of every unit, and the exit code: readers see the state that decides.
    pub(crate) machine: Machine,
    /// The start of the machine's clock.
    pub(crate) clock_begins: Instant,
    pub(crate) requests: Vec<Reason>,
    pub(crate) failures: Vec<Arc<Failure>>,
    /// The second signal.
    pub(crate) forced: Option<u8>,
    /// The exit code, once the run has ended.
    pub(super) ended_with: Option<ExitCode>,
    pub(crate) took: Duration,
    pub(crate) reloads: ReloadCounts,
    pub(crate) launched: Instant,
    /// The wall clock of this run.
    pub(crate) clock: Clock,
    /// The state of each registration with a schedule.
    pub(super) schedule_states: HashMap<u32, Arc<ScheduleState>>,
    /// The children of each unit that takes `Children`, by registration.
    pub(super) child_sets: BTreeMap<u32, Account>,
    pub(super) checks: Checks,
    /// The units that block their threads, or did until just now, in the order in which they were found.
    pub(super) blocked: Vec<Blocked>,
    /// The restarts in place that were not reported as events, by registration.
    pub(super) unreported: HashMap<u32, Unreported>,
    /// The runs that wait for another run.
    pub(super) run_waits: RunWaits,
}

impl Facts {
    /// Returns the facts of an app that has not been launched.
    pub(super) fn empty() -> Self {
        Self::new(Arc::new(Registrations::none()), Instant::now(), Clock::new(None))
    }

    pub(super) fn new(registrations: Arc<Registrations>, launched: Instant, clock: Clock) -> Self {
        Self {
            machine: Machine::new(Arc::default()),
            clock_begins: launched,
            registrations,
            requests: Vec::new(),
            failures: Vec::new(),
            forced: None,
            ended_with: None,
            took: Duration::ZERO,
            reloads: ReloadCounts::default(),
            launched,
            child_sets: BTreeMap::new(),
            clock,
            schedule_states: HashMap::new(),
            checks: Checks::default(),
            blocked: Vec::new(),
            unreported: HashMap::new(),
            run_waits: RunWaits::default(),
        }
    }

    /// Applies a change. Returns the failures that were replaced, to be dropped outside the lock.
    pub(super) fn apply(&mut self, change: &Change, now: Timestamp) -> Vec<Arc<Failure>> {
        let mut replaced = Vec::new();
        let event = match change {
            Change::Unit(unit, from, to) => {
                self.apply_phase(*unit, *from, *to, now);
                return replaced;
            }
            // `ScheduleState` has counted it already.
            Change::Run(..) => return replaced,
            Change::App(event) => event,
        };
        match event {
            Event::Blocked { unit, .. } => {
                self.blocked.retain(|blocked| blocked.unit != unit.index && blocked.is_recent());
                self.blocked.push(Blocked { unit: unit.index, ended: None });
            }
            Event::Unblocked { unit, .. } => {
                if let Some(blocked) = self.blocked.iter_mut().find(|blocked| blocked.unit == unit.index) {
                    blocked.ended = Some(Instant::now());
                }
            }
            Event::Reloading { .. } => {
                self.reloads.begun += 1;
                self.reloads.is_refused = false;
            }
            Event::Reloaded { .. } => self.reloads.ended += 1,
            Event::ReloadRefused { .. } => {
                self.reloads.begun += 1;
                self.reloads.ended += 1;
                self.reloads.is_refused = true;
            }
            Event::Restarting { failure: Some(failure), .. } => replaced = self.keep(failure),
            Event::Failed { failure } => {
                replaced = self.keep(failure);
            }
            Event::ShutdownRequested { reason } => {
                self.requests.push(reason.clone());
            }
            Event::Forced { signal } => {
                self.forced = Some(signal_number(*signal));
            }
            Event::Ended { exit_code, took, .. } => {
                self.ended_with = Some(*exit_code);
                self.took = *took;
            }
            Event::Unhealthy { unit, check, reason, .. } => self.checks.apply(unit, check.as_ref(), Some(reason), now),
            Event::Healthy { unit, check, .. } => self.checks.apply(unit, check.as_ref(), None, now),
            // Events of a unit's phases are made from the phases; the others change no fact.
            Event::Launched { .. }
            | Event::Starting { .. }
            | Event::Up { .. }
            | Event::AppUp { .. }
            | Event::Returned { .. }
            | Event::EndedByItself { .. }
            | Event::Restarting { failure: None, .. }
            | Event::RestartingPart { .. }
            | Event::ChildStarted { .. }
            | Event::ChildEnded { .. }
            | Event::ChildFailed { .. }
            | Event::Scheduled { .. }
            | Event::RunStarted { .. }
            | Event::RunReturned { .. }
            | Event::RunFailed { .. }
            | Event::RunsMissed { .. }
            | Event::Stopping { .. }
            | Event::Stopped { .. }
            | Event::Lagged { .. } => {}
        }
        replaced
    }

    /// Applies a unit's change of phase.
    fn apply_phase(&mut self, unit: UnitIndex, from: Phase, to: Phase, now: Timestamp) {
        let seen = self.machine.note(unit, from, to, now);
        if self.machine.see(unit, from) != seen {
            self.begin_or_end(unit, seen);
        }
    }

    /// Returns whether a unit's start or end changes something here beside the machine.
    pub(super) fn ends_concern(&self) -> bool {
        !(self.checks.units.is_empty() && self.unreported.is_empty() && self.schedule_states.is_empty())
    }

    /// Applies the starts and ends of units in these commands.
    pub(super) fn apply_commands(&mut self, commands: &[Command]) {
        if !self.ends_concern() {
            return;
        }
        for command in commands {
            match *command {
                Command::Spawn { unit, .. } => self.begin_or_end(unit, Seen::Starting),
                Command::Phase(unit, _, to) => self.begin_or_end(unit, self.machine.see(unit, to)),
                _ => {}
            }
        }
    }

    fn begin_or_end(&mut self, unit: UnitIndex, seen: Seen) {
        match seen {
            Seen::Up | Seen::Stopping => {}
            // It may have checks of an earlier generation.
            Seen::Starting | Seen::Waiting | Seen::BackingOff | Seen::Ended(_) => self.checks.end(unit.at()),
        }
        if seen == Seen::Starting
            && let Some(unreported) = self.unreported.get_mut(&unit.0)
        {
            unreported.failed = None;
        }
    }

    /// Returns the state of the app.
    pub(crate) fn state(&self) -> State {
        match self.machine.app() {
            _ if self.is_over() => State::Stopped,
            // A launched app has units: it is starting from its first event on, before the machine begins.
            AppPhase::Planned if self.registrations.entries.is_empty() => State::New,
            AppPhase::Planned | AppPhase::Starting => State::Starting,
            AppPhase::Up => State::Up,
            AppPhase::Stopping | AppPhase::Over if self.machine.tears_down() => State::Stopping,
            AppPhase::Stopping | AppPhase::Over => State::Draining,
        }
    }

    /// Returns whether the run has ended. The watch thread may have ended it.
    pub(crate) fn is_over(&self) -> bool {
        self.ended_with.is_some()
    }

    /// Returns the status of a unit.
    pub(crate) fn status(&self, index: usize) -> Status {
        match self.machine.seen(UnitIndex(index_of(index))) {
            Seen::Waiting => Status::Waiting,
            Seen::Starting => Status::Starting,
            Seen::Up => Status::Up,
            Seen::BackingOff => {
                let (until, restart) = self.machine.next_start(UnitIndex(index_of(index)));
                Status::BackingOff { until: self.clock_begins + Duration::from_nanos(until), restart }
            }
            Seen::Stopping => Status::Stopping,
            Seen::Ended(outcome) => Status::Ended(outcome),
        }
    }

    /// Returns whether the app can do its work.
    pub(crate) fn is_ready(&self) -> bool {
        self.state() == State::Up && self.is_healthy() && self.machine.is_ready()
    }

    /// Returns whether a unit was started again after a failure and has not recovered yet.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn is_recovering(&self, index: usize) -> bool {
        self.machine.is_recovering(UnitIndex(index_of(index)))
    }

    /// Returns whether the app is up without a part of its work.
    pub(crate) fn is_degraded(&self) -> bool {
        self.state() == State::Up && self.machine.is_degraded()
    }

    /// Returns whether a unit makes the app not ready or degraded.
    pub(crate) fn is_weak(&self, index: usize) -> bool {
        self.machine.is_weak(UnitIndex(index_of(index)))
    }

    /// Returns the units that make the app not ready or degraded.
    pub(crate) fn weak_units(&self) -> Vec<Registered> {
        if self.machine.is_stopping() {
            return Vec::new();
        }
        self.registrations
            .indices()
            .filter(|&index| self.is_weak(index))
            .map(|index| self.registrations.get(index))
            .collect()
    }

    /// Returns the unit that blocks its thread, or did until just now. Units that time out meanwhile are judged later.
    pub(crate) fn blocked(&self) -> Option<UnitIndex> {
        self.blocked.iter().rfind(|blocked| blocked.is_recent()).map(|blocked| UnitIndex(blocked.unit))
    }

    /// Returns how often a unit was started again.
    pub(crate) fn restarts(&self, index: usize) -> u32 {
        let in_place = self.unreported.get(&index_of(index)).map_or(0, |unreported| unreported.restarts);
        self.machine.restarts(UnitIndex(index_of(index))).saturating_add(in_place)
    }

    /// The first cause decides.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let forced = || self.forced.map(ExitCode::Forced);
        let so_far = || match self.machine.exit_code() {
            // The machine may not have received the signal yet.
            ExitCode::Stopped => forced().unwrap_or(ExitCode::Stopped),
            code => code,
        };
        self.ended_with.unwrap_or_else(so_far)
    }

    /// Returns the progress of the run.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            started: self.machine.has_started_any(),
            was_up: self.machine.was_up(),
            is_batch: self.machine.is_batch(),
            forced: self.forced,
        }
    }

    /// Returns how a run that has this exit code ends.
    pub(crate) fn run_end(&self, exit_code: ExitCode) -> RunEnd<'_> {
        RunEnd { exit_code, requests: &self.requests, failures: &self.failures, progress: self.progress() }
    }

    /// Returns how long a unit has been stopping.
    pub(crate) fn stopping_for(&self, index: usize) -> Duration {
        let now = Timestamp::after(self.launched, Instant::now());
        self.machine.end_of(UnitIndex(index_of(index))).stopping.elapsed(now)
    }

    /// Returns the end of the time that a unit has to stop, if it is to stop.
    pub(crate) fn stop_deadline(&self, index: u32) -> Option<Instant> {
        let now = Timestamp::after(self.clock_begins, Instant::now());
        let end = self.machine.stop_end(UnitIndex(index), now.nanos()?)?;
        Some(self.clock_begins + Duration::from_nanos(end))
    }

    /// Returns the latest startup deadline of the units that are starting; `None` if none of them has one.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn starting_until(&self) -> Option<Instant> {
        let end = |index: usize| {
            let unit = UnitIndex(index_of(index));
            let started = (self.machine.phase(unit) == Phase::Starting).then(|| self.machine.record(unit).started)?;
            self.machine.startup_end(unit, started.nanos()?)
        };
        let end = (0..self.registrations.entries.len()).filter_map(end).max()?;
        Some(self.clock_begins + Duration::from_nanos(end))
    }

    /// Returns whether the app is up only after this unit has reported that it is up. The unit is running.
    pub(crate) fn is_awaited(&self, index: usize) -> bool {
        matches!(self.state(), State::New | State::Starting)
            && self.registrations.entries[index].up_when() != UpWhen::Awaiting
            && !matches!(self.status(index), Status::Up | Status::Stopping | Status::Ended(_))
    }

    /// Returns whether a unit is up and the app is not stopping.
    pub(crate) fn is_running(&self, index: u32) -> bool {
        self.status(index as usize) == Status::Up && !self.machine.is_stopping()
    }

    /// Returns the set of a unit's running children.
    pub(crate) fn child_set(&self, index: u32) -> Option<&Arc<ChildSet>> {
        self.child_sets.get(&index)?.child_set.as_ref()
    }

    /// Returns the failure of a unit that does not yield. Names the child if a child blocks.
    pub(crate) fn not_yielding(&self, index: u32) -> RawFailure {
        let broken = RawFailure::Other(Cause::NotYielding { limit: None });
        match self.child_set(index).and_then(|child_set| child_set.polled()) {
            Some(name) => RawFailure::Child { name, broken: Box::new(broken), while_up: false },
            None => broken,
        }
    }

    /// Returns the report of a unit's children; `None` if it takes no `Children` or was never started.
    pub(crate) fn children(&self, index: u32) -> Option<ChildrenReport> {
        self.child_sets.get(&index).map(Account::report)
    }

    /// Returns the runs so far of a registration with a schedule that has begun.
    pub(crate) fn runs(&self, index: u32) -> Option<Runs> {
        self.schedule_states.get(&index).map(|schedule_state| schedule_state.so_far())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let status = |unit: &Registered| self.status(unit.index as usize);
        let units = self.registrations.list().into_iter().map(|unit| (unit.clone(), status(&unit))).collect();
        let alive = |(index, account): (&u32, &Account)| {
            let alive = account.child_set.as_ref()?.alive();
            (!alive.is_empty()).then(|| (self.registrations.get(*index as usize), alive))
        };
        let children = self.child_sets.iter().filter_map(alive).collect();
        let (ready, degraded) = (self.is_ready(), self.is_degraded());
        Snapshot { state: self.state(), ready, degraded, units, children, checks: self.health() }
    }
}
