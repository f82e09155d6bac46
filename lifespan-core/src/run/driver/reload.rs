//! Reload: the sources are read anew, on a thread of its own; where what they say is sound, units whose arguments have
//! changed are restarted, what is new is started and what is gone is stopped, all by the restart of a part.
//!
//! # Invariants
//! - There is one reading, and one change of the plan, at a time. Who asks meanwhile waits for the next reading.
//! - Nothing waits longer for a reading than its limit: not the callers, the exit or the drop of the runtime. What comes
//!   later is thrown away. Until then the thread is stuck, and there is no second one: reloads are refused.
//! - A plan comes in the place of another in one step. Before it, all that the change stops has stopped, by the old plan;
//!   behind it, all that rises is started by the new one.
//! - An index means one registration for the whole run, also when that is gone or comes back.
//! - While the app goes down nothing is reloaded.

use std::collections::HashSet;
use std::sync::Arc;

use super::Driver;
use super::callers::Caller;
use super::reloads::{Next, UnderWay};
use crate::base::drop_quietly;
use crate::config::{At, Fingerprint, Fingerprints, Sources, differences};
use crate::facts::{ConfigChange, Event, ReloadError, RestartError, State};
use crate::log::warn_of;
use crate::machine::{Answer, Input, UnitIndex};
use crate::plan::edges::provides;
use crate::plan::{Limits, Merged, Prepared, Reading};
use crate::run::blueprint::{blueprint, unit_index};
use crate::run::current::Run;
use crate::run::reading::{Limited, READING_LIMIT, begin_reading};
use crate::shared::{ReloadCall, SourcesRead};
use crate::watch;

/// What differs between the plan at hand and the next.
#[derive(Default)]
struct Difference {
    changes: Vec<ConfigChange>,
    added: Vec<usize>,
    /// To be restarted.
    changed: Vec<usize>,
    removed: Vec<usize>,
}

impl Driver {
    pub(super) fn reload_called(&mut self, call: ReloadCall) {
        self.reloads.waiting.push(call);
        self.begin_reload();
    }

    /// Has the sources read where somebody asks for it: once the app is up, and one reload at a time.
    pub(super) fn begin_reload(&mut self) {
        if self.reloads.waiting.is_empty() || self.reloads.under_way.is_some() || self.run.app.state() != State::Up {
            return;
        }
        let calls = std::mem::take(&mut self.reloads.waiting);
        if self.reloads.is_stuck {
            return self.refuse_reload(calls, ReloadError::StillReading);
        }
        let Some(reading) = self.reloads.reading.take() else {
            return answer(calls, &Err(ReloadError::NoSources));
        };
        match begin_reading(&self.run.app, reading) {
            Ok(limited) => {
                self.reloads.limited = Some(limited);
                self.reloads.under_way = Some(UnderWay { calls, since: self.now, changes: Vec::new() });
            }
            Err(failed) => {
                let (error, reading) = *failed;
                self.reloads.reading = Some(reading);
                self.refuse_reload(calls, ReloadError::NoThread { error: error.to_string() });
            }
        }
    }

    /// A reading takes too long: it is waited for no more, if it is still the one under way.
    pub(super) fn reading_is_late(&mut self) {
        let is_late = |limited: &mut Limited| limited.since.elapsed() >= READING_LIMIT;
        if self.is_stopping() || self.reloads.limited.take_if(is_late).is_none() {
            return;
        }
        self.reloads.is_stuck = true;
        let under_way = self.reloads.under_way.take();
        self.refuse_reload(
            under_way.map_or_else(Vec::new, |it| it.calls),
            ReloadError::TimedOut { limit: READING_LIMIT },
        );
        self.begin_reload();
    }

    fn refuse_reload(&mut self, calls: Vec<ReloadCall>, error: ReloadError) {
        self.send(|_| Event::ReloadRefused { error: error.clone() });
        answer(calls, &Err(error));
    }

