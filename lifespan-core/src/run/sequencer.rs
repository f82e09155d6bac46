//! The one task that decides: starts units, hears what became of them, and stops them.
//!
//! # Invariants
//! - Only the sequencer changes a unit's [`Life`], and it sends the event for each change: what is read from events is
//!   what was decided.
//! - It never waits without a bound, but for units that are up and for `once` tasks that declare no limit.
//! - A unit's supervisor is spawned once in each of its lives, and told of as `Done` or `Gone` once; after that it is
//!   `Over`, and only then it may live anew.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, timeout};

use super::Run;
use super::deadlines::{Deadlines, Due};
use super::inbox::{Fact, Post, Restarted};
use super::part::Parts;
use super::reload::Reloads;
use super::stop::Stop;
use super::supervise::Supervised;
use crate::event::{Event, Reason};
use crate::failure::{Broken, Cause, Failure, Stage, Weight};
use crate::plan::roster::Entry;
use crate::report::Report;
use crate::state::{Facts, Hub, Moment, Outcome, State, Status, Tense};
#[cfg(unix)]
use crate::systemd;
use crate::unit::{OnFailure, OnReturn};
use crate::unwind;
use crate::watch::{self, Watched};

/// Where a unit is in its life, as the sequencer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Not started.
    Waiting,
    Starting,
    /// It has returned its value; `Done` is the next that is heard of it.
    Valued,
    Up,
    /// A context that has returned its resource: up, with no future.
    Holding,
    /// It failed, and its future is about to go.
    Failing,
    /// Told to stop.
    Stopping,
    /// Dropped; its future is about to go. What it then counts as.
    Dropping(Outcome),
    Over,
    /// Dropped, but its body blocks its thread.
    Stuck,
}

pub(crate) struct Sequencer {
    pub(super) run: Arc<Run>,
    pub(super) lives: Vec<Life>,
    handles: Vec<Option<AbortHandle>>,
    pub(super) deadlines: Deadlines,
    /// What was left in the inbox; kept for its room.
    post: Post,
    /// When the sequencer looked at the clock last: once for all that it hears of at once.
    pub(super) now: Instant,
    /// The same, as events have it.
    moment: Moment,
    pub(super) launched: Instant,
    /// Shutdown was requested.
    pub(super) due: bool,
    pub(super) forced: Option<i32>,
    tasks_alive: usize,
    starting: Option<Starting>,
    /// The limits that units have moved with `Ready::extend`.
    pub(super) extended: HashMap<usize, Instant>,
    /// How often those units have been started again whose futures are made anew; its low bits tell lives apart.
    pub(super) lived: HashMap<usize, u16>,
    pub(super) parts: Parts,
    pub(super) reloads: Reloads,
    pub(super) stop: Option<Stop>,
    /// The app goes down, and some units have not been called for the last time.
    keeps_configs: bool,
    pub(super) watched: Arc<Watched>,
    /// For how long the process had been suspended when it was looked at last.
    suspended: Duration,
    /// How many units are started or told to stop before those are let run. Where one thread runs them all, what they
    /// need is in its caches still, and so it is when they are heard of.
    pub(super) stride: usize,
}

/// For how many facts room is kept: an app that has started at once is not to hold on to a list of all its units.
const ROOM: usize = 64;

/// How long the end of a run waits for the log's last lines.
const LINES: Duration = Duration::from_secs(1);

/// A concurrent startup: how much each node still waits for, what waits for nothing, and who is waited for no more.
struct Starting {
    left: Vec<u32>,
    ready: Vec<usize>,
    settled: Vec<bool>,
    unsettled: usize,
}

impl Sequencer {
    pub(crate) fn new(run: Arc<Run>, watched: Arc<Watched>, reloads: Reloads) -> Self {
        let units = run.plan.roster.entries.len();
        let launched = run.app.hub().read(|facts| facts.launched);
        Self {
            lives: vec![Life::Waiting; units],
            handles: vec![None; units],
            deadlines: Deadlines::new(),
            post: Post::default(),
            now: launched,
            moment: Moment::default(),
            launched,
            due: false,
            forced: None,
            tasks_alive: 0,
            starting: None,
            extended: HashMap::new(),
            lived: HashMap::new(),
            parts: Parts::default(),
            reloads,
            stop: None,
            keeps_configs: false,
            suspended: watch::suspended(),
            run,
            watched,
            stride: match Handle::current().runtime_flavor() {
                RuntimeFlavor::CurrentThread => 256,
                _ => usize::MAX,
            },
        }
    }

