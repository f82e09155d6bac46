//! Carries out what the machine decides: spawns units, hears what became of them, keeps errors and timers, and tells.
//!
//! # Invariants
//! - Only the machine decides. Each input is followed by its commands, carried out in their order, before the next input.
//! - What an earlier life of a unit says does not reach the machine.
//! - A unit's supervisor is spawned once in each of its lives, and tells `Done` or `Gone` once.

mod callers;
mod carry;
mod cut_off;
mod errors;
mod failures;
mod hear;
mod reload;
mod reloads;
mod restarts;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::iter;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, timeout};

use super::blueprint::blueprint;
use super::timers::{Due, Timers};
use crate::facts::{Event, Failure};
use crate::hub::{Decided, Timestamp, View};
use crate::machine::{Commands, Ending, Input, Machine, Nanos, Phase, UnitIndex};
use crate::plan::Entry;
use crate::report::Report;
use crate::run::current::Run;
use crate::shared::Messages;
#[cfg(unix)]
use crate::systemd;
use crate::watch::{self, Watched};
use callers::Callers;
use errors::Errors;
pub(crate) use reloads::Reloads;

/// For how many facts and commands room is kept: an app that has started at once is not to hold on to lists of all its units.
const ROOM: usize = 64;

/// After about so many commands units have a turn, where they run on this thread.
const STRIDE: usize = 256 * 3;

/// A deadline that is missed by so much was missed because the thread was blocked or the process suspended.
const LATE: Duration = Duration::from_millis(250);

/// How long the end of a run waits for the log's last lines.
const LINES: Duration = Duration::from_secs(1);

pub(crate) struct Driver {
    run: Arc<Run>,
    commands: Commands,
    /// What follows from commands that were carried out at once.
    following: VecDeque<(UnitIndex, Ending)>,
    handles: Vec<Option<JoinHandle<()>>>,
    timers: Timers,
    /// What was left in the inbox; kept for its room.
    messages: Messages,
    /// When the clock was read last: once for all that is heard of at once.
    now: Instant,
    /// The same, as events have it.
    moment: Timestamp,
    /// The same, as the machine has it.
    nanos: Nanos,
    /// What the last input has led to.
    decided: Decided,
    launched: Instant,
    /// What broke in units, until the machine has its failure kept.
    errors: Errors,
    /// A failure that is told with the restart that follows it.
    held: Option<Arc<Failure>>,
    /// Units that get a turn before they are judged.
    turns: Vec<UnitIndex>,
    callers: Callers,
    reloads: Reloads,
    /// Once the app stops, whether configs are left: of units whose function may still be called.
    configs_left: Option<bool>,
    watched: Arc<Watched>,
    /// For how long the process had been suspended when it was looked at last.
    suspended: Duration,
    is_finished: bool,
}

