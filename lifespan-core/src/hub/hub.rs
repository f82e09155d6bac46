//! The hub turns changes into facts, events and lines of the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::facts::{Change, Facts};
use super::moment::Timestamp;
use super::view::View;
use crate::base::verdict::Severity;
use crate::base::{Clock, Outcome, random};
use crate::facts::{Event, Failure, State};
use crate::hub::ring::Ring;
use crate::log::{LineQueue, Origin, Prints, StandardError, wanted};
use crate::machine::{Commands, Input, Machine, Nanos, Phase, Reports, UnitIndex};
use crate::plan::Registrations;

/// Receives changes, and serves the facts, the events and the log lines that follow from them.
pub(crate) struct Hub {
    pub(super) inner: Mutex<Inner>,
    pub(super) lines: Arc<LineQueue>,
    pub(super) stderr: Arc<StandardError>,
    /// Notifies the tasks that wait for a state or a change: they read the facts again.
    pub(super) changes: watch::Sender<()>,
    /// Warnings go to standard error if the program has no subscriber.
    pub(super) prints: AtomicBool,
    /// Events are read: those of children and of runs are made only then.
    pub(super) has_readers: AtomicBool,
}

pub(super) struct Inner {
    /// Every event, if a test asked for it.
    #[cfg(feature = "testing")]
    pub(super) record: Option<Arc<Mutex<Vec<Event>>>>,
    pub(super) facts: Facts,
    pub(super) ring: Option<Ring>,
    /// The run has ended, or the launch was refused.
    pub(super) closed: bool,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                #[cfg(feature = "testing")]
                record: None,
                facts: Facts::empty(),
                ring: None,
                closed: false,
            }),
            lines: Arc::default(),
            stderr: Arc::default(),
            changes: watch::Sender::new(()),
            has_readers: AtomicBool::new(false),
            prints: AtomicBool::new(false),
        }
    }
}

impl Hub {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resets the facts for a run of these registrations.
    pub(crate) fn begin(&self, registrations: Arc<Registrations>, clock: Clock) {
        self.lock().facts = Facts::new(registrations, Instant::now(), clock);
        self.notify_waiting();
    }

    /// Replaces the registrations with those of a new plan.
    pub(crate) fn follow(&self, registrations: Arc<Registrations>) {
        let mut inner = self.lock();
        let facts = &mut inner.facts;
        let before = std::mem::replace(&mut facts.registrations, registrations);
        let removed = facts.schedule_states.iter().filter(|(index, _)| !facts.registrations.runs(**index as usize));
        // If it comes back, its schedule begins again.
        let kept: Vec<_> = removed.map(|(_, schedule_state)| schedule_state.take_kept()).collect();
        drop(inner);
        drop((before, kept));
    }

    /// Ends the readers' events: the launch was refused.
    pub(crate) fn refuse(&self) {
        let mut inner = self.lock();
        let ring = inner.close();
        // Nothing was launched, so nothing is known of a run.
        let before = std::mem::replace(&mut inner.facts, Facts::empty());
        drop(inner);
        drop((ring, before));
        self.notify_waiting();
    }

    /// Notifies the tasks that wait for a change.
    fn notify_waiting(&self) {
        if self.changes.receiver_count() > 0 {
            self.changes.send_replace(());
        }
    }