    /// Carries the plan out, from the first start to the report.
    pub(crate) async fn carry_out(mut self, sources: Option<Arc<str>>) {
        let units = self.lives.len();
        #[cfg(unix)]
        let told = systemd::speak_for(&self.run, self.watched.reloads());
        self.look_at_the_clock();
        self.send(|_| Event::Launched { units, sources });
        // Shutdown may have been requested before the launch: then nothing starts.
        self.look_into_inbox();
        self.hear();
        if self.run.limits.concurrent_startup {
            self.start_concurrently().await;
        } else {
            self.start_in_order().await;
        }
        self.deadlines.keep(|node, life, due| counts(self.lives[node], due) && life == lived(&self.lived, node));
        // An app that is up and waits for nothing is not woken.
        self.watched.forget_nudge();
        if !self.due {
            self.send(|now| Event::AppUp { took: now.since_launch() });
        }
        self.serve().await;
        self.keeps_configs = self.run.configs.forget_but(|node| self.may_call_its_function(node));
        self.stop_all().await;
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

    async fn start_in_order(&mut self) {
        let run = Arc::clone(&self.run);
        for node in run.plan.order() {
            if node >= self.lives.len() {
                continue;
            }
            if self.due {
                return;
            }
            self.start(node);
            while (self.is_coming_up(node) || self.is_mending()) && !self.due {
                self.turn_and_mend().await;
            }
        }
    }

    async fn start_concurrently(&mut self) {
        let graph = &self.run.plan.graph;
        let left: Vec<u32> = (0..graph.nodes()).map(|node| count(graph.dependencies.of(node).len())).collect();
        let ready = self.run.plan.order().rev().filter(|&node| left[node] == 0).collect();
        let settled = vec![false; left.len()];
        self.starting = Some(Starting { unsettled: left.len(), left, ready, settled });
        while !self.due {
            for _ in 0..self.stride {
                let Some(node) = self.starting.as_mut().and_then(|starting| starting.ready.pop()) else { break };
                if node >= self.lives.len() {
                    self.settled(node);
                } else if self.is_mending() && !self.has_what_it_needs(node) {
                    self.rises_later(node);
                } else {
                    self.start(node);
                }
            }
            match &self.starting {
                Some(starting) if !starting.ready.is_empty() => self.let_run().await,
                Some(starting) if starting.unsettled > 0 || self.is_mending() => self.turn_and_mend().await,
                _ => break,
            }
        }
        self.starting = None;
    }

    /// A node is up, or failed and is to be ignored: what waits for it may go on.
    fn settled(&mut self, node: usize) {
        let Some(starting) = &mut self.starting else { return };
        if std::mem::replace(&mut starting.settled[node], true) {
            return;
        }
        starting.unsettled -= 1;
        for dependent in self.run.plan.graph.dependents.of(node) {
            starting.left[dependent] -= 1;
            if starting.left[dependent] == 0 {
                starting.ready.push(dependent);
            }
        }
    }

    pub(super) fn start(&mut self, node: usize) {
        self.lives[node] = Life::Starting;
        self.unit_is(node, Status::Starting);
        if let Some(limit) = self.startup_limit(node) {
            self.remind(self.now + limit, node, Due::Startup);
        }
        if !self.entry(node).is_context() {
            self.tasks_alive += 1;
        }
        let index = count(node);
        let supervised = Supervised::new(Arc::clone(&self.run), index);
        self.handles[node] = Some(tokio::spawn(supervised).abort_handle());
    }

    pub(super) fn startup_limit(&self, node: usize) -> Option<Duration> {
        self.entry(node).startup_limit(self.run.limits.startup)
    }

    /// Whether a unit's function may be called once more while the app goes down.
    fn may_call_its_function(&self, node: usize) -> bool {
        let entry = self.entry(node);
        match self.lives[node] {
            Life::Waiting | Life::Holding | Life::Over => false,
            // Until it is told.
            Life::Up => entry.restarts_in_place() || entry.unit.options.schedule.is_some(),
            // No thread may have come to its first step yet.
            _ => true,
        }
    }

    /// Until there is a reason to stop.
    async fn serve(&mut self) {
        while !self.due {
            if self.tasks_alive == 0 && !self.run.limits.stay_up && !self.is_mending() && self.has_tasks() {
                self.request(Reason::AllFinished);
                return;
            }
            self.turn_and_mend().await;
        }
    }

    fn has_tasks(&self) -> bool {
        self.run.plan.roster.running().any(|entry| !entry.is_context())
    }

    /// Makes room for so many registrations.
    pub(super) fn make_room(&mut self, units: usize) {
        self.lives.resize(units, Life::Waiting);
        self.handles.resize(units, None);
    }

    /// Has the sequencer look at a unit again then.
    pub(super) fn remind(&mut self, at: Instant, node: usize, due: Due) {
        self.deadlines.add(at, node, lived(&self.lived, node), due);
    }

    /// Reads the clock, once for all that is decided in a turn.
    pub(super) fn look_at_the_clock(&mut self) {
        self.now = Instant::now();
        self.moment = Moment::after(self.launched, self.now);
    }

    fn finish(mut self) -> (Arc<Run>, Report) {
        self.look_at_the_clock();
        // A thread of its own does not hold up the runtime's drop, and the process ends with `main` all the same.
        let holds_up = |node: usize| self.lives[node] == Life::Stuck && !self.entry(node).unit.options.blocking;
        let stuck = (0..self.lives.len()).any(holds_up);
        let exit_code = self.run.app.hub().read(Facts::exit_code);
        self.send(|now| Event::Ended { exit_code, took: now.since_launch() });
        let report = self.run.app.hub().read(Report::of);
        self.run.app.inbox().close();
        self.watched.leave(stuck);
        (Arc::clone(&self.run), report)
    }

    /// Waits for word or for a deadline, and acts on all there is.
    pub(super) async fn turn(&mut self) {
        let (inbox, deadlines, watched) = (self.run.app.inbox(), &mut self.deadlines, &self.watched);
        let post = &mut self.post;
        let mut woken = false;
        poll_fn(|context| match inbox.poll(context, post) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending if watched.take_nudged() => {
                deadlines.rearm();
                Poll::Ready(())
            }
            Poll::Pending => {
                let woken = std::mem::replace(&mut woken, true);
                deadlines.poll(context, woken, |at| watched.nudge_after(at - Instant::now()))
            }
        })
        .await;
        self.act();
    }