impl Driver {
    pub(crate) fn new(run: Arc<Run>, watched: Arc<Watched>, reloads: Reloads) -> Self {
        let units = run.plan.registrations.entries.len();
        let launched = run.app.hub().read(|facts| facts.launched);
        let mut machine = Machine::new(Arc::new(blueprint(&run.plan, &run.limits.get())));
        // On one thread, what a unit needs is in the caches still when it runs.
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            machine.set_stride(STRIDE);
        }
        run.app.hub().set_machine(machine);
        Self {
            commands: Commands::new(),
            following: VecDeque::new(),
            handles: iter::repeat_with(|| None).take(units).collect(),
            timers: Timers::new(launched, units),
            messages: Messages::default(),
            now: launched,
            moment: Timestamp::default(),
            nanos: 0,
            decided: Decided::default(),
            launched,
            errors: Errors::default(),
            held: None,
            turns: Vec::new(),
            callers: Callers::default(),
            reloads,
            configs_left: None,
            suspended: watch::suspended(),
            run,
            watched,
            is_finished: false,
        }
    }

    /// Fingerprints the tasks that are asked to stop first.
    fn mark_first_to_stop(&self) {
        let graph = &self.run.plan.graph;
        for (unit, entry) in self.run.plan.registrations.entries.iter().enumerate() {
            let first = !entry.is_context() && graph.dependents.of(unit).len() == 0;
            self.run.stop_signals.of(unit).set_stops_first(first);
        }
    }

    /// Carries the plan out, from the first start to the report.
    pub(crate) async fn carry_out(mut self, sources: Option<Arc<str>>) {
        let units = self.handles.len();
        self.mark_first_to_stop();
        #[cfg(unix)]
        let told = systemd::notify(self.run.shared(), units, self.watched.reloads());
        self.look_at_the_clock();
        self.send(|_| Event::Launched { units, sources });
        // Shutdown may have been requested before the launch: then nothing starts.
        self.look_into_inbox();
        self.hear();
        self.handle(Input::Launch);
        while !self.is_finished {
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
        let holds_up = |unit: UnitIndex| !self.entry(unit.at()).unit.options.blocking;
        let stuck = self.machine(|machine| machine.all_stuck().any(holds_up));
        self.run.app.hub().keep_all_unreported();
        let exit_code = self.machine(Machine::exit_code);
        self.send(|now| now.ended(exit_code));
        let report = self.run.app.hub().read(Report::of);
        self.run.app.inbox().close();
        self.watched.leave(stuck);
        (Arc::clone(&self.run), report)
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
        if self.decided.goes_on {
            yield_now().await;
            self.look_into_inbox();
            self.act();
            return self.handle(Input::GoOn);
        }
        let (inbox, timers, watched) = (self.run.app.inbox(), &mut self.timers, &self.watched);
        let messages = &mut self.messages;
        let (mut woken, mut nudged) = (false, false);
        poll_fn(|context| match inbox.poll(context, messages) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending if watched.take_woken() => {
                nudged = true;
                Poll::Ready(())
            }
            Poll::Pending => {
                let woken = std::mem::replace(&mut woken, true);
                timers.poll(context, woken, |delay| watched.set_backstop(delay))
            }
        })
        .await;
        self.act();
        if nudged {
            self.timers.rearm();
        }
    }

    fn act(&mut self) {
        self.look_at_the_clock();
        let late = self.timers.look(self.nanos);
        if !self.timers.is_due(self.nanos) {
            return self.hear();
        }
        // Looked at before anything is judged that has come.
        let was_suspended = self.postpone_by_suspension();
        let is_late = late >= LATE && !was_suspended;
        let now = self.nanos;
        self.hear();
        for entry in self.timers.take_due(now) {
            if !self.timers.counts(&entry) {
                continue;
            }
            match entry.1 {
                // It has not stayed up.
                Due::Unit(unit) if self.run.app.hub().has_failed_in_place(unit) => {
                    self.handle(Input::NotStable(unit));
                }
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
            self.look_at_the_clock_of_deadlines();
            self.run.app.hub().set_clock_begins(self.timers.begins());
        }
        !more.is_zero()
    }

    /// Reads the clock, once for all that is decided in a turn.
    fn look_at_the_clock(&mut self) {
        self.now = Instant::now();
        self.moment = Timestamp::after(self.launched, self.now);
        self.look_at_the_clock_of_deadlines();
    }

    fn look_at_the_clock_of_deadlines(&mut self) {
        self.nanos = self.moment.nanos().unwrap_or(0).saturating_sub(self.timers.stood_still());
    }

    fn machine<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
        self.run.app.hub().read(|facts| look(&facts.machine))
    }

    fn phase(&self, unit: UnitIndex) -> Phase {
        self.machine(|machine| machine.phase(unit))
    }

    fn is_stopping(&self) -> bool {
        self.machine(Machine::is_stopping)
    }

    /// Makes room for so many registrations.
    fn make_room(&mut self, units: usize) {
        self.handles.resize_with(units, || None);
        self.timers.make_room(units);
    }

    fn entry(&self, unit: usize) -> &Entry {
        &self.run.plan.registrations.entries[unit]
    }

    fn send(&self, make: impl FnOnce(&View<'_>) -> Event) {
        self.run.app.hub().send(self.moment, make);
    }
}