    /// Sends one event, made from the facts so far.
    pub(crate) fn send(&self, now: Timestamp, make: impl FnOnce(&View<'_>) -> Event) {
        self.send_if(now, |view| Some(make(view)));
    }

    /// Sends one event, if `make` returns one under the lock.
    pub(crate) fn send_if(&self, now: Timestamp, make: impl FnOnce(&View<'_>) -> Option<Event>) {
        self.add(now, |facts| make(&View { facts, now }).map(Change::App));
    }

    /// Applies a unit's change of phase and reports it.
    pub(crate) fn unit_changed(&self, now: Timestamp, unit: UnitIndex, from: Phase, to: Phase) {
        let between = from.way_to(to);
        if let Some(up) = between {
            self.add(now, |_| Some(Change::Unit(unit, from, up)));
        }
        self.add(now, |_| Some(Change::Unit(unit, between.unwrap_or(from), to)));
    }

    /// Sets whether warnings go to standard error if the program has no subscriber.
    pub(crate) fn set_prints(&self, prints: bool) {
        self.prints.store(prints, Ordering::Relaxed);
        Prints::launched(prints);
    }

    /// Returns the output for lines that report no event.
    pub(crate) fn lines_without_event(&self) -> Prints {
        Prints::of_app(self.prints.load(Ordering::Relaxed))
    }

    pub(super) fn prints(&self) -> bool {
        self.prints.load(Ordering::Relaxed) && wanted::has_no_subscriber()
    }

    /// Sets the machine of a run.
    pub(crate) fn set_machine(&self, machine: Machine) {
        let before = std::mem::replace(&mut self.lock().facts.machine, machine);
        drop(before);
    }

    /// Passes inputs to the machine until one has consequences for the driver: the machine adds the commands to `then`.
    /// If no reader wants changes of phase, they are applied here. `ends_concern` is set if the driver has to act on
    /// the ends of units.
    pub(crate) fn decide(
        &self,
        inputs: &mut dyn Iterator<Item = Input<'_>>,
        ends_concern: bool,
        (nanos, now): (Nanos, Timestamp),
        then: &mut Commands,
    ) -> Decided {
        let is_logged = wanted::is_wanted();
        let prints = !is_logged && self.prints();
        let mut inner = self.lock();
        let reports_phases = is_logged || inner.is_read();
        let facts = &mut inner.facts;
        let before = facts.state();
        facts.machine.set_moment(now);
        facts.machine.set_reports(match reports_phases {
            true => Reports::All,
            false if ends_concern || prints || facts.ends_concern() => Reports::Rests,
            false => Reports::None,
        });
        let mut has_passed = false;
        for input in inputs {
            if facts.machine.draws_chance(&input) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chance is from 0 to 1")]
                facts.machine.set_chance((random() * f64::from(u16::MAX)) as u16);
            }
            has_passed |= matches!(input, Input::Deadline(_));
            facts.machine.handle(input, nanos, then);
            if !then.is_empty() || facts.machine.goes_on() {
                break;
            }
        }
        let goes_on = facts.machine.goes_on();
        if !reports_phases {
            facts.apply_commands(then);
        }
        let state = facts.state();
        drop(inner);
        // A unit that recovers changes no phase, but readers of the state must look again.
        if state != before || state == State::Up && (!reports_phases || has_passed) {
            self.notify_waiting();
        }
        Decided { reports_phases, prints, goes_on }
    }

    /// Sets the start of the machine's clock.
    pub(crate) fn set_clock_begins(&self, begins: Instant) {
        self.lock().facts.clock_begins = begins;
    }

    /// Keeps a failure for the report, without an event.
    pub(crate) fn keep(&self, failure: &Arc<Failure>) {
        let replaced = self.lock().facts.keep(failure);
        drop(replaced);
    }

    /// Keeps a failure beside the last one of its unit.
    pub(crate) fn keep_beside(&self, failure: &Arc<Failure>) {
        self.lock().facts.add_failure(failure);
    }

    /// Sets the severity of the unit's last failure that counted as recovered, and of those beside it.
    pub(crate) fn set_severity(&self, index: u32, severity: Severity) {
        let inner = self.lock();
        let is_it = |failure: &&Arc<Failure>| failure.is_recovered() && failure.judged() == index;
        inner.facts.failures.iter().filter(is_it).for_each(|failure| failure.set_severity(severity));
    }

    pub(super) fn add(&self, now: Timestamp, make: impl FnOnce(&Facts) -> Option<Change>) {
        self.add_made(now, &mut once(make));
    }

    /// Adds a change. Takes a `dyn` closure, as does [`apply_change`](Self::apply_change), so that it is compiled once.
    fn add_made(&self, now: Timestamp, make: &mut Make<'_>) {
        // This calls the subscriber, which is user code, so it comes before the lock.
        let origin = wanted::is_wanted().then(Origin::current);
        self.apply_change(now, origin, make);
        if wanted::is_wanted() {
            self.lines.write();
        }
    }

    /// Adds to the facts, the events and the queue of lines, but writes no line. Calls no user code under a lock, and
    /// no subscriber if there is no origin.
    pub(super) fn apply_change(&self, now: Timestamp, mut origin: Option<Origin>, make: &mut Make<'_>) {
        let is_logged = wanted::is_wanted();
        let prints = !is_logged && self.prints();
        let mut inner = self.lock();
        if inner.facts.is_over() {
            // The watch thread has ended the run: later changes of its units are ignored.
            return;
        }
        let before = inner.facts.state();
        let Some(change) = make(&inner.facts) else { return };
        let replaced = inner.facts.apply(&change, now);
        let state = inner.facts.state();
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
                    Some(happened.event(inner.facts.registrations.get(index as usize), &inner.facts.clock))
                }
            };
            #[cfg(feature = "testing")]
            if let (Some(record), Some(event)) = (&inner.record, &event) {
                record.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
            }
            if let (Some(ring), Some(event)) = (&mut inner.ring, &event) {
                left = ring.send(event);
            }
            // Under the lock of the facts, so that lines keep the order of events.
            match &event {
                Some(event) if is_logged => origin = self.lines.add(origin, event),
                Some(event) if prints => self.stderr.add(event),
                _ => {}
            }
            sent = event;
        }
        let mut child_sets = Vec::new();
        if state == State::Stopped {
            closed = inner.close();
            // The sets hold the app, which holds these facts: removing them ends the cycle.
            child_sets.extend(inner.facts.child_sets.values_mut().map(|account| account.replace(None)));
        }
        drop(inner);
        drop(child_sets);
        drop(origin);
        // They may hold errors, whose destructors are user code.
        drop((replaced, sent, left, closed));
        if state != before || news {
            self.notify_waiting();
        }
    }

    /// Adds an event whose line [`write_lines`](Self::write_lines) writes later: for a thread that must never block,
    /// and so does not ask the subscriber for its span.
    pub(crate) fn send_without_writing(&self, now: Timestamp, make: impl FnOnce(&View<'_>) -> Event) {
        self.apply_change(now, None, &mut once(|facts| Some(Change::App(make(&View { facts, now })))));
    }

    /// Reads the facts so far.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Facts) -> T) -> T {
        look(&self.lock().facts)
    }
}

