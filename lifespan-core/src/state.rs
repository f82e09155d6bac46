//! What has become of a run so far: a fold over its events, and nothing else.

mod checks;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

use crate::app::options::Limits;
use crate::chance::chance;
use crate::event::{Event, Events, Reason};
use crate::exit_code::ExitCode;
use crate::failure::{Broken, Cause, Failure};
use crate::headline::{Course, End as RunEnd};
use crate::log;
use crate::log::queue::{LineQueue, Origin};
use crate::log::stderr::StandardError;
use crate::machine::plan::UnitIndex;
use crate::machine::{Command, Commands, Input, Machine, Nanos, Phase, Seen};
use crate::plan::graph::index as index_of;
use crate::plan::roster::{Entry, Registered, Roster, UpWhen};
use crate::ring::Ring;
use crate::run::family::Family;
use crate::schedule::clock::Clock;
use crate::schedule::runs::{Desk, Happened, Runs};
use crate::schedule::waits::{RunWaits, Wait};
use crate::tally::ChildrenReport;
use crate::unwind::drop_quietly;
use crate::verdict::{Outcome, Weight};
use checks::Checks;
pub use checks::HealthCheck;

/// Where an app is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not launched: units can be registered. Also after a launch that was refused, where nothing can be.
    New,
    /// Units are being started.
    Starting,
    /// Every unit has started.
    Up,
    /// Shutdown was requested: tasks end within their grace.
    Draining,
    /// Contexts are being torn down.
    Stopping,
    /// The run is over.
    Stopped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::New => "new",
            State::Starting => "starting",
            State::Up => "up",
            State::Draining => "draining",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        })
    }
}

/// Where a unit is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Its turn has not come.
    Waiting,
    /// It is being started.
    Starting,
    /// It is up.
    Up,
    /// It has failed, or has returned, and waits for its next start, as its restart policy says.
    BackingOff {
        /// When it starts again.
        until: Instant,
        /// The number of that restart, counted from 1 since it was up for long.
        restart: u32,
    },
    /// It is being stopped.
    Stopping,
    /// It is over.
    Ended(Outcome),
}

/// A moment as nanoseconds since the launch, plus one; zero is "not yet". Half the size of an `Option<Instant>`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn after(base: Instant, now: Instant) -> Self {
        Self(u64::try_from(now.saturating_duration_since(base).as_nanos()).unwrap_or(u64::MAX - 1) + 1)
    }

    pub(crate) fn since_launch(self) -> Option<Duration> {
        self.0.checked_sub(1).map(Duration::from_nanos)
    }

    fn elapsed(self, now: Self) -> Duration {
        if self.0 == 0 { Duration::ZERO } else { Duration::from_nanos(now.0.saturating_sub(self.0)) }
    }
}

/// What is known of one registration.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) started: Moment,
    pub(crate) up: Moment,
}

impl Record {
    const NEW: Self = Self { started: Moment(0), up: Moment(0) };
}

/// What became of reading the sources anew.
#[derive(Clone, Copy, Default)]
pub(crate) struct ReloadCounts {
    pub(crate) begun: u32,
    pub(crate) ended: u32,
    /// What was read last had problems, and is not used.
    pub(crate) is_refused: bool,
}

/// What is known of the end of one registration.
#[derive(Clone, Copy, Default)]
pub(crate) struct End {
    pub(crate) stopping: Moment,
    pub(crate) ended: Moment,
}

/// What is added to the facts. An event is made of it where somebody reads events: most are read by nobody, and each
/// would hold a count on the roster.
enum Change {
    Unit(UnitIndex, Phase, Phase),
    App(Event),
    Run(u32, Happened),
}

/// All that is known of a run.
pub(crate) struct Facts {
    pub(crate) state: State,
    pub(crate) roster: Arc<Roster>,
    /// Where every unit is, and the exit code: what decides is what is read.
    pub(crate) machine: Machine,
    /// What the machine's clock counts from.
    pub(crate) clock_begins: Instant,
    pub(crate) records: Vec<Record>,
    /// Made when the first unit stops: most of its life an app has no use for the room.
    ends: Vec<End>,
    pub(crate) requests: Vec<Reason>,
    pub(crate) failures: Vec<Arc<Failure>>,
    pub(crate) forced: Option<i32>,
    /// A context was torn down since the app stops.
    tears_down: bool,
    /// The exit code, once the run is over; the watch thread may have ended it.
    ended_with: Option<ExitCode>,
    pub(crate) took: Duration,
    pub(crate) reloads: ReloadCounts,
    pub(crate) launched: Instant,
    /// The wall clock of this run.
    pub(crate) clock: Clock,
    /// Of the registrations with a schedule.
    desks: HashMap<u32, Arc<Desk>>,
    /// By registration, of units that take `Children`.
    families: BTreeMap<u32, Account>,
    checks: Checks,
    /// The unit that was last found to block its thread.
    blocked: Option<Blocked>,
    /// What tasks did that restarted in place, without asking.
    unheard: HashMap<u32, Unheard>,
    /// Until when a unit has asked to be given to come up.
    extended: HashMap<u32, Instant>,
    /// Which runs wait for a run.
    run_waits: RunWaits,
}

