//! Carries out what the machine decides: spawns units, receives how they ended, keeps errors and timers, sends events.
//!
//! # Invariants
//! - Only the machine decides. Each input is followed by its commands, carried out in their order, before the next
//!   input.
//! - Facts from an earlier incarnation of a unit do not reach the machine: each fact that can be late carries its
//!   incarnation.
//! - A unit's supervisor is spawned once in each incarnation, and sends `Done` or `Gone` once.

mod callers;
mod carry;
mod cut_off;
mod errors;
mod failures;
mod inbox;
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
use crate::shared::Message;
#[cfg(unix)]
use crate::systemd;
use crate::watch::{self, Watched};
use callers::Callers;
use errors::Errors;
pub(crate) use reloads::Reloads;

/// The capacity that lists of facts and commands keep: an app that started all its units at once does not keep long
/// lists.
const ROOM: usize = 64;

/// The number of commands after which units get a turn, if they run on this thread. Each starts or stops a unit.
const STRIDE: usize = 256;

/// A deadline that is missed by this much was missed because the thread was blocked or the process was suspended.
const LATE: Duration = Duration::from_millis(250);

/// The time for which the end of a run waits for the last lines of the log.
const LINES: Duration = Duration::from_secs(1);

pub(crate) struct Driver {
    run: Arc<Run>,
    commands: Commands,
    /// Units that ended while a command was carried out; the machine gets these endings next.
    following: VecDeque<(UnitIndex, Ending)>,
    handles: Vec<Option<JoinHandle<()>>>,
    /// Those of units that have ended, to be dropped outside the hub's lock.
    ended: Vec<JoinHandle<()>>,
    timers: Timers,
    /// The messages taken from the inbox; kept for its capacity.
    messages: Vec<Message>,
    /// The time at the last look at the clock: one look for all messages that are handled together.
    now: Instant,
    /// The same, in the form that events use.
    moment: Timestamp,
    /// The same, in the form that the machine uses.
    nanos: Nanos,
    /// The result of the last input.
    decided: Decided,
    launched: Instant,
    /// The errors that the machine has not judged yet.
    errors: Errors,
    /// A failure that is sent with the event of the restart that follows it.
    held: Option<Arc<Failure>>,
    /// Units that get a turn before the machine judges them.
    turns: Vec<UnitIndex>,
    callers: Callers,
    reloads: Reloads,
    /// Set once the app stops: `true` if configs are left, for units whose function may still be called.
    configs_left: Option<bool>,
    watched: Arc<Watched>,
    /// The total time of suspension of the process, when last read.
    suspended: Duration,
    is_finished: bool,
}

impl Driver {
    pub(crate) fn new(run: Arc<Run>, watched: Arc<Watched>, reloads: Reloads) -> Self {
        let units = run.plan.registrations.entries.len();
        let launched = run.app.hub().read(|facts| facts.launched);
        let mut machine = Machine::new(Arc::new(blueprint(&run.plan, &run.limits.get())));
        // On one thread, a unit runs soon after its spawn, while its data is still in the processor's cache.
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            machine.set_stride(STRIDE);
        }
        run.app.hub().set_machine(machine);
        Self {
            commands: Commands::new(),
            following: VecDeque::new(),
            handles: iter::repeat_with(|| None).take(units).collect(),
            ended: Vec::new(),
            timers: Timers::new(launched, units),
            messages: Vec::new(),
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

    /// Marks the tasks that are asked to stop first.
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
        let notifier = systemd::notify(self.run.shared(), units, self.watched.reloads());
        self.read_clock();
        self.send(|_| Event::Launched { units, sources });
        // Shutdown may have been requested before the launch: then nothing starts.
        self.poll_inbox();
        self.handle_messages();
        self.handle(Input::Launch);
        while !self.is_finished {
            self.turn().await;
        }
        let watched = Arc::clone(&self.watched);
        let (run, report) = self.finish();
        #[cfg(unix)]
        if let Some(notifier) = notifier {
            // Before the report is delivered, because its receiver may end the process. An aborted notifier is no
            // error.
            let _ = notifier.await;
        }
        // So that these lines appear above what the program prints next. A subscriber that blocks is not waited for.
        let _ = timeout(LINES, run.app.hub().lines_written()).await;
        watched.watch_runtime_drop(&report);
        run.deliver(report);
    }

    fn finish(mut self) -> (Arc<Run>, Report) {
        self.read_clock();
        // A `blocking` unit has its own thread, which delays neither the runtime's drop nor the end of the process.
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

    /// Waits for a message or a deadline, and handles all that have arrived.
    async fn turn(&mut self) {
        if !self.turns.is_empty() {
            yield_now().await;
            self.poll_inbox();
            self.act();
            for unit in std::mem::take(&mut self.turns) {
                self.handle(Input::HadTurn(unit));
            }
            return;
        }
        if self.decided.goes_on {
            yield_now().await;
            self.poll_inbox();
            self.act();
            return self.handle(Input::GoOn);
        }
        let (hub, inbox, timers, watched) = (self.run.app.hub(), self.run.app.inbox(), &mut self.timers, &self.watched);
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
                if !timers.is_empty() {
                    hub.read(|facts| timers.clean(&facts.machine));
                }
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
        self.read_clock();
        let late = self.timers.measure_delay(self.nanos);
        if !self.timers.is_due(self.nanos) {
            return self.handle_messages();
        }
        // Checked before any deadline is handled.
        let was_suspended = self.postpone_by_suspension();
        let is_late = late >= LATE && !was_suspended;
        let now = self.nanos;
        self.handle_messages();
        for entry in self.timers.take_due(now) {
            if !self.machine(|machine| self.timers.counts(&entry, machine)) {
                continue;
            }
            match entry.1 {
                Due::Unit(unit) if self.has_failed_in_place(unit) => {}
                Due::Unit(unit) if is_late => self.handle(Input::Starved(unit)),
                Due::Unit(unit) => self.handle(Input::Deadline(unit)),
                Due::Forgive(counted) => self.handle(Input::Forgive(counted)),
            }
        }
    }

    /// Begins the recovery of a task again that has not stayed up: it failed and restarted in place.
    fn has_failed_in_place(&mut self, unit: UnitIndex) -> bool {
        let Some(failed) = self.run.app.hub().failed_in_place(unit) else { return false };
        self.handle(Input::NotStable(unit, self.timers.nanos(failed)));
        true
    }

    /// Postpones all deadlines by the time for which the process was suspended, because nothing could run meanwhile.
    /// Returns whether it was suspended.
    fn postpone_by_suspension(&mut self) -> bool {
        let suspended = watch::suspended();
        let more = suspended.saturating_sub(std::mem::replace(&mut self.suspended, suspended));
        if !more.is_zero() {
            self.timers.postpone(more);
            self.read_deadline_clock();
            self.run.app.hub().set_clock_begins(self.timers.begins());
        }
        !more.is_zero()
    }

    /// Reads the clock, once for all that is decided in a turn.
    fn read_clock(&mut self) {
        self.now = Instant::now();
        self.moment = Timestamp::after(self.launched, self.now);
        self.read_deadline_clock();
    }

    fn read_deadline_clock(&mut self) {
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

    /// Makes room for this number of registrations.
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
