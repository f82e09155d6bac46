//! Carries out what the machine decides: spawns units, hears what became of them, keeps errors and timers, and tells.
//!
//! # Invariants
//! - Only the machine decides. Each input is followed by its commands, carried out in their order, before the next input.
//! - What an earlier life of a unit says does not reach the machine.
//! - A unit's supervisor is spawned once in each of its lives, and tells `Done` or `Gone` once.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, timeout};

use super::Run;
use super::blueprint::{blueprint, unit_index};
use super::inbox::{Fact, Post};
use super::panics;
use super::reload::Reloads;
use super::supervise::Supervised;
use super::timers::{Due, Timers};
use crate::app::restart::RestartError;
use crate::chance::chance;
use crate::event::{Event, Reason, RestartReason};
use crate::failure::{self, Broken, Cause, Exhausted, Failure, Stage};
use crate::machine::exit_code::{Cause as StopCause, ExitCode};
use crate::machine::plan::{UnitIndex, UpWhen};
use crate::machine::{
    self, Answer, AppPhase, CallId, Command, Commands, Ending, Fault, Input, Machine, Nanos, PartReason, Phase, Weight,
};
use crate::plan::edges::provides;
use crate::plan::roster::Entry;
use crate::report::Report;
use crate::state::{Hub, Moment, Outcome, State, Status, Tense};
#[cfg(unix)]
use crate::systemd;
use crate::unwind::{self, drop_quietly};
use crate::watch::{self, Watched};

/// What was asked for with `App::restart`, and who waits for it.
pub(crate) struct RestartCall {
    pub(crate) units: Vec<usize>,
    pub(crate) done: oneshot::Sender<Result<(), RestartError>>,
}

/// For how many facts room is kept: an app that has started at once is not to hold on to a list of all its units.
const ROOM: usize = 64;

/// A deadline that is missed by so much was missed because the thread was blocked or the process suspended.
const LATE: Duration = Duration::from_millis(250);

/// How long the end of a run waits for the log's last lines.
const LINES: Duration = Duration::from_secs(1);

/// Who waits for an answer of the machine.
pub(super) enum Caller {
    Restart(oneshot::Sender<Result<(), RestartError>>),
    /// Whoever asked for the reload that is under way.
    Reload,
}

pub(crate) struct Driver {
    pub(super) run: Arc<Run>,
    commands: Commands,
    /// What follows from commands that were carried out at once.
    following: VecDeque<(UnitIndex, Ending)>,
    handles: Vec<Option<AbortHandle>>,
    timers: Timers,
    /// What was left in the inbox; kept for its room.
    post: Post,
    /// When the clock was read last: once for all that is heard of at once.
    pub(super) now: Instant,
    /// The same, as events have it.
    moment: Moment,
    launched: Instant,
    /// What broke in units, until the machine has its failure kept.
    broken: HashMap<u32, VecDeque<Broken>>,
    /// Units whose last life has returned a value.
    valued: Vec<u32>,
    /// Units that get a turn before they are judged.
    turns: Vec<UnitIndex>,
    callers: HashMap<u32, Caller>,
    next_call: u32,
    pub(super) reloads: Reloads,
    /// Units that had their startup limit moved.
    extended: HashMap<u32, Instant>,
    /// The app goes down, and some units have not been called for the last time.
    keeps_configs: bool,
    pub(super) watched: Arc<Watched>,
    /// For how long the process had been suspended when it was looked at last.
    suspended: Duration,
    finished: Option<ExitCode>,
}

impl Driver {
    pub(crate) fn new(run: Arc<Run>, watched: Arc<Watched>, reloads: Reloads) -> Self {
        let units = run.plan.roster.entries.len();
        let launched = run.app.hub().read(|facts| facts.launched);
        let mut machine = Machine::new(Arc::new(blueprint(&run.plan, &run.limits)));
        machine.set_events(true);
        run.app.hub().set_machine(machine);
        Self {
            commands: Commands::new(),
            following: VecDeque::new(),
            handles: vec![None; units],
            timers: Timers::new(launched, units),
            post: Post::default(),
            now: launched,
            moment: Moment::default(),
            launched,
            broken: HashMap::new(),
            valued: Vec::new(),
            turns: Vec::new(),
            callers: HashMap::new(),
            next_call: 0,
            reloads,
            extended: HashMap::new(),
            keeps_configs: false,
            suspended: watch::suspended(),
            run,
            watched,
            finished: None,
        }
    }