/// A unit that blocks its thread, or did.
struct Blocked {
    unit: u32,
    ended: Option<Instant>,
}

/// What a task did that restarted in place.
#[derive(Default)]
struct Unheard {
    restarts: u32,
    /// What broke last.
    broken: Option<Broken>,
    /// Something broke since the driver asked last.
    has_failed: bool,
}

/// What is known of one unit's children.
#[derive(Default)]
struct Account {
    /// Those of its body at hand; none once the run is over.
    family: Option<Arc<Family>>,
    /// Those of its earlier bodies.
    earlier: ChildrenReport,
}

impl Account {
    /// Takes the present family's place, and gives it, to be dropped outside the lock.
    fn replace(&mut self, family: Option<Arc<Family>>) -> Option<Arc<Family>> {
        let old = std::mem::replace(&mut self.family, family);
        if let Some(old) = &old {
            self.earlier.add(old.report());
        }
        old
    }

    fn report(&self) -> ChildrenReport {
        let mut all = self.earlier.clone();
        if let Some(family) = &self.family {
            all.add(family.report());
        }
        all
    }
}

impl Facts {
    fn new(roster: Arc<Roster>, launched: Instant, clock: Clock) -> Self {
        let records = roster.entries.iter().map(|_| Record::NEW).collect();
        Self {
            state: State::New,
            machine: Machine::new(Arc::default()),
            clock_begins: launched,
            roster,
            records,
            ends: Vec::new(),
            requests: Vec::new(),
            failures: Vec::new(),
            forced: None,
            tears_down: false,
            ended_with: None,
            took: Duration::ZERO,
            reloads: ReloadCounts::default(),
            launched,
            families: BTreeMap::new(),
            clock,
            desks: HashMap::new(),
            checks: Checks::default(),
            blocked: None,
            unheard: HashMap::new(),
            extended: HashMap::new(),
            run_waits: RunWaits::default(),
        }
    }

    /// Gives the failures in whose place others have come, to be dropped outside the lock.
    fn apply(&mut self, change: &Change, now: Moment) -> Vec<Arc<Failure>> {
        let mut replaced = Vec::new();
        let event = match change {
            Change::Unit(unit, from, to) => {
                self.fold(*unit, *from, *to, now);
                return replaced;
            }
            // Folded already, in the counts of its registration.
            Change::Run(..) => return replaced,
            Change::App(event) => event,
        };
        match event {
            Event::Launched { .. } => self.state = State::Starting,
            Event::Blocked { unit, .. } => self.blocked = Some(Blocked { unit: unit.index, ended: None }),
            Event::Unblocked { unit, .. } => {
                if let Some(blocked) = self.blocked.as_mut().filter(|blocked| blocked.unit == unit.index) {
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
            Event::AppUp { .. } => self.state = State::Up,
            Event::Restarting { failure: Some(failure), .. } => replaced = self.keep(failure),
            Event::Restarting { failure: None, .. } => {}
            Event::Failed { failure } => {
                replaced = self.keep(failure);
            }
            Event::ShutdownRequested { reason } => {
                self.state = if self.tears_down { State::Stopping } else { State::Draining };
                self.requests.push(reason.clone());
            }
            Event::Forced { signal } => {
                self.forced = Some(*signal);
            }
            Event::Ended { exit_code, took, .. } => {
                self.ended_with = Some(*exit_code);
                self.took = *took;
                self.state = State::Stopped;
            }
            // Units' are made from their status.
            event => self.checks.apply(event, now),
        }
        replaced
    }

    /// Returns where the last failure of a unit is that lacks its reason.
    fn unexplained(&self, index: u32) -> Option<usize> {
        self.failures.iter().rposition(|failure| failure.unit().index == index && failure.lacks_its_reason())
    }

    /// Returns a failure as the reason of the unit's last one that lacks it.
    pub(crate) fn explaining(&self, failure: Failure) -> Failure {
        match self.unexplained(failure.unit().index) {
            Some(at) => failure.explaining(&self.failures[at]),
            None => failure,
        }
    }

    /// The same, where that is the limit of the same stage.
    pub(crate) fn explaining_limit(&self, failure: Failure) -> Failure {
        let earlier = self.unexplained(failure.unit().index).map(|at| &self.failures[at]);
        let is_limit = |earlier: &&Arc<Failure>| {
            earlier.stage() == failure.stage() && matches!(earlier.cause(), Cause::TimedOut { .. })
        };
        match earlier.filter(is_limit) {
            Some(earlier) => failure.explaining(earlier),
            None => failure,
        }
    }

    /// Keeps a failure for the report, and those beside it. Gives the ones in whose place it has come.
    fn keep(&mut self, failure: &Arc<Failure>) -> Vec<Arc<Failure>> {
        if failure.explains()
            && let Some(at) = self.unexplained(failure.unit().index)
        {
            let all = iter::once(failure).chain(failure.beside()).cloned();
            return self.failures.splice(at..=at, all).collect();
        }
        let mut replaced = Vec::new();
        if failure.is_recovered() {
            // A service that loses its connection every hour is not to keep each of these for ever.
            let is_earlier = |earlier: &Arc<Failure>| earlier.is_recovered() && earlier.unit() == failure.unit();
            while let Some(at) = self.failures.iter().position(is_earlier) {
                replaced.push(self.failures.remove(at));
            }
        }
        self.add_failure(failure);
        replaced
    }

    fn add_failure(&mut self, failure: &Arc<Failure>) {
        self.failures.push(Arc::clone(failure));
        self.failures.extend(failure.beside().iter().cloned());
    }

    /// Takes in that a unit has changed its phase.
    #[inline]
    fn fold(&mut self, unit: UnitIndex, from: Phase, to: Phase, now: Moment) {
        let (was, is) = (self.machine.see(unit, from), self.machine.see(unit, to));
        if was == is {
            return;
        }
        let index = unit.at();
        match is {
            // It may have lived before.
            Seen::Starting => {
                self.checks.end(index);
                if !self.extended.is_empty() {
                    self.extended.remove(&index_of(index));
                }
                self.records[index] = Record { started: now, ..Record::NEW };
                if let Some(end) = self.ends.get_mut(index) {
                    *end = End::default();
                }
            }
            Seen::Up => self.records[index].up = now,
            Seen::Stopping => {
                self.end_mut(index).stopping = now;
                if self.machine.is_stopping() && self.roster.entries[index].is_context() {
                    self.tears_down = true;
                    if self.state == State::Draining {
                        self.state = State::Stopping;
                    }
                }
            }
            Seen::Waiting | Seen::BackingOff | Seen::Ended(_) => {
                self.checks.end(index);
                if !matches!(was, Seen::Waiting | Seen::BackingOff) {
                    self.end_mut(index).ended = now;
                }
            }
        }
    }

    /// Returns where a unit is.
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
        self.state == State::Up && self.is_healthy() && self.machine.is_ready()
    }

    /// Returns whether a unit was started again after a failure and has not recovered yet.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn is_recovering(&self, index: usize) -> bool {
        self.machine.is_recovering(UnitIndex(index_of(index)))
    }