    /// Lets the units run that have something to do, and acts on all there is.
    pub(super) async fn let_run(&mut self) {
        yield_now().await;
        self.look_into_inbox();
        self.act();
    }

    fn act(&mut self) {
        self.look_at_the_clock();
        self.hear();
        let now = self.now;
        if self.deadlines.is_due(now) {
            self.postpone_by_suspension();
        }
        while let Some((node, due)) = self
            .deadlines
            .next_due(now, |node, life, due| counts(self.lives[node], due) && life == lived(&self.lived, node))
        {
            self.overdue(node, due, now);
        }
    }

    /// Puts all deadlines off by the time for which the process was suspended: nothing could run meanwhile.
    fn postpone_by_suspension(&mut self) {
        let suspended = watch::suspended();
        let more = suspended.saturating_sub(std::mem::replace(&mut self.suspended, suspended));
        if !more.is_zero() {
            self.deadlines.postpone(more);
            if let Some(stop) = &mut self.stop {
                stop.postpone(more);
            }
        }
    }

    /// Acts on what was left in the inbox.
    fn hear(&mut self) {
        let mut post = std::mem::take(&mut self.post);
        for reason in post.requests.drain(..) {
            self.request(reason);
        }
        if let (Some(signal), None) = (post.forced.take(), self.forced) {
            self.forced = Some(signal);
            self.due = true;
            self.send(|_| Event::Forced { signal });
        }
        for (index, fact) in post.facts.drain(..) {
            self.take_in(index as usize, fact);
        }
        for call in post.calls.drain(..) {
            self.restart_called(call);
        }
        for call in post.reloads.drain(..) {
            self.reload_called(call);
        }
        if let Some(read) = post.read.take() {
            self.read_anew(*read);
        }
        if std::mem::take(&mut post.is_reading_late) {
            self.reading_is_late();
        }
        if post.facts.capacity() <= ROOM {
            self.post = post;
        }
    }