    /// Marks the tasks that are asked to stop first.
    pub(super) fn mark_first_to_stop(&self) {
        let graph = &self.run.plan.graph;
        for (unit, entry) in self.run.plan.roster.entries.iter().enumerate() {
            let first = !entry.is_context() && graph.dependents.of(unit).len() == 0;
            self.run.cells.of(unit).set_stops_first(first);
        }
    }

    /// Carries the plan out, from the first start to the report.
    pub(crate) async fn carry_out(mut self, sources: Option<Arc<str>>) {
        let units = self.handles.len();
        self.mark_first_to_stop();
        #[cfg(unix)]
        let told = systemd::speak_for(&self.run, self.watched.reloads());
        self.look_at_the_clock();
        self.send(|_| Event::Launched { units, sources });
        // Shutdown may have been requested before the launch: then nothing starts.
        self.look_into_inbox();
        self.hear();
        self.handle(Input::Launch);
        while self.finished.is_none() {
            self.turn().await;
        }
        let watched = Arc::clone(&self.watched);
        let (run, report) = self.finish();
        #[cfg(unix)]
        if let Some(told) = told {
            // Whoever gets the report may end the process. That it was cut off is no news here.
            let _ = told.await;
        }
        // So that they stand above what the program prints next. A subscriber that blocks is not waited for.
        let _ = timeout(LINES, run.app.hub().lines_written()).await;
        watched.watch_runtime_drop(&report);
        run.deliver(report);
    }

    fn finish(mut self) -> (Arc<Run>, Report) {
        self.look_at_the_clock();
        // A thread of its own does not hold up the runtime's drop, and the process ends with `main` all the same.
        let holds_up = |unit: usize| self.is_stuck(unit) && !self.entry(unit).unit.options.blocking;
        let stuck = (0..self.handles.len()).any(holds_up);
        self.keep_unheard();
        let exit_code = self.machine(Machine::exit_code);
        self.send(|now| Event::Ended { exit_code, took: now.since_launch() });
        let report = self.run.app.hub().read(Report::of);
        self.run.app.inbox().close();
        self.watched.leave(stuck);
        (Arc::clone(&self.run), report)
    }

    /// Keeps the last failures of tasks that restarted in place for the report.
    fn keep_unheard(&self) {
        let hub = self.run.app.hub();
        for unit in 0..self.handles.len() {
            if let Some(broken) = hub.take_unheard(crate::plan::graph::index(unit)) {
                let unit = self.run.plan.roster.get(unit);
                let failure = Failure::new(unit, Stage::Running, broken, failure::Weight::Recovered);
                hub.keep(&Arc::new(failure));
            }
        }
    }