    /// Returns whether a part of the app's work is not done.
    pub(crate) fn is_degraded(&self) -> bool {
        self.state == State::Up && self.machine.is_degraded()
    }

    /// Returns the units because of which the app is not ready, or is degraded.
    pub(crate) fn weak_units(&self) -> Vec<Registered> {
        if self.machine.is_stopping() {
            return Vec::new();
        }
        let is_weak = |index: &usize| self.machine.is_weak(UnitIndex(index_of(*index)));
        self.roster.indices().filter(is_weak).map(|index| self.roster.get(index)).collect()
    }

    /// Returns the unit that blocks its thread, or has until just now: what ran out of time meanwhile is judged after it.
    pub(crate) fn blocked(&self) -> Option<UnitIndex> {
        const JUST_NOW: Duration = Duration::from_secs(1);
        let is_recent = |blocked: &&Blocked| blocked.ended.is_none_or(|ended| ended.elapsed() < JUST_NOW);
        self.blocked.as_ref().filter(is_recent).map(|blocked| UnitIndex(blocked.unit))
    }

    /// Returns how often a unit was started again.
    pub(crate) fn restarts(&self, index: usize) -> u32 {
        let in_place = self.unheard.get(&index_of(index)).map_or(0, |unheard| unheard.restarts);
        self.machine.restarts(UnitIndex(index_of(index))).saturating_add(in_place)
    }

    pub(crate) fn end(&self, index: usize) -> End {
        self.ends.get(index).copied().unwrap_or_default()
    }

    fn end_mut(&mut self, index: usize) -> &mut End {
        if self.ends.is_empty() {
            self.ends = vec![End::default(); self.records.len()];
        }
        &mut self.ends[index]
    }

    /// Makes the event of a unit's change of phase; none where users see no change, or are told of it otherwise.
    fn event(&self, of: UnitIndex, from: Phase, to: Phase, now: Moment) -> Option<Event> {
        let (was, is) = (self.machine.see(of, from), self.machine.see(of, to));
        if was == is {
            return None;
        }
        let (index, unit) = (of.at(), self.roster.get(of.at()));
        let ran = self.records[index].started.elapsed(now);
        let (earlier, was_stopping) = (to.earlier(), was == Seen::Stopping);
        let outcome = match (earlier, is) {
            (Some(outcome), _) | (None, Seen::Ended(outcome)) => outcome,
            (None, Seen::Starting) => return Some(Event::Starting { unit }),
            (None, Seen::Up) => return Some(Event::Up { unit, took: ran }),
            (None, Seen::Stopping) => return Some(Event::Stopping { unit }),
            (None, Seen::Waiting | Seen::BackingOff) => return None,
        };
        match outcome {
            // Its failure or its restart was told, or it never ran.
            outcome
                if earlier.is_some() && !was_stopping
                    || outcome == Outcome::Failed
                    || matches!(was, Seen::Waiting | Seen::BackingOff) =>
            {
                None
            }
            Outcome::Returned => {
                let is_going = matches!(self.state, State::Draining | State::Stopping);
                let should_be_told = !is_going && self.roster.entries[index].should_be_told();
                Some(if should_be_told { Event::EndedByItself { unit, ran } } else { Event::Returned { unit, ran } })
            }
            outcome => Some(Event::Stopped { unit, outcome, took: self.end(index).stopping.elapsed(now) }),
        }
    }

