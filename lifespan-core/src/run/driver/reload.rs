//! Reload: reads the sources again, on a separate thread. If they are valid, units whose arguments have changed are
//! restarted, new units are started and removed units are stopped, all by the restart of a part.
//!
//! # Invariants
//! - There is one reading, and one change of the plan, at a time. Callers that ask meanwhile wait for the next reading.
//! - Nothing waits longer for a reading than its limit: not the callers, the exit or the drop of the runtime. A later
//!   result is discarded. Until then the thread is stuck, and reloads are refused instead of starting a second one.
//! - A plan replaces another in one step. Before it, all units that the change stops have stopped, by the old plan;
//!   after it, all units that start are started by the new one.
//! - An index means one registration for the whole run, also when the registration is removed or added again.
//! - While the app stops, nothing is reloaded.

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
use crate::run::read_sources::{Limited, READING_LIMIT, begin_reading};
use crate::shared::{ReloadCall, SourcesRead};
use crate::watch;

/// The differences between the current plan and the next.
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

    /// Begins to read the sources if a caller waits for that, the app is up and no reload is under way.
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

    /// Stops waiting for a reading that takes too long, if it is still the one under way.
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

    /// Handles the result of a reading.
    pub(super) fn handle_reading(&mut self, read: SourcesRead) {
        let SourcesRead { mut reading, prepared } = read;
        self.reloads.limited = None;
        if std::mem::take(&mut self.reloads.is_stuck) {
            self.reloads.reading = Some(reading);
            return prepared.into_iter().for_each(|late| late.discard());
        }
        let refused = match prepared {
            Ok(mut prepared) => {
                let applied = if self.is_stopping() { Ok(()) } else { self.apply(&mut reading, &mut prepared) };
                prepared.discard();
                applied.err()
            }
            Err(error) => Some(error).filter(|_| !self.is_stopping()),
        };
        self.reloads.reading = Some(reading);
        if let Some(error) = refused {
            let under_way = self.reloads.under_way.take();
            self.refuse_reload(under_way.map_or_else(Vec::new, |under_way| under_way.calls), error);
        }
    }

    /// Finds the changes, and begins to put them into effect.
    fn apply(&mut self, reading: &mut Reading, prepared: &mut Prepared) -> Result<(), ReloadError> {
        let Merged { plan, indices } = prepared.plan.in_place_of(&self.run.plan.registrations);
        let sources = prepared.sources.take().unwrap_or_else(Sources::none);
        let mut fingerprints: Vec<Option<Box<Fingerprints>>> = vec![None; plan.registrations.entries.len()];
        for (&index, of_index) in indices.iter().zip(std::mem::take(&mut prepared.fingerprints)) {
            fingerprints[index] = of_index;
        }
        let limits = Limits::new(&reading.options, &prepared.settings);
        let run = self.run.with(plan);
        let difference = self.difference(&run, &sources, &fingerprints, &prepared.settings_fingerprints);
        let Difference { changes, added, changed, removed } = difference;
        let fresh: HashSet<usize> = added.iter().chain(&changed).copied().collect();
        let given: HashSet<usize> = {
            let gives = |position: &usize| prepared.gives(*position, &reading.draft);
            (0..indices.len())
                .filter(gives)
                .map(|position| indices[position])
                .filter(|index| fresh.contains(index))
                .collect()
        };
        let lacks = |index: &&usize| {
            let has_none = run.plan.registrations.entries[**index].unit.arguments.is_empty();
            !(has_none || given.contains(index) || self.run.configs.has(**index))
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
        let gaining = self.units_gaining_a_resource(&run, &added);
        let roots: Vec<usize> = changed.iter().copied().chain(gaining).collect();
        let is_in_use = |unit: &usize| self.machine(|machine| machine.is_in_use(unit_index(*unit)));
        let in_use: Vec<usize> = roots.iter().chain(&removed).copied().filter(is_in_use).collect();
        let known: Vec<usize> = given.iter().chain(&removed).copied().collect();
        if let Some(error) = self.cannot_restart(&in_use, &known) {
            return Err(ReloadError::Restart { error });
        }
        let configs = prepared.take_configs(&mut reading.draft);
        let (used, unused): (Vec<_>, Vec<_>) =
            indices.into_iter().zip(configs).partition(|(index, config)| config.is_some() && fresh.contains(index));
        for (_, config) in unused {
            drop_quietly(config);
        }
        reading.had_file = sources.has_file();
        let settings = std::mem::take(&mut prepared.settings_fingerprints);
        warn_of(&prepared.warnings, run.app.hub().lines_without_event());
        self.send(|_| Event::Reloading { sources: sources.described().into(), changes: changes.clone() });
        if let Some(under_way) = &mut self.reloads.under_way {
            under_way.changes = changes;
        }
        let next = Arc::new(blueprint(&run.plan, &limits));
        self.reloads.next = Some(Next { run, limits, configs: used, fingerprints, settings });
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
        for index in after.indices() {
            let (was, is) =
                (at(&self.reloads.fingerprints, index).unwrap_or(&none), at(fingerprints, index).unwrap_or(&none));
            if !before.runs(index) {
                found.changes.push(ConfigChange::Added { unit: after.get(index), origin: origin(is.table.as_ref()) });
                found.added.push(index);
                continue;
            }
            let mut restarts = false;
            for (key, at) in differences(&was.arguments, &is.arguments) {
                found.changes.push(ConfigChange::Argument { unit: after.get(index), key, origin: origin(at) });
                restarts = true;
            }
            for (key, at) in differences(&was.policy, &is.policy) {
                found.changes.push(ConfigChange::Policy { unit: after.get(index), key, origin: origin(at) });
                // These take effect without a restart.
                restarts |= !matches!(key, "enabled" | "startup_timeout" | "shutdown_timeout" | "readiness");
            }
            if restarts {
                found.changed.push(index);
            }
        }
        for index in before.indices().filter(|&index| !after.runs(index)) {
            found.changes.push(ConfigChange::Removed { unit: before.get(index) });
            found.removed.push(index);
        }
        found
    }

    /// Returns the running units that depend on a resource which a new unit provides.
    fn units_gaining_a_resource(&self, next: &Run, added: &[usize]) -> Vec<usize> {
        let providers =
            added.iter().copied().filter(|&index| provides(next.plan.registrations.entries[index].unit).is_some());
        let followers = next.plan.graph.followers(providers);
        followers
            .into_iter()
            .filter(|index| self.run.plan.registrations.runs(*index) && !added.contains(index))
            .collect()
    }

    /// Replaces the current plan by the next one, once all units that the next one stops have stopped.
    pub(super) fn follow_next_plan(&mut self) {
        let Some(next) = self.reloads.next.take() else { return };
        let Next { run, limits, configs, fingerprints, settings } = next;
        (self.reloads.fingerprints, self.reloads.settings) = (fingerprints, settings);
        let registrations = Arc::clone(&run.plan.registrations);
        let units = registrations.entries.len();
        self.run.stop_signals.make_room(units);
        for (index, config) in configs {
            self.run.configs.replace(index, config);
        }
        self.run.app.hub().follow(registrations);
        run.limits.set(limits);
        watch::limits_changed();
        self.run = run;
        self.make_room(units);
        self.mark_first_to_stop();
    }

    /// Answers the callers of a reload, once all units are up again or the app stops.
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

    /// Refuses all reloads, because the app stops.
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

fn at(fingerprints: &[Option<Box<Fingerprints>>], index: usize) -> Option<&Fingerprints> {
    fingerprints.get(index)?.as_deref()
}

fn answer(calls: Vec<ReloadCall>, answer: &Result<Vec<ConfigChange>, ReloadError>) {
    for call in calls.into_iter().flatten() {
        // The caller may have stopped waiting.
        let _ = call.send(answer.clone());
    }
}