/// Makes a change of the facts so far, once.
type Make<'m> = dyn FnMut(&Facts) -> Option<Change> + 'm;

fn once(make: impl FnOnce(&Facts) -> Option<Change>) -> impl FnMut(&Facts) -> Option<Change> {
    let mut make = Some(make);
    move |facts| make.take().and_then(|make| make(facts))
}

/// The remaining work after an input was handled.
#[derive(Default)]
pub(crate) struct Decided {
    /// The driver reports each change of phase with [`Hub::unit_changed`].
    reports_phases: bool,
    /// The driver reports changes that standard error shows when the program has no subscriber.
    prints: bool,
    /// The machine has more to do.
    pub(crate) goes_on: bool,
}

impl Decided {
    /// Returns whether the driver reports a change to this phase.
    pub(crate) fn reports(&self, to: Phase) -> bool {
        let may_be_printed = |outcome: Outcome| outcome == Outcome::Returned || outcome.is_bad();
        self.reports_phases || self.prints && to.outcome().is_some_and(may_be_printed)
    }
}

impl Inner {
    /// Returns whether events are made.
    pub(super) fn is_read(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.record.is_some() {
            return true;
        }
        self.ring.is_some()
    }

    /// Ends the readers' events. Returns the ring, to be dropped outside the lock.
    pub(super) fn close(&mut self) -> Option<Ring> {
        self.closed = true;
        self.ring.take()
    }
}