    /// Takes what was left in the inbox, without waiting for it.
    fn look_into_inbox(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let _ = self.run.app.inbox().poll(&mut context, &mut self.post);
    }

    fn take_in(&mut self, node: usize, fact: Fact) {
        let is_late = fact.said_in().is_some_and(|life| life != self.run.cells.of(node).life());
        let life = self.lives[node];
        match (fact, life) {
            // Nobody's news; it may hold an error, which has a destructor.
            (fact, _) if is_late => unwind::drop_quietly(fact),
            (Fact::Up(_), Life::Starting) => self.up(node, Life::Up),
            (Fact::LetGo(_), Life::Up) if self.entry(node).is_context() => {
                self.broke(node, Broken::Other(Cause::GaveUp));
            }
            (Fact::Lost(_, broken), Life::Up) => self.lost(node, broken.map(|broken| *broken)),
            (Fact::LetGo(_), Life::Starting) if self.entry(node).takes_ready() => {
                self.drop_unit(node, Outcome::Failed, self.now);
                self.broke_at(node, Stage::Startup, Broken::Other(Cause::NeverReady));
            }
            (Fact::Extended(_, until), Life::Starting) => {
                self.remind(*until, node, Due::Startup);
                self.extended.insert(node, *until);
                self.run.app.hub().extended(count(node), *until);
            }
            // It yields after all.
            (Fact::Done | Fact::Gone, Life::Stuck) if !self.due => self.stopped(node, Outcome::Overdue),
            // What it says is nobody's news; it may hold what has a destructor.
            (fact, Life::Over | Life::Stuck) => unwind::drop_quietly(fact),
            // It was told to tear down meanwhile; what broke is a failure all the same.
            (Fact::Lost(_, Some(broken)), _) => self.fail(node, *broken),
            (Fact::Up(_) | Fact::LetGo(_) | Fact::Lost(_, None) | Fact::Extended(..), _) => {}
            (Fact::Value(value), _) => {
                self.run.app.resources().put(*value);
                if life == Life::Starting {
                    self.lives[node] = Life::Valued;
                }
            }
            (Fact::Done, Life::Starting | Life::Valued | Life::Up) => self.done(node),
            (Fact::Done | Fact::Gone, Life::Stopping) => self.stopped(node, Outcome::Stopped),
            (Fact::Done | Fact::Gone, Life::Dropping(outcome)) => self.stopped(node, outcome),
            (Fact::Restarting(restarted), _) => self.restarting(node, *restarted),
            (Fact::Broken(broken), _) => {
                let stage = self.stage(node);
                self.lives[node] = Life::Failing;
                self.broke_at(node, stage, *broken);
            }
            (Fact::Done | Fact::Gone, Life::Failing) => self.over(node),
            (Fact::Done | Fact::Gone, _) => {
                self.fail(node, Broken::Other(Cause::Lost));
                self.over(node);
            }
        }
    }

    /// Something went wrong in a unit: it starts again, as its policy says, or has failed.
    pub(super) fn broke(&mut self, node: usize, broken: Broken) {
        self.broke_at(node, self.stage(node), broken);
    }

    fn broke_at(&mut self, node: usize, stage: Stage, broken: Broken) {
        let was_up = self.lives[node] == Life::Up || self.lives[node] == Life::Failing && stage == Stage::Running;
        if let Err(Some(broken)) = self.recover(node, stage, Some(broken)) {
            self.fail_at(node, stage, broken);
            if was_up && self.entry(node).is_context() {
                self.go_without(node);
            }
        }
    }

    pub(super) fn up(&mut self, node: usize, life: Life) {
        self.lives[node] = life;
        self.deadlines.take_back(node, Due::Startup);
        self.unit_is(node, Status::Up);
        self.settled(node);
    }

    fn restarting(&mut self, node: usize, restarted: Restarted) {
        let Restarted { broken, attempt, delay } = restarted;
        let (unit, stage) = (self.run.plan.roster.get(node), self.stage(node));
        // The error tells its text here, outside the lock on the facts: it is user code.
        let failure = broken.map(|broken| Arc::new(Failure::new(unit.clone(), stage, broken, Weight::Recovered)));
        self.send(|_| Event::Restarting { unit, failure, attempt, delay });
    }