    /// The first cause decides.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let forced = || self.forced.map(|signal| ExitCode::Forced(u8::try_from(signal).unwrap_or(u8::MAX)));
        let so_far = || match self.machine.exit_code() {
            // The machine may not have heard of the signal.
            ExitCode::Stopped => forced().unwrap_or(ExitCode::Stopped),
            code => code,
        };
        self.ended_with.unwrap_or_else(so_far)
    }

    /// How far the run came.
    pub(crate) fn course(&self) -> Course {
        Course {
            started: self.records.iter().any(|record| record.started.since_launch().is_some()),
            was_up: self.machine.was_up(),
            is_batch: self.machine.is_batch(),
            forced: self.forced.map(|signal| u8::try_from(signal).unwrap_or(u8::MAX)),
        }
    }

    /// Returns how a run that has this exit code ends.
    pub(crate) fn run_end(&self, exit_code: ExitCode) -> RunEnd<'_> {
        RunEnd { exit_code, requests: &self.requests, failures: &self.failures, course: self.course() }
    }

    /// How long a unit has been stopping.
    pub(crate) fn stopping_for(&self, index: usize) -> Duration {
        let now = Moment::after(self.launched, Instant::now());
        self.end(index).stopping.elapsed(now)
    }

    /// Until when units may still be starting, by limits that somebody has set; none where none of them has one.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn starting_until(&self, limits: &Limits) -> Option<Instant> {
        let of = |(index, (record, entry)): (usize, (&Record, &Entry))| {
            let started = self.launched + record.started.since_launch()?;
            let limit = entry.startup_limit(limits.startup).filter(|_| self.status(index) == Status::Starting)?;
            let extended = self.extended.get(&u32::try_from(index).ok()?).copied();
            Some(extended.map_or(started + limit, |extended| extended.max(started + limit)))
        };
        self.records.iter().zip(&self.roster.entries).enumerate().filter_map(of).max()
    }

    /// Returns whether a unit that is starting has asked for more time.
    pub(crate) fn is_extended(&self, index: u32) -> bool {
        self.extended.contains_key(&index)
    }

    /// How long a unit has been starting.
    pub(crate) fn starting_for(&self, index: usize) -> Duration {
        let now = Moment::after(self.launched, Instant::now());
        self.records[index].started.elapsed(now)
    }

    /// Whether the app comes up only once this unit does, and that is for the unit to say. Its code runs.
    pub(crate) fn is_awaited(&self, index: usize) -> bool {
        matches!(self.state, State::New | State::Starting)
            && self.roster.entries[index].up_when() != UpWhen::Awaiting
            && !matches!(self.status(index), Status::Up | Status::Stopping | Status::Ended(_))
    }

    /// Returns whether a unit is up and the app is not stopping.
    pub(crate) fn is_running(&self, index: u32) -> bool {
        self.status(index as usize) == Status::Up && !matches!(self.state, State::Draining | State::Stopping)
    }

    /// The children of a unit that are alive at this moment.
    pub(crate) fn family(&self, index: u32) -> Option<&Arc<Family>> {
        self.families.get(&index)?.family.as_ref()
    }

    /// How a unit does not yield: where it is a child of it that blocks, that child is named.
    pub(crate) fn not_yielding(&self, index: u32) -> Broken {
        let broken = Broken::Other(Cause::NotYielding { limit: None });
        match self.family(index).and_then(|family| family.polled()) {
            Some(name) => Broken::Child { name, broken: Box::new(broken), while_up: false },
            None => broken,
        }
    }

    /// What became of a unit's children; none where it takes no `Children`, or was never started.
    pub(crate) fn children(&self, index: u32) -> Option<ChildrenReport> {
        self.families.get(&index).map(Account::report)
    }

    /// What became of the runs of a registration with a schedule that has begun.
    pub(crate) fn runs(&self, index: u32) -> Option<Runs> {
        self.desks.get(&index).map(|desk| desk.so_far())
    }

    fn snapshot(&self) -> Snapshot {
        let status = |unit: &Registered| self.status(unit.index as usize);
        let units = self.roster.list().into_iter().map(|unit| (unit.clone(), status(&unit))).collect();
        let alive = |(index, account): (&u32, &Account)| {
            let alive = account.family.as_ref()?.alive();
            (!alive.is_empty()).then(|| (self.roster.get(*index as usize), alive))
        };
        let children = self.families.iter().filter_map(alive).collect();
        let (ready, degraded) = (self.is_ready(), self.is_degraded());
        Snapshot { state: self.state, ready, degraded, units, children, checks: self.health() }
    }
}