    /// Waits for word or for a deadline, and acts on all there is.
    async fn turn(&mut self) {
        if !self.turns.is_empty() {
            yield_now().await;
            self.look_into_inbox();
            self.act();
            for unit in std::mem::take(&mut self.turns) {
                self.handle(Input::HadTurn(unit));
            }
            return;
        }
        let (inbox, timers, watched) = (self.run.app.inbox(), &mut self.timers, &self.watched);
        let post = &mut self.post;
        let mut woken = false;
        poll_fn(|context| match inbox.poll(context, post) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending if watched.take_nudged() => {
                timers.rearm();
                Poll::Ready(())
            }
            Poll::Pending => {
                let woken = std::mem::replace(&mut woken, true);
                timers.poll(context, woken, |delay| watched.nudge_after(delay))
            }
        })
        .await;
        self.act();
    }

    fn act(&mut self) {
        self.look_at_the_clock();
        let late = self.timers.look(self.nanos());
        // Looked at before anything is judged that has come.
        let was_suspended = self.timers.is_due(self.nanos()) && self.postpone_by_suspension();
        let is_late = late >= LATE && !was_suspended;
        let now = self.nanos();
        self.hear();
        for entry in self.timers.take_due(now) {
            if !self.timers.counts(&entry) {
                continue;
            }
            match entry.1 {
                Due::Unit(unit) if is_late => self.handle(Input::Starved(unit)),
                Due::Unit(unit) => self.handle(Input::Deadline(unit)),
                Due::Forgive(counted) => self.handle(Input::Forgive(counted)),
            }
        }
    }

    /// Puts all deadlines off by the time for which the process was suspended: nothing could run meanwhile. Whether it was.
    fn postpone_by_suspension(&mut self) -> bool {
        let suspended = watch::suspended();
        let more = suspended.saturating_sub(std::mem::replace(&mut self.suspended, suspended));
        if !more.is_zero() {
            self.timers.postpone(more);
            self.run.app.hub().set_clock_begins(self.timers.begins());
        }
        !more.is_zero()
    }

    /// Reads the clock, once for all that is decided in a turn.
    fn look_at_the_clock(&mut self) {
        self.now = Instant::now();
        self.moment = Moment::after(self.launched, self.now);
    }

    fn machine<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
        self.run.app.hub().read(|facts| look(&facts.machine))
    }

    pub(super) fn phase(&self, unit: UnitIndex) -> Phase {
        self.machine(|machine| machine.phase(unit))
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.machine(Machine::is_stopping)
    }

    fn nanos(&self) -> Nanos {
        self.timers.nanos(self.now)
    }

    /// Takes what was left in the inbox, without waiting for it.
    fn look_into_inbox(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let _ = self.run.app.inbox().poll(&mut context, &mut self.post);
    }

    // What is heard.

    /// Acts on what was left in the inbox.
    fn hear(&mut self) {
        let mut post = std::mem::take(&mut self.post);
        for reason in post.requests.drain(..) {
            self.request(reason);
        }
        if let Some(signal) = post.forced.take() {
            if !self.is_forced() {
                self.send(|_| Event::Forced { signal });
            }
            self.handle(Input::Force(u8::try_from(signal).unwrap_or(u8::MAX)));
        }
        for (index, fact) in post.facts.drain(..) {
            self.take_in(index, fact);
        }
        self.tell_of_what_goes_on();
        for call in post.calls.drain(..) {
            self.restart_called(call);
        }
        for call in post.reloads.drain(..) {
            self.reload_called(call);
        }
        if std::mem::take(&mut post.is_reading_late) {
            self.reading_is_late();
        }
        if let Some(read) = post.read.take() {
            self.read_anew(*read);
        }
        if post.facts.capacity() <= ROOM {
            self.post = post;
        }
    }

    fn is_forced(&self) -> bool {
        self.run.app.hub().read(|facts| facts.forced.is_some())
    }

    pub(super) fn request(&mut self, reason: Reason) {
        let code = if let Reason::Exit(code) = &reason { *code } else { 0 };
        self.announce_stop(reason);
        self.handle(Input::Shutdown(code));
    }

    fn announce_stop(&mut self, reason: Reason) {
        self.watched.stop_began();
        // The first reason is the one that units are told.
        let _ = self.run.cells.reason.set(reason.clone());
        self.send(|_| Event::ShutdownRequested { reason });
    }

    fn take_in(&mut self, index: u32, fact: Fact) {
        let unit = UnitIndex(index);
        if fact.said_in().is_some_and(|life| life != self.run.cells.of(unit.at()).life()) {
            // It may hold an error, which has a destructor.
            unwind::drop_quietly(fact);
            return;
        }
        match fact {
            Fact::Up(_) => self.handle(Input::Up(unit)),
            Fact::Extended(_, until) => {
                if self.phase(unit) == Phase::Starting {
                    self.extended.insert(index, *until);
                    self.run.app.hub().extended(index, *until);
                    let until = self.timers.nanos(*until);
                    self.handle(Input::Extend(unit, until));
                }
            }
            Fact::LetGo(_) => match (self.phase(unit), self.entry(unit.at()).is_context()) {
                (Phase::Up, true) => self.handle(Input::Unexplained(unit, Fault::GaveUp)),
                (Phase::Starting, false) => self.handle(Input::Unexplained(unit, Fault::NeverReady)),
                _ => {}
            },
            Fact::Lost(_, None) => self.handle(Input::Unexplained(unit, Fault::ResourceLost)),
            Fact::Lost(_, Some(broken)) => {
                self.broken.entry(index).or_default().push_back(*broken);
                self.handle(Input::Failed(unit, Fault::ResourceLost));
                // Where nothing became of it, it is nobody's news.
                self.forget_broken(index);
            }
            Fact::RestartedInPlace(times) => self.handle(Input::Restarted(unit, times)),
            Fact::Value(value) => {
                self.run.app.resources().put(*value);
                self.valued.push(index);
            }
            Fact::Broken(broken) => self.broken.entry(index).or_default().push_back(*broken),
            Fact::Done if !self.broken.contains_key(&index) => {
                let valued = self.valued.iter().position(|&other| other == index).map(|at| self.valued.swap_remove(at));
                let ending = if valued.is_some() { Ending::Value } else { Ending::Returned };
                self.ended(unit, ending);
            }
            // Its thread returned after something had broken.
            Fact::Done | Fact::Gone => {
                while self.broken.get(&index).is_some_and(|broken| broken.len() > 1) {
                    self.handle(Input::Failed(unit, Fault::Own));
                }
                let ending = if self.broken.contains_key(&index) { Ending::Failed } else { Ending::Dropped };
                self.ended(unit, ending);
                self.forget_broken(index);
            }
        }
    }

    fn ended(&mut self, unit: UnitIndex, ending: Ending) {
        self.handles[unit.at()] = None;
        self.handle(Input::Ended(unit, ending));
    }

    fn forget_broken(&mut self, index: u32) {
        if let Some(broken) = self.broken.remove(&index) {
            unwind::drop_quietly(broken);
        }
    }

    /// What broke in units whose threads go on has happened all the same.
    fn tell_of_what_goes_on(&mut self) {
        while let Some(&index) = self.broken.keys().next() {
            self.handle(Input::Failed(UnitIndex(index), Fault::Own));
            self.forget_broken(index);
        }
    }

    // What is done about it.

    /// Hands an input to the machine, and carries out what follows.
    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.hand_over(input);
        while let Some((unit, ending)) = self.following.pop_front() {
            self.hand_over(Input::Ended(unit, ending));
        }
    }

    fn hand_over(&mut self, input: Input<'_>) {
        let chance = needs_chance(&input).then(chance);
        let mut commands = std::mem::take(&mut self.commands);
        self.run.app.hub().decide(input, chance, self.nanos(), &mut commands);
        let mut at = 0;
        while at < commands.len() {
            at += 1 + self.carry(&commands[at..]);
        }
        commands.clear();
        self.commands = commands;
    }

    /// Carries out the first of these commands; returns how many of those behind it that covers.
    fn carry(&mut self, commands: &[Command]) -> usize {
        let Some(&command) = commands.first() else { return 0 };
        match command {
            Command::Spawn(unit, up_when) => self.spawn(unit, up_when),
            Command::Stop(unit) => self.run.cells.of(unit.at()).tell(),
            Command::Drop(unit) => self.abort(unit),
            Command::DropSetup(unit) => {
                if self.run.cells.of(unit.at()).drop_setup() {
                    self.abort(unit);
                }
            }
            Command::Release(unit) => self.release(unit),
            Command::GiveTurn(unit) => self.turns.push(unit),
            Command::Deadline(unit, at) => self.timers.set(unit, at),
            Command::Forgive(counted, at) => self.timers.forgive(counted, at),
            Command::ForgetForgiving(counted) => self.timers.forget_forgiving(counted),
            Command::Failure { .. } => return self.fail(commands),
            Command::Reweigh(unit, weight) => self.run.app.hub().reweigh(unit.0, weigh(weight)),
            Command::Restarting { unit, number, delay } => self.tell_restart(unit, None, number, delay),
            Command::RestartingPart(unit, reason) => return self.tell_part(unit, reason, &commands[1..]),
            // It belongs to the one before.
            Command::AlongWith(_) => {}
            Command::Phase(unit, from, to) => self.tell_phase(unit, from, to),
            Command::AppUp => {
                self.send(|now| Event::AppUp { took: now.since_launch() });
                // An app that is up and waits for nothing is not woken.
                self.timers.rearm();
                self.watched.forget_nudge();
                self.begin_reload();
            }
            Command::AppStopping(cause) => self.stop_begins(cause),
            Command::PlanInPlace => self.follow_next_plan(),
            Command::Answer(call, answer) => self.answer(call, answer),
            Command::Finish(code) => self.finished = Some(code),
        }
        0
    }

    fn spawn(&mut self, unit: UnitIndex, up_when: UpWhen) {
        self.extended.remove(&unit.0);
        if self.machine(|machine| machine.generation(unit)) > 0 {
            self.run.cells.of(unit.at()).live_anew();
        }
        let supervised = Supervised::new(Arc::clone(&self.run), unit.0, up_when == UpWhen::FirstAwait);
        self.handles[unit.at()] = Some(tokio::spawn(supervised).abort_handle());
    }

    fn abort(&self, unit: UnitIndex) {
        if let Some(handle) = &self.handles[unit.at()] {
            handle.abort();
        }
    }

    /// Drops what a unit has provided and left behind.
    fn release(&mut self, unit: UnitIndex) {
        let left = provides(self.entry(unit.at()).unit).and_then(|ty| self.run.app.resources().remove(ty.id));
        let dropped = panics::guard(self.run.cells.of(unit.at()), || drop(left));
        // A destructor takes the time that it takes.
        self.look_at_the_clock();
        let ending = match dropped {
            Ok(()) => Ending::Dropped,
            Err(broken) => {
                self.broken.entry(unit.0).or_default().push_back(broken);
                Ending::Failed
            }
        };
        self.following.push_back((unit, ending));
    }

    fn fail(&mut self, commands: &[Command]) -> usize {
        let Command::Failure { unit, stage, fault, weight, exhausted, explains } = commands[0] else { return 0 };
        let broken = self.what_broke(unit, stage, fault, exhausted);
        let stage = match stage {
            machine::Stage::Startup => Stage::Startup,
            machine::Stage::Running => Stage::Running,
            machine::Stage::Shutdown => Stage::Shutdown,
        };
        // The error tells its text here, outside the lock on the facts: it is user code.
        let blamed = self.blamed(unit, fault);
        let failure = Failure::new(self.run.plan.roster.get(blamed.at()), stage, broken, weigh(weight));
        let hub = self.run.app.hub();
        let failure = Arc::new(if explains { hub.read(|facts| facts.explaining(failure)) } else { failure });
        // It is the last failure of its unit.
        drop_quietly(self.run.app.hub().take_unheard(unit.0));
        let rest = &commands[1..];
        let next = rest.iter().position(|command| !matches!(command, Command::Forgive(..)));
        if let Some(at) = next
            && let Command::Restarting { unit: other, number, delay } = rest[at]
            && other == unit
        {
            for command in &rest[..at] {
                self.carry(std::slice::from_ref(command));
            }
            self.tell_restart(unit, Some(failure), number, delay);
            return at + 1;
        }
        self.send(|_| Event::Failed { failure });
        0
    }

    fn what_broke(&mut self, unit: UnitIndex, stage: machine::Stage, fault: Fault, exhausted: bool) -> Broken {
        let index = unit.0;
        let stashed = match fault {
            Fault::Own | Fault::ResourceLost => {
                let stash = self.broken.get_mut(&index);
                let first = stash.and_then(VecDeque::pop_front);
                if self.broken.get(&index).is_some_and(VecDeque::is_empty) {
                    self.broken.remove(&index);
                }
                first
            }
            _ => None,
        };
        let entry = self.entry(unit.at());
        let policy = entry.restart().unwrap_or(crate::unit::Restart::DEFAULT);
        let broken = stashed.unwrap_or_else(|| match fault {
            Fault::Own | Fault::CutOff => Broken::Other(Cause::Lost),
            Fault::NothingProvided => Broken::Other(Cause::NothingProvided),
            Fault::GaveUp => Broken::Other(Cause::GaveUp),
            Fault::ResourceLost => Broken::Other(Cause::ResourceLost),
            Fault::NeverReady => Broken::Other(Cause::NeverReady),
            Fault::TimedOut => Broken::Other(Cause::TimedOut { limit: self.limit(unit, stage) }),
            Fault::NotYielding => self.run.app.hub().read(|facts| facts.not_yielding(index)),
            Fault::Starved | Fault::HeldUp => Broken::Other(self.starved(unit)),
            Fault::ReturnedTooOften => {
                let (intensity, period) = (policy.intensity, policy.period);
                Broken::Other(Cause::RestartedTooOften { intensity, period })
            }
        });
        if !exhausted {
            return broken;
        }
        let group = entry.unit.options.group;
        let (intensity, period) =
            group.map_or((policy.intensity, policy.period), |group| (group.intensity, group.period));
        let by = Exhausted { intensity, period, group: group.map(|group| group.name) };
        Broken::Exhausted { broken: Box::new(broken), by }
    }

    /// Returns the unit whose failure this is: of one that ran out of time since another blocked its thread, that other.
    fn blamed(&self, unit: UnitIndex, fault: Fault) -> UnitIndex {
        match fault {
            Fault::Starved | Fault::HeldUp => self.run.app.hub().read(|facts| facts.blocked).map_or(unit, UnitIndex),
            _ => unit,
        }
    }

    fn starved(&self, unit: UnitIndex) -> Cause {
        if self.blamed(unit, Fault::Starved) == unit {
            Cause::Starved
        } else {
            Cause::Blocked { starved: self.run.plan.roster.name(unit.at()).plain().into() }
        }
    }

    /// The limit that a unit has passed.
    fn limit(&self, unit: UnitIndex, stage: machine::Stage) -> Duration {
        let (hub, entry, limits) = (self.run.app.hub(), self.entry(unit.at()), &self.run.limits);
        if stage == machine::Stage::Startup {
            return match self.extended.get(&unit.0) {
                Some(_) => hub.read(|facts| facts.starting_for(unit.at())),
                None => entry.startup_limit(limits.startup).unwrap_or_default(),
            };
        }
        let took = hub.read(|facts| facts.stopping_for(unit.at()));
        let default = if entry.is_context() { limits.teardown } else { limits.grace };
        // The budget of the whole stop may leave less than the unit's own limit.
        took.min(entry.shutdown_timeout().unwrap_or(default))
    }

    // What is told.

    fn tell_restart(&self, unit: UnitIndex, failure: Option<Arc<Failure>>, attempt: u32, delay: Nanos) {
        let (unit, delay) = (self.run.plan.roster.get(unit.at()), Duration::from_nanos(delay));
        self.send(|_| Event::Restarting { unit, failure, attempt, delay });
    }

    fn tell_part(&self, unit: UnitIndex, reason: PartReason, rest: &[Command]) -> usize {
        let others = rest.iter().map_while(|command| match command {
            Command::AlongWith(other) => Some(self.run.plan.roster.get(other.at())),
            _ => None,
        });
        let others: Vec<_> = others.collect();
        let along = others.len();
        let reason = match reason {
            PartReason::Asked => RestartReason::Asked,
            PartReason::Failed => RestartReason::Failed,
            PartReason::Reload => RestartReason::Reload,
            PartReason::Group => {
                RestartReason::Group(self.entry(unit.at()).unit.options.group.map_or("", |group| group.name))
            }
        };
        let unit = self.run.plan.roster.get(unit.at());
        self.send(|_| Event::RestartingPart { unit, others, reason });
        along
    }

    fn tell_phase(&mut self, unit: UnitIndex, from: Phase, to: Phase) {
        let (index, was, is) = (unit.at(), self.status(unit, from), self.status(unit, to));
        match to {
            Phase::Pending(machine::Outcome::NotStarted) => {}
            Phase::Pending(outcome) | Phase::BackingOff(outcome) => self.unit_is(index, was, is, Some(outcome.into())),
            Phase::Held if !self.entry(index).is_context() => {
                self.unit_is(index, was, Status::Up, None);
                self.unit_is(index, Status::Up, is, None);
            }
            _ => self.unit_is(index, was, is, None),
        }
        if let Phase::Stuck(_) | Phase::Ended(_) = to {
            if self.entry(index).unit.options.schedule.is_some() {
                self.run.app.hub().schedule_ends(unit.0);
            }
            self.forget_config(unit);
        }
    }

    /// Returns where a unit in this phase is, as users see it.
    fn status(&self, unit: UnitIndex, phase: Phase) -> Status {
        match phase {
            Phase::Waiting | Phase::Pending(_) => Status::Waiting,
            Phase::BackingOff(_) => Status::BackingOff { until: self.now, restart: 0 },
            Phase::Starting => Status::Starting,
            Phase::Held | Phase::Releasing(_) if !self.entry(unit.at()).is_context() => {
                Status::Ended(Outcome::Returned)
            }
            Phase::Up | Phase::Held => Status::Up,
            Phase::Stopping | Phase::Dropping(_) | Phase::Releasing(_) => Status::Stopping,
            Phase::Stuck(outcome) | Phase::Ended(outcome) => Status::Ended(outcome.into()),
        }
    }

    /// Whoever waits for the other end of a channel is not to wait for a unit that has ended.
    fn forget_config(&self, unit: UnitIndex) {
        let given_by_code = || self.entry(unit.at()).unit.arguments.iter().any(|argument| argument.code);
        if self.keeps_configs || given_by_code() && !self.may_be_dragged_along(unit.at()) {
            self.run.configs.forget(unit.at());
        }
    }

    fn stop_begins(&mut self, cause: StopCause) {
        let reason = match cause {
            StopCause::Requested | StopCause::Forced => None,
            StopCause::AllFinished => Some(Reason::AllFinished),
            StopCause::Failed(unit) => Some(Reason::Failed(self.run.plan.roster.get(unit.at()))),
            StopCause::Returned(unit) => Some(Reason::Returned(self.run.plan.roster.get(unit.at()))),
        };
        if let Some(reason) = reason {
            self.announce_stop(reason);
        }
        self.keeps_configs = self.run.configs.forget_but(|unit| self.may_call_its_function(unit));
        self.give_up_reload();
    }

    /// Whether a unit's function may be called once more while the app goes down.
    fn may_call_its_function(&self, unit: usize) -> bool {
        match self.phase(unit_index(unit)) {
            Phase::Waiting | Phase::Pending(_) | Phase::BackingOff(_) | Phase::Held | Phase::Ended(_) => false,
            // Until it is told.
            Phase::Up => self.entry(unit).unit.options.schedule.is_some(),
            // No thread may have come to its first step yet.
            _ => true,
        }
    }

    // Restarts that are asked for.

    fn restart_called(&mut self, mut call: RestartCall) {
        if self.is_stopping() {
            // Whoever asked may have gone.
            let _ = call.done.send(Err(RestartError::going_down(self.run.app.state())));
            return;
        }
        let roster = &self.run.plan.roster;
        // A reload may have taken it out since.
        call.units.retain(|unit| roster.runs(*unit) && self.reloads.keeps(*unit));
        if let Some(error) = self.cannot_restart(&call.units, &[]) {
            let _ = call.done.send(Err(error));
            return;
        }
        let units: Vec<UnitIndex> = call.units.iter().map(|&unit| unit_index(unit)).collect();
        let id = self.caller(Caller::Restart(call.done));
        self.handle(Input::Restart { call: id, units: &units });
    }

    pub(super) fn caller(&mut self, caller: Caller) -> CallId {
        self.next_call = self.next_call.wrapping_add(1);
        self.callers.insert(self.next_call, caller);
        CallId(self.next_call)
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        let state = || self.run.app.state();
        match self.callers.remove(&call.0) {
            None => {}
            Some(Caller::Reload) => self.reload_answered(answer),
            Some(Caller::Restart(done)) => {
                let answer = match answer {
                    Answer::Done => Ok(()),
                    Answer::Stuck(unit) => Err(RestartError::stuck(&self.run.plan.roster.name(unit.at()).to_string())),
                    Answer::NotNow | Answer::GoingDown => Err(RestartError::going_down(state())),
                };
                // Whoever asked may have gone.
                let _ = done.send(answer);
            }
        }
    }

    /// Units and those that can't do without them, in registration order.
    pub(super) fn followers(&self, roots: &[usize]) -> impl Iterator<Item = usize> + use<> {
        let units = self.handles.len();
        self.run.plan.graph.followers(roots.iter().copied()).into_iter().take_while(move |&node| node < units)
    }

    /// Why a part can't be started again, before anything of it is stopped. What is given for some is there.
    pub(super) fn cannot_restart(&self, roots: &[usize], given: &[usize]) -> Option<RestartError> {
        let name = |unit: usize| self.run.plan.roster.name(unit).to_string();
        if let Some(stuck) = self.followers(roots).find(|&unit| self.is_stuck(unit)) {
            return Some(RestartError::stuck(&name(stuck)));
        }
        let roots: Vec<UnitIndex> = roots.iter().copied().map(unit_index).collect();
        let part = self.machine(|machine| machine.part_of(&roots));
        part.into_iter().map(UnitIndex::at).filter(|unit| !given.contains(unit)).find_map(|unit| {
            let entry = self.entry(unit);
            if let Some(argument) = entry.cannot_be_cloned() {
                return Some(RestartError::not_clone(&name(unit), argument.name, argument.ty));
            }
            let has_ended = matches!(self.phase(unit_index(unit)), Phase::Ended(_) | Phase::Held);
            let is_gone = has_ended && !entry.unit.arguments.is_empty() && !self.run.configs.has(unit);
            is_gone.then(|| RestartError::ended(&name(unit)))
        })
    }

    pub(super) fn is_stuck(&self, unit: usize) -> bool {
        unit < self.handles.len() && matches!(self.phase(unit_index(unit)), Phase::Stuck(_))
    }

    /// Whether a unit that has ended may be started again, for the sake of what it depends on.
    fn may_be_dragged_along(&self, unit: usize) -> bool {
        let graph = &self.run.plan.graph;
        let leaves_a_value = !self.entry(unit).is_context() && provides(self.entry(unit).unit).is_some();
        leaves_a_value && graph.dependencies.of(unit).any(|dependency| !graph.is_loose(unit, dependency))
    }

    // Another plan.

    /// Makes room for so many registrations.
    pub(super) fn make_room(&mut self, units: usize) {
        self.handles.resize(units, None);
        self.timers.make_room(units);
    }

    pub(super) fn entry(&self, unit: usize) -> &Entry {
        &self.run.plan.roster.entries[unit]
    }

    fn unit_is(&self, unit: usize, from: Status, to: Status, ended: Option<Outcome>) {
        if from != to {
            self.run.app.hub().unit_is(self.moment, unit, from, to, ended);
        }
    }

    pub(super) fn send(&self, make: impl FnOnce(&Tense<'_>) -> Event) {
        Hub::send(self.run.app.hub(), self.moment, make);
    }
}