    /// A body has returned, before it was told to stop.
    fn done(&mut self, node: usize) {
        let life = self.lives[node];
        if self.entry(node).is_context() {
            match life {
                Life::Valued => self.up(node, Life::Holding),
                Life::Starting => self.end_failed(node, Cause::NothingProvided),
                _ => self.end_failed(node, Cause::GaveUp),
            }
            return;
        }
        if life != Life::Up {
            if self.entry(node).takes_ready() {
                return self.end_failed(node, Cause::NeverReady);
            }
            self.up(node, Life::Up);
        }
        let stage = self.stage(node);
        self.lives[node] = Life::Failing;
        match self.recover(node, stage, None) {
            Ok(()) => return self.over(node),
            Err(Some(broken)) => {
                self.fail_at(node, stage, broken);
                return self.over(node);
            }
            Err(None) => {}
        }
        self.unit_is(node, Status::Ended(Outcome::Returned));
        self.over(node);
        if self.entry(node).unit.options.on_return == Some(OnReturn::Shutdown) {
            self.request(Reason::Returned(self.run.plan.roster.get(node)));
        }
    }

    fn end_failed(&mut self, node: usize, cause: Cause) {
        let stage = self.stage(node);
        self.lives[node] = Life::Failing;
        self.broke_at(node, stage, Broken::Other(cause));
        self.unit_is(node, Status::Ended(Outcome::Failed));
        self.over(node);
    }

    pub(super) fn stopped(&mut self, node: usize, outcome: Outcome) {
        self.unit_is(node, Status::Ended(outcome));
        self.over(node);
    }

    /// A unit's future is gone.
    fn over(&mut self, node: usize) {
        self.lives[node] = Life::Over;
        self.handles[node] = None;
        if !self.entry(node).is_context() {
            self.tasks_alive -= 1;
        }
        if self.keeps_configs {
            self.run.configs.forget(node);
        }
        if !self.is_rising(node) {
            self.settled(node);
            let given_by_code = self.entry(node).unit.arguments.iter().any(|argument| argument.code);
            if given_by_code && !self.may_be_dragged_along(node) {
                // Whoever waits for the other end of a channel is not to wait for a unit that has ended.
                self.run.configs.forget(node);
            }
        }
        self.ended_while_stopping(node);
    }

    /// Keeps a failure, and requests shutdown for it unless it is to be ignored.
    pub(super) fn fail(&mut self, node: usize, broken: Broken) {
        self.fail_at(node, self.stage(node), broken);
    }

    fn fail_at(&mut self, node: usize, stage: Stage, broken: Broken) {
        let is_ignored = || self.entry(node).unit.options.on_failure == Some(OnFailure::Ignore);
        // What goes wrong while a part is stopped does not keep it from starting again, unless it does not stop.
        let weight = match broken.is_not_yielding() {
            _ if self.is_of_a_loss(node, &broken) => Weight::Recovered,
            false if self.is_being_restarted(node) => Weight::Recovered,
            true if self.is_being_restarted(node) && self.is_to_rise(node) => Weight::Full,
            _ if is_ignored() => Weight::Ignored,
            _ => Weight::Full,
        };
        // The error tells its text here, outside the lock on the facts: it is user code.
        let failure = Arc::new(Failure::new(self.run.plan.roster.get(node), stage, broken, weight));
        self.send(|_| Event::Failed { failure });
        if weight == Weight::Full && !self.due {
            self.request(Reason::Failed(self.run.plan.roster.get(node)));
        }
    }

    /// The part of its life that a unit is in.
    pub(super) fn stage(&self, node: usize) -> Stage {
        match self.lives[node] {
            Life::Waiting | Life::Starting | Life::Valued => Stage::Startup,
            Life::Up | Life::Failing if self.stop.as_ref().is_none_or(|stop| !stop.concerns(node)) => Stage::Running,
            _ => Stage::Shutdown,
        }
    }