/// How an app stands at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The app.
    pub state: State,
    /// Whether it was ready, as [`App::is_ready`](crate::App::is_ready) has it.
    pub ready: bool,
    /// Whether it was degraded, as [`App::is_degraded`](crate::App::is_degraded) has it.
    pub degraded: bool,
    /// Its registrations, in registration order.
    pub units: Vec<(Registered, Status)>,
    /// The units that have children, with the names of these and how many have each.
    pub children: Vec<(Registered, Vec<(String, usize)>)>,
    /// The health checks there are, in registration order.
    pub checks: Vec<HealthCheck>,
}

/// Where events go in and everything that is read from them comes out.
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    lines: Arc<LineQueue>,
    stderr: Arc<StandardError>,
    /// The state alone, for whoever waits for one.
    states: watch::Sender<State>,
    /// Warnings go to standard error where the program has no subscriber.
    prints: AtomicBool,
    /// There is a reader of events: those of children and of runs are made only then.
    heard: AtomicBool,
}

struct Inner {
    /// Where a test has every event kept.
    #[cfg(feature = "testing")]
    record: Option<Arc<Mutex<Vec<Event>>>>,
    facts: Facts,
    ring: Option<Ring>,
    /// The run is over, or there will be none.
    closed: bool,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let roster = Arc::new(Roster::new(Vec::new()));
        Self {
            inner: Mutex::new(Inner {
                #[cfg(feature = "testing")]
                record: None,
                facts: Facts::new(roster, Instant::now(), Clock::new(None)),
                ring: None,
                closed: false,
            }),
            lines: Arc::default(),
            stderr: Arc::default(),
            states: watch::Sender::new(State::New),
            heard: AtomicBool::new(false),
            prints: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a run of these registrations.
    pub(crate) fn begin(&self, roster: Arc<Roster>, clock: Clock) {
        let mut inner = self.lock();
        inner.facts = Facts::new(roster, Instant::now(), clock);
    }

    /// Another plan has come in the place of the one before: makes room for what is new in it.
    pub(crate) fn follow(&self, roster: Arc<Roster>) {
        let mut inner = self.lock();
        let facts = &mut inner.facts;
        facts.records.resize(roster.entries.len(), Record::NEW);
        if !facts.ends.is_empty() {
            facts.ends.resize(roster.entries.len(), End::default());
        }
        let before = std::mem::replace(&mut facts.roster, roster);
        let gone = facts.desks.iter().filter(|(index, _)| !facts.roster.runs(**index as usize));
        // If it comes back, its schedule begins again.
        let kept: Vec<_> = gone.map(|(_, desk)| desk.take_kept()).collect();
        drop(inner);
        drop((before, kept));
    }

    /// The launch was refused: whoever reads events hears that none will come.
    pub(crate) fn refuse(&self) {
        let ring = self.lock().close();
        drop(ring);
        // The state is what it was, and whoever waits for another is to look again.
        self.states.send_modify(|_| {});
    }

    /// Sends one event: what it says is made from the facts so far.
    pub(crate) fn send(&self, now: Moment, make: impl FnOnce(&Tense<'_>) -> Event) {
        self.send_if(now, |tense| Some(make(tense)));
    }

    /// Sends one event, if there is still one to send now that its turn has come.
    pub(crate) fn send_if(&self, now: Moment, make: impl FnOnce(&Tense<'_>) -> Option<Event>) {
        self.add(now, |facts| make(&Tense { facts, now }).map(Change::App));
    }

    /// Takes in that a unit has changed its phase, and tells it.
    pub(crate) fn unit_changed(&self, now: Moment, unit: UnitIndex, from: Phase, to: Phase) {
        for (from, to) in steps(from, to) {
            self.add(now, |_| Some(Change::Unit(unit, from, to)));
        }
    }

    /// Sets whether warnings go to standard error where the program has no subscriber.
    pub(crate) fn set_prints(&self, prints: bool) {
        self.prints.store(prints, Ordering::Relaxed);
        log::Prints::launched(prints);
    }

    /// Returns where lines go that tell no event.
    pub(crate) fn lines_without_event(&self) -> log::Prints {
        log::Prints::of_app(self.prints.load(Ordering::Relaxed))
    }

    fn prints(&self) -> bool {
        self.prints.load(Ordering::Relaxed) && log::has_no_subscriber()
    }

    /// Puts the machine of a run in its place.
    pub(crate) fn set_machine(&self, machine: Machine) {
        let before = std::mem::replace(&mut self.lock().facts.machine, machine);
        drop(before);
    }

    /// Hands an input to the machine: what follows from it is added to the commands, and can be read from here on.
    /// Returns whether each change of phase is to be told with [`unit_changed`](Self::unit_changed); where it would be
    /// read by nobody, it is taken in here.
    pub(crate) fn decide(&self, input: Input<'_>, (nanos, now): (Nanos, Moment), then: &mut Commands) -> bool {
        let is_logged = log::is_wanted();
        let prints = !is_logged && self.prints();
        let mut inner = self.lock();
        let facts = &mut inner.facts;
        if facts.machine.draws_chance(&input) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chance is from 0 to 1")]
            facts.machine.set_chance((chance() * f64::from(u16::MAX)) as u16);
        }
        facts.machine.handle(input, nanos, then);
        // There is no room yet for the units of a plan that is about to come.
        let has_grown = facts.machine.units() > facts.records.len();
        if is_logged || inner.is_read() || has_grown || prints && then.iter().any(may_be_printed) {
            let (is_up, has_passed) = (inner.facts.state == State::Up, matches!(input, Input::Deadline(_)));
            drop(inner);
            // A unit that has recovered changes no phase.
            if is_up && has_passed && self.states.receiver_count() > 0 {
                self.states.send_modify(|_| {});
            }
            return true;
        }
        let facts = &mut inner.facts;
        let before = facts.state;
        if before == State::Stopped {
            return false;
        }
        for command in then.iter() {
            if let Command::Phase(unit, from, to) = *command {
                if to == Phase::Held {
                    steps(from, to).for_each(|(from, to)| facts.fold(unit, from, to, now));
                } else {
                    facts.fold(unit, from, to, now);
                }
            }
        }
        let state = facts.state;
        drop(inner);
        if state != before {
            self.states.send_replace(state);
        } else if state == State::Up && self.states.receiver_count() > 0 {
            self.states.send_modify(|_| {});
        }
        false
    }

    /// The machine's clock counts from then.
    pub(crate) fn set_clock_begins(&self, begins: Instant) {
        self.lock().facts.clock_begins = begins;
    }

    /// Counts a restart in place, and keeps what broke, where nobody would hear of it and the unit is to go on; else gives
    /// that back.
    pub(crate) fn restarted_in_place(
        &self,
        index: u32,
        broken: Option<Broken>,
        (now, so_far): (Instant, u32),
    ) -> Result<(), Option<Broken>> {
        if log::is_wanted() {
            return Err(broken);
        }
        let mut inner = self.lock();
        if broken.is_some() && self.prints() && self.stderr.is_due(index) {
            return Err(broken);
        }
        let changes_nothing = inner.facts.machine.may_restart_in_place(UnitIndex(index), broken.is_some(), so_far);
        if !changes_nothing || inner.is_read() || inner.facts.state != State::Up {
            return Err(broken);
        }
        let facts = &mut inner.facts;
        let unheard = facts.unheard.entry(index).or_default();
        unheard.restarts = unheard.restarts.saturating_add(1);
        unheard.has_failed |= broken.is_some();
        let now = Moment::after(facts.launched, now);
        facts.records[index as usize] = Record { started: now, up: now };
        let before = if broken.is_some() { std::mem::replace(&mut unheard.broken, broken) } else { None };
        drop(inner);
        drop_quietly(before);
        Ok(())
    }

    /// Takes what broke last in a task that restarted in place.
    pub(crate) fn take_unheard(&self, index: u32) -> Option<Broken> {
        self.lock().facts.unheard.get_mut(&index)?.broken.take()
    }

    /// Returns whether a task has failed and restarted in place since this was asked last.
    pub(crate) fn has_failed_in_place(&self, index: u32) -> bool {
        let unheard = &mut self.lock().facts.unheard;
        unheard.get_mut(&index).is_some_and(|unheard| std::mem::take(&mut unheard.has_failed))
    }

    /// Returns the tasks that have restarted in place, in registration order.
    pub(crate) fn unheard(&self) -> Vec<UnitIndex> {
        let mut units: Vec<_> = self.read(|facts| facts.unheard.keys().copied().map(UnitIndex).collect());
        units.sort_unstable();
        units
    }

    /// Keeps a failure for the report that nobody has heard of.
    pub(crate) fn keep(&self, failure: &Arc<Failure>) {
        let replaced = self.lock().facts.keep(failure);
        drop(replaced);
    }

    /// Keeps a failure beside the last of its unit.
    pub(crate) fn keep_beside(&self, failure: &Arc<Failure>) {
        self.lock().facts.add_failure(failure);
    }

    /// What went wrong last in a unit and was to be recovered from weighs something else, with all beside it.
    pub(crate) fn reweigh(&self, index: u32, weight: Weight) {
        let inner = self.lock();
        let is_it = |failure: &&Arc<Failure>| failure.is_recovered() && failure.unit().index == index;
        inner.facts.failures.iter().filter(is_it).for_each(|failure| failure.reweigh(weight));
    }

    /// Returns where a registration's runs are counted and asked for, and makes it at its first start.
    pub(crate) fn desk_at_start(&self, index: u32) -> Arc<Desk> {
        Arc::clone(self.lock().facts.desks.entry(index).or_default())
    }

    /// A schedule has begun, with these times.
    pub(crate) fn schedule_begins(&self, index: u32, times: Arc<str>) {
        self.send(Moment::default(), |tense| Event::Scheduled { unit: tense.unit(index as usize), times });
    }

    /// A task with a schedule has ended: whoever waits for a run of it that was asked for is told.
    pub(crate) fn schedule_ends(&self, index: u32) {
        if let Some(desk) = self.desk(index) {
            desk.mailbox.close();
        }
    }

    /// No run starts any more: whoever waits for one that was asked for is told.
    pub(crate) fn all_schedules_end(&self) {
        let desks: Vec<_> = self.lock().facts.desks.values().cloned().collect();
        for desk in desks {
            desk.mailbox.close();
        }
    }

    /// A run is about to wait for another; whether that may end.
    pub(crate) fn begin_run_wait(&self, wait: Wait) -> bool {
        self.lock().facts.run_waits.begin(wait)
    }

    /// It waits no longer.
    pub(crate) fn end_run_wait(&self, wait: Wait) {
        self.lock().facts.run_waits.end(wait);
    }

    /// Where a run is asked for, once the schedule has begun.
    pub(crate) fn desk(&self, index: u32) -> Option<Arc<Desk>> {
        self.read(|facts| facts.desks.get(&index).cloned())
    }

    /// Takes in what has happened to a run of a unit with a schedule. Where nobody reads of it, no lock is taken that all
    /// units share.
    #[inline]
    pub(crate) fn run_happened(&self, index: u32, desk: &Desk, happened: Happened) {
        desk.apply(&happened);
        let prints = happened.level() <= LevelFilter::WARN && self.prints();
        if prints || self.heard.load(Ordering::Relaxed) || log::is_heard(happened.level()) {
            self.tell_run(index, happened);
        }
    }

    #[cold]
    fn tell_run(&self, index: u32, happened: Happened) {
        self.add(Moment::default(), |_| Some(Change::Run(index, happened)));
    }

    fn add(&self, now: Moment, make: impl FnOnce(&Facts) -> Option<Change>) {
        // It asks the subscriber, which is user code: before the lock.
        let origin = log::is_wanted().then(Origin::current);
        self.take_in(now, origin, make);
        if log::is_wanted() {
            self.lines.write();
        }
    }

    /// Adds to the facts, the events and the queue of lines; writes none of these lines. Calls no user code under a lock,
    /// and no subscriber where there is no origin.
    fn take_in(&self, now: Moment, mut origin: Option<Origin>, make: impl FnOnce(&Facts) -> Option<Change>) {
        let is_logged = log::is_wanted();
        let prints = !is_logged && self.prints();
        let mut inner = self.lock();
        if inner.facts.state == State::Stopped {
            // The watch thread has given the run up; what a body does that yields after all is nobody's news.
            return;
        }
        let before = inner.facts.state;
        let Some(change) = make(&inner.facts) else { return };
        let replaced = inner.facts.apply(&change, now);
        let state = inner.facts.state;
        let news = match &change {
            Change::App(
                Event::Failed { .. }
                | Event::Healthy { .. }
                | Event::Unhealthy { .. }
                | Event::Reloading { .. }
                | Event::Reloaded { .. }
                | Event::ReloadRefused { .. },
            ) => true,
            Change::Unit(..) => state == State::Up,
            _ => false,
        };
        let (mut sent, mut left, mut closed) = (None, None, None);
        if is_logged || prints || inner.is_read() {
            let event = match change {
                Change::Unit(unit, from, to) => inner.facts.event(unit, from, to, now),
                Change::App(event) => Some(event),
                Change::Run(index, happened) => {
                    Some(happened.event(inner.facts.roster.get(index as usize), &inner.facts.clock))
                }
            };
            #[cfg(feature = "testing")]
            if let (Some(record), Some(event)) = (&inner.record, &event) {
                record.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
            }
            if let (Some(ring), Some(event)) = (&mut inner.ring, &event) {
                left = ring.send(event);
            }
            // Under the lock on the facts, so that lines keep the order of events.
            match &event {
                Some(event) if is_logged => origin = self.lines.add(origin, event),
                Some(event) if prints => self.stderr.add(event),
                _ => {}
            }
            sent = event;
        }
        let mut families = Vec::new();
        if state == State::Stopped {
            closed = inner.close();
            // They hold the app, which holds these facts.
            families.extend(inner.facts.families.values_mut().map(|account| account.replace(None)));
        }
        drop(inner);
        drop(families);
        drop(origin);
        // Errors may go with them, whose destructors are user code.
        drop((replaced, sent, left, closed));
        if state != before {
            self.states.send_replace(state);
        } else if news && self.states.receiver_count() > 0 {
            self.states.send_modify(|_| {});
        }
    }

    /// The state, for whoever looks at the facts again when it changes; also when a check does, a unit fails, the sources
    /// are read anew, or, while the
    /// app is up, comes to another status.
    #[cfg_attr(not(unix), allow(dead_code, reason = "systemd is on Unix"))]
    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.states.subscribe()
    }

    /// A unit has asked to be given until then to come up.
    pub(crate) fn extended(&self, index: u32, until: Instant) {
        self.lock().facts.extended.insert(index, until);
    }

    /// Adds an event whose line is left to [`write_lines`](Self::write_lines): for a thread that must never block, and so
    /// does not ask the subscriber for its span.
    pub(crate) fn send_without_writing(&self, now: Moment, make: impl FnOnce(&Tense<'_>) -> Event) {
        self.take_in(now, None, |facts| Some(Change::App(make(&Tense { facts, now }))));
    }

    /// Writes the lines that wait, or waits until another thread has. A subscriber may block here.
    pub(crate) fn write_lines(&self) {
        self.lines.write_all();
        self.stderr.wait_until_written();
        log::stderr::of_process().wait_until_written();
    }

    /// Waits until the lines of all events so far are written.
    pub(crate) async fn lines_written(&self) {
        self.lines.written().await;
        self.stderr.written().await;
        log::stderr::of_process().written().await;
    }

    /// Returns how long the log's subscriber has been blocking on one line.
    pub(crate) fn log_blocked_for(&self) -> Option<Duration> {
        self.lines.blocked_for()
    }

    /// Waits until the state is one of those wanted.
    pub(crate) async fn state_is(&self, wanted: impl Fn(State) -> bool) -> State {
        let mut states = self.states.subscribe();
        // The sender is in `self`: it can't be gone.
        states.wait_for(|state| wanted(*state)).await.map_or(State::Stopped, |state| *state)
    }

    /// Waits until the app is up, or will never be; which of the two.
    pub(crate) async fn comes_up(&self) -> bool {
        self.state_is(|state| !matches!(state, State::New | State::Starting) || self.lock().closed).await;
        self.read(|facts| facts.machine.was_up())
    }

    pub(crate) fn events(&self) -> Events {
        let mut inner = self.lock();
        let so_far = inner.facts.snapshot();
        self.heard.store(true, Ordering::Relaxed);
        let receiver = (!inner.closed).then(|| inner.ring.get_or_insert_with(Ring::new).subscribe());
        Events { so_far, receiver }
    }

    /// Keeps every event from now on.
    #[cfg(feature = "testing")]
    pub(crate) fn record(&self) -> Arc<Mutex<Vec<Event>>> {
        let record = Arc::default();
        self.heard.store(true, Ordering::Relaxed);
        self.lock().record = Some(Arc::clone(&record));
        record
    }

    /// Puts the children of a unit's new body in the place of the last one's.
    pub(crate) fn adopt(&self, index: u32, family: Arc<Family>) {
        let mut inner = self.lock();
        let old = inner.facts.families.entry(index).or_default().replace(Some(family));
        drop(inner);
        drop(old);
    }

    /// The children of a unit's body at hand.
    pub(crate) fn family(&self, index: u32) -> Option<Arc<Family>> {
        self.read(|facts| facts.family(index).cloned())
    }

    /// Whether anybody would read what happens to a child.
    pub(crate) fn reads_children(&self) -> bool {
        self.heard.load(Ordering::Relaxed) || log::steps_are_wanted()
    }

    /// Reads the facts so far.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Facts) -> T) -> T {
        look(&self.lock().facts)
    }
}

/// Returns the steps of a change of phase: a task that has returned a value was up before.
fn steps(from: Phase, to: Phase) -> impl Iterator<Item = (Phase, Phase)> {
    let by_way_of_up = to == Phase::Held && from != Phase::Up;
    let (first, second) = if by_way_of_up { ((from, Phase::Up), Some((Phase::Up, to))) } else { ((from, to), None) };
    iter::once(first).chain(second)
}

/// Returns whether a command may tell of an end that is printed where the program has no subscriber.
fn may_be_printed(command: &Command) -> bool {
    match command {
        Command::Phase(_, _, to) => {
            to.outcome().is_some_and(|outcome| outcome == Outcome::Returned || outcome.is_bad())
        }
        _ => false,
    }
}

impl Inner {
    /// Whether events are made.
    fn is_read(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.record.is_some() {
            return true;
        }
        self.ring.is_some()
    }

    /// Gives the ring, to be dropped outside the lock.
    fn close(&mut self) -> Option<Ring> {
        self.closed = true;
        self.ring.take()
    }
}

/// The facts so far, and the moment at which the next is added.
pub(crate) struct Tense<'a> {
    pub(crate) facts: &'a Facts,
    now: Moment,
}

impl Tense<'_> {
    pub(crate) fn unit(&self, index: usize) -> Registered {
        self.facts.roster.get(index)
    }

    pub(crate) fn since_launch(&self) -> Duration {
        self.now.since_launch().unwrap_or_default()
    }

    /// Makes the event of the run's end.
    pub(crate) fn ended(&self, exit_code: ExitCode) -> Event {
        let took = self.since_launch();
        Event::Ended { exit_code, took, summary: self.facts.run_end(exit_code).headline(took).into() }
    }
}