    /// The sources have been read.
    pub(super) fn read_anew(&mut self, read: SourcesRead) {
        let SourcesRead { mut reading, prepared } = read;
        self.reloads.limited = None;
        if std::mem::take(&mut self.reloads.is_stuck) {
            self.reloads.reading = Some(reading);
            return prepared.into_iter().for_each(|late| late.discard());
        }
        let refused = match prepared {
            Ok(mut prepared) => {
                let weighed = if self.is_stopping() { Ok(()) } else { self.weigh(&mut reading, &mut prepared) };
                prepared.discard();
                weighed.err()
            }
            Err(error) => Some(error).filter(|_| !self.is_stopping()),
        };
        self.reloads.reading = Some(reading);
        if let Some(error) = refused {
            let under_way = self.reloads.under_way.take();
            self.refuse_reload(under_way.map_or_else(Vec::new, |under_way| under_way.calls), error);
        }
    }

    /// Finds what has changed, and begins to put it into effect.
    fn weigh(&mut self, reading: &mut Reading, prepared: &mut Prepared) -> Result<(), ReloadError> {
        let Merged { plan, seats } = prepared.plan.in_place_of(&self.run.plan.registrations);
        let sources = prepared.sources.take().unwrap_or_else(Sources::none);
        let mut fingerprints: Vec<Option<Box<Fingerprints>>> = vec![None; plan.registrations.entries.len()];
        for (&seat, of_seat) in seats.iter().zip(std::mem::take(&mut prepared.fingerprints)) {
            fingerprints[seat] = of_seat;
        }
        let limits = Limits::new(&reading.options, &prepared.settings);
        let run = self.run.with(plan);
        let difference = self.difference(&run, &sources, &fingerprints, &prepared.settings_fingerprints);
        let Difference { changes, added, changed, removed } = difference;
        let fresh: HashSet<usize> = added.iter().chain(&changed).copied().collect();
        let given: HashSet<usize> = {
            let gives = |position: &usize| prepared.gives(*position, &reading.draft);
            (0..seats.len()).filter(gives).map(|position| seats[position]).filter(|seat| fresh.contains(seat)).collect()
        };
        let lacks = |seat: &&usize| {
            let has_none = run.plan.registrations.entries[**seat].unit.arguments.is_empty();
            !(has_none || given.contains(seat) || self.run.configs.has(**seat))
        };
        if let Some(&lacking) = added.iter().find(lacks) {
            let error = RestartError::Ended { unit: run.plan.registrations.name(lacking).to_string() };
            return Err(ReloadError::Restart { error });
        }
        let returning: Vec<UnitIndex> = added.iter().copied().map(unit_index).collect();
        if let Some(stuck) = self.machine(|machine| machine.stuck(&returning)) {
            let error = RestartError::NotYielding { unit: run.plan.registrations.name(stuck.at()).to_string() };
            return Err(ReloadError::Restart { error });
        }
        let dragged = self.gain_a_resource(&run, &added);
        let roots: Vec<usize> = changed.iter().copied().chain(dragged).collect();
        let is_in_use = |unit: &usize| self.machine(|machine| machine.is_in_use(unit_index(*unit)));
        let in_use: Vec<usize> = roots.iter().chain(&removed).copied().filter(is_in_use).collect();
        let known: Vec<usize> = given.iter().chain(&removed).copied().collect();
        if let Some(error) = self.cannot_restart(&in_use, &known) {
            return Err(ReloadError::Restart { error });
        }
        let configs = prepared.take_configs(&mut reading.draft);
        let (used, unused): (Vec<_>, Vec<_>) =
            seats.into_iter().zip(configs).partition(|(seat, config)| config.is_some() && fresh.contains(seat));
        for (_, config) in unused {
            drop_quietly(config);
        }
        reading.had_file = sources.has_file();
        (self.reloads.fingerprints, self.reloads.settings) =
            (fingerprints, std::mem::take(&mut prepared.settings_fingerprints));
        warn_of(&prepared.warnings, run.app.hub().lines_without_event());
        self.send(|_| Event::Reloading { sources: sources.described().into(), changes: changes.clone() });
        if let Some(under_way) = &mut self.reloads.under_way {
            under_way.changes = changes;
        }
        let next = Arc::new(blueprint(&run.plan, &limits));
        self.reloads.next = Some(Next { run, limits, configs: used });
        let changed: Vec<_> = roots.into_iter().map(unit_index).collect();
        let call = self.callers.add(Caller::Reload);
        self.handle(Input::Replace { call, plan: &next, changed: &changed });
        Ok(())
    }