/// Whether a delay that is left to chance may follow.
fn needs_chance(input: &Input<'_>) -> bool {
    matches!(input, Input::Ended(_, Ending::Returned | Ending::Failed) | Input::Failed(..) | Input::Unexplained(..))
}

fn weigh(weight: Weight) -> failure::Weight {
    match weight {
        Weight::Full => failure::Weight::Full,
        Weight::Ignored => failure::Weight::Ignored,
        Weight::Recovered => failure::Weight::Recovered,
        Weight::Absorbed => failure::Weight::Absorbed,
    }
}

impl Drop for Driver {
    /// Dropped before the run was over, it was cut off: state, events and whoever waits for the report are told.
    fn drop(&mut self) {
        let hub = self.run.app.hub();
        if hub.read(|facts| facts.state == State::Stopped) {
            return;
        }
        hub.all_schedules_end();
        for handle in self.handles.iter().flatten() {
            handle.abort();
        }
        for unit in 0..self.handles.len() {
            match self.phase(unit_index(unit)) {
                Phase::Waiting | Phase::Pending(_) | Phase::BackingOff(_) | Phase::Ended(_) | Phase::Stuck(_) => {}
                Phase::Held if !self.entry(unit).is_context() => {}
                phase => {
                    let stage = if phase == Phase::Starting {
                        Stage::Startup
                    } else if self.machine(Machine::app) == AppPhase::Stopping {
                        Stage::Shutdown
                    } else {
                        Stage::Running
                    };
                    self.send(|now| Event::Failed {
                        failure: Arc::new(Failure::new(
                            now.unit(unit),
                            stage,
                            Broken::Other(Cause::Lost),
                            failure::Weight::Full,
                        )),
                    });
                }
            }
        }
        self.send(|now| {
            let exit_code = now.facts.exit_code().or_incomplete();
            Event::Ended { exit_code, took: now.since_launch() }
        });
        self.run.app.inbox().close();
        self.watched.leave(false);
        self.run.deliver(hub.read(Report::cut_off));
    }
}