    fn overdue(&mut self, node: usize, due: Due, now: Instant) {
        match due {
            Due::Startup => {
                let limit = match self.extended.get(&node) {
                    Some(until) if *until > now => return,
                    Some(_) => self.run.app.hub().read(|facts| facts.starting_for(node)),
                    None => self.startup_limit(node).unwrap_or_default(),
                };
                if self.entry(node).is_context() && self.has_provided(node) {
                    return;
                }
                self.drop_unit(node, Outcome::Overdue, now);
                self.broke_at(node, Stage::Startup, Broken::Other(Cause::TimedOut { limit }));
            }
            Due::Stop => {
                let limit = self.stop_limit(node);
                let took = self.run.app.hub().read(|facts| facts.stopping_for(node));
                // The budget of the whole stop may leave less than the unit's own limit.
                let limit = if took < limit { took } else { limit };
                self.fail(node, Broken::Other(Cause::TimedOut { limit }));
                self.drop_unit(node, Outcome::Overdue, now);
            }
            Due::Gone => {
                let (took, limit) = (self.run.app.hub().read(|facts| facts.stopping_for(node)), self.stop_limit(node));
                if self.is_being_restarted(node) && took < limit {
                    // There is no hurry, and an app that goes down for it serves nobody.
                    return self.remind(now + limit.saturating_sub(took), node, Due::Gone);
                }
                let was_up = self.run.app.hub().read(|facts| facts.records[node].up.since_launch().is_some());
                let stage = if was_up { Stage::Shutdown } else { Stage::Startup };
                let broken = self.run.app.hub().read(|facts| facts.not_yielding(count(node)));
                self.fail_at(node, stage, broken);
                self.lives[node] = Life::Stuck;
                self.settled(node);
                self.ended_while_stopping(node);
            }
            // It is started when the sequencer looks next.
            Due::Rise => {}
        }
    }

    /// Drops a unit's future at its next await point.
    pub(super) fn drop_unit(&mut self, node: usize, outcome: Outcome, now: Instant) {
        let gone_by = self.gone_by(node, now);
        if self.lives[node] != Life::Stopping {
            self.unit_is(node, Status::Stopping);
        }
        self.lives[node] = Life::Dropping(outcome);
        if let Some(handle) = &self.handles[node] {
            handle.abort();
        }
        self.remind(gone_by, node, Due::Gone);
    }

    pub(super) fn request(&mut self, reason: Reason) {
        self.due = true;
        self.watched.stop_began();
        // The first reason is the one that units are told.
        let _ = self.run.cells.reason.set(reason.clone());
        self.send(|_| Event::ShutdownRequested { reason });
    }

    pub(super) fn entry(&self, node: usize) -> &Entry {
        &self.run.plan.roster.entries[node]
    }

    pub(super) fn unit_is(&self, node: usize, status: Status) {
        self.run.app.hub().unit_is(self.moment, node, status);
    }

    pub(super) fn send(&self, make: impl FnOnce(&Tense<'_>) -> Event) {
        Hub::send(self.run.app.hub(), self.moment, make);
    }
}

impl Drop for Sequencer {
    /// Dropped before the run was over, it was cut off: state, events and whoever waits for the report are told.
    fn drop(&mut self) {
        let hub = self.run.app.hub();
        if hub.read(|facts| facts.state == State::Stopped) {
            return;
        }
        for handle in self.handles.iter().flatten() {
            handle.abort();
        }
        for node in 0..self.lives.len() {
            match self.lives[node] {
                Life::Waiting | Life::Failing | Life::Over | Life::Stuck => {}
                Life::Dropping(outcome) => self.unit_is(node, Status::Ended(outcome)),
                Life::Starting | Life::Valued | Life::Up | Life::Holding | Life::Stopping => {
                    let (stage, broken) = (self.stage(node), Broken::Other(Cause::Lost));
                    self.send(|now| Event::Failed {
                        failure: Arc::new(Failure::new(now.unit(node), stage, broken, Weight::Full)),
                    });
                }
            }
        }
        self.send(|now| {
            let exit_code = if now.facts.exit_code() == 0 { 4 } else { now.facts.exit_code() };
            Event::Ended { exit_code, took: now.since_launch() }
        });
        self.run.app.inbox().close();
        self.watched.leave(false);
        self.run.deliver(hub.read(Report::cut_off));
    }
}

/// Whether a deadline still means something to a unit in this state.
fn counts(life: Life, due: Due) -> bool {
    match due {
        Due::Startup => life == Life::Starting,
        Due::Stop => life == Life::Stopping,
        Due::Gone => matches!(life, Life::Dropping(_)),
        Due::Rise => life == Life::Waiting,
    }
}

/// Which of its lives a unit is in.
fn lived(lived: &HashMap<usize, u16>, node: usize) -> u16 {
    if lived.is_empty() { 0 } else { lived.get(&node).copied().unwrap_or(0) }
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 registrations")
}