    fn difference(
        &self,
        next: &Run,
        sources: &Sources,
        fingerprints: &[Option<Box<Fingerprints>>],
        settings: &[Fingerprint],
    ) -> Difference {
        let (before, after) = (&self.run.plan.registrations, &next.plan.registrations);
        let origin = |at: Option<&At>| at.map(|at| Arc::from(sources.place(at)));
        let none = Fingerprints::default();
        let mut found = Difference::default();
        for (key, at) in differences(&self.reloads.settings, settings) {
            found.changes.push(ConfigChange::Setting { key, origin: origin(at) });
        }
        for seat in after.indices() {
            let (was, is) =
                (at(&self.reloads.fingerprints, seat).unwrap_or(&none), at(fingerprints, seat).unwrap_or(&none));
            if !before.runs(seat) {
                found.changes.push(ConfigChange::Added { unit: after.get(seat), origin: origin(is.table.as_ref()) });
                found.added.push(seat);
                continue;
            }
            let mut restarts = false;
            for (key, at) in differences(&was.arguments, &is.arguments) {
                found.changes.push(ConfigChange::Argument { unit: after.get(seat), key, origin: origin(at) });
                restarts = true;
            }
            for (key, at) in differences(&was.policy, &is.policy) {
                found.changes.push(ConfigChange::Policy { unit: after.get(seat), key, origin: origin(at) });
                // These hold from then on without a restart.
                restarts |= !matches!(key, "enabled" | "startup_timeout" | "shutdown_timeout" | "readiness");
            }
            if restarts {
                found.changed.push(seat);
            }
        }
        for seat in before.indices().filter(|&seat| !after.runs(seat)) {
            found.changes.push(ConfigChange::Removed { unit: before.get(seat) });
            found.removed.push(seat);
        }
        found
    }

    /// What runs, and does without a resource that something new provides.
    fn gain_a_resource(&self, next: &Run, added: &[usize]) -> Vec<usize> {
        let providers =
            added.iter().copied().filter(|&seat| provides(next.plan.registrations.entries[seat].unit).is_some());
        let followers = next.plan.graph.followers(providers);
        followers.into_iter().filter(|seat| self.run.plan.registrations.runs(*seat) && !added.contains(seat)).collect()
    }

    /// All that the next plan has stopped has stopped: it comes in the place of the one at hand.
    pub(super) fn follow_next_plan(&mut self) {
        let Some(Next { run, limits, configs }) = self.reloads.next.take() else { return };
        let registrations = Arc::clone(&run.plan.registrations);
        let units = registrations.entries.len();
        self.run.stop_signals.make_room(units);
        for (seat, config) in configs {
            self.run.configs.replace(seat, config);
        }
        self.run.app.hub().follow(registrations);
        run.limits.set(limits);
        watch::limits_changed();
        self.run = run;
        self.make_room(units);
        self.mark_first_to_stop();
    }

    /// All is up again, or the app goes down.
    pub(super) fn reload_answered(&mut self, answered: Answer) {
        let Some(UnderWay { calls, since, changes }) = self.reloads.under_way.take() else { return };
        if answered == Answer::Done {
            let took = self.now.duration_since(since);
            self.send(|_| Event::Reloaded { took });
            answer(calls, &Ok(changes));
            self.begin_reload();
        } else {
            self.reloads.under_way = Some(UnderWay { calls, since, changes });
            self.give_up_reload();
        }
    }

    /// The app goes down: nothing is reloaded.
    pub(super) fn give_up_reload(&mut self) {
        let next = self.reloads.next.take();
        for (_, config) in next.into_iter().flat_map(|next| next.configs) {
            drop_quietly(config);
        }
        let under_way = self.reloads.under_way.take().into_iter().flat_map(|under_way| under_way.calls);
        let calls = under_way.chain(std::mem::take(&mut self.reloads.waiting)).collect();
        answer(calls, &Err(ReloadError::NotRunning { state: self.run.app.state() }));
    }
}

fn at(fingerprints: &[Option<Box<Fingerprints>>], seat: usize) -> Option<&Fingerprints> {
    fingerprints.get(seat)?.as_deref()
}

fn answer(calls: Vec<ReloadCall>, answer: &Result<Vec<ConfigChange>, ReloadError>) {
    for call in calls.into_iter().flatten() {
        // Whoever asked may have gone.
        let _ = call.send(answer.clone());
    }
}
