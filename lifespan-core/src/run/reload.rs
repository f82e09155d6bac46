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
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Run;
use super::blueprint::{blueprint, unit_index};
use super::configs::Config;
use super::driver::{Caller, Driver};
use super::panics;
use crate::app::App;
use crate::app::options::Limits;
use crate::app::prepare::{Prepared, Reading};
use crate::app::reload::ReloadError;
use crate::app::restart::RestartError;
use crate::config::{At, Mark, Marks, Sources, differences};
use crate::event::{ConfigChange, Event};
use crate::log;
use crate::machine::{Answer, Input, Phase};
use crate::plan::edges::provides;
use crate::plan::succession::Succession;
use crate::state::State;
use crate::unwind::drop_quietly;
use crate::watch::is_over_within;

/// How long a reading may take, on the system's clock: a file on a mount that does not answer is never read to its end.
const READING_LIMIT: Duration = Duration::from_secs(5);

/// Who asked for a reload, if that is anybody who waits.
pub(crate) type ReloadCall = Option<oneshot::Sender<Result<Vec<ConfigChange>, ReloadError>>>;

/// What became of reading the sources anew.
pub(crate) struct ReadAnew {
    reading: Reading,
    prepared: Result<Box<Prepared>, ReloadError>,
}

impl ReadAnew {
    /// Drops it, where nobody wants it any more: destructors of arguments are user code.
    pub(crate) fn discard(self) {
        if let Ok(prepared) = self.prepared {
            prepared.discard();
        }
    }
}

/// What is known of reloads.
#[derive(Default)]
pub(crate) struct Reloads {
    /// What is read anew; none where the app reads no sources, and while it is read.
    reading: Option<Reading>,
    /// The limit of the reading under way.
    limited: Option<Limited>,
    /// A reading has passed its limit and has not come back.
    is_stuck: bool,
    /// What the sources in effect had for each index.
    marks: Vec<Option<Box<Marks>>>,
    /// What they had for the app.
    settings: Vec<Mark>,
    /// Who has asked since the reading at hand began.
    waiting: Vec<ReloadCall>,
    under_way: Option<UnderWay>,
    /// What comes when all that it stops has stopped.
    next: Option<Next>,
}

/// The limit of a reading, which is watched until this is dropped.
struct Limited {
    since: std::time::Instant,
    _watched: mpsc::Sender<Infallible>,
}

/// A reload from its reading until all is up again.
struct UnderWay {
    calls: Vec<ReloadCall>,
    since: Instant,
    changes: Vec<ConfigChange>,
}

/// A plan that is to come in the place of the one at hand.
struct Next {
    run: Arc<Run>,
    configs: Vec<(usize, Config)>,
}

/// What differs between the plan at hand and the next.
#[derive(Default)]
struct Difference {
    changes: Vec<ConfigChange>,
    added: Vec<usize>,
    /// To be restarted.
    changed: Vec<usize>,
    removed: Vec<usize>,
}

impl Reloads {
    pub(crate) fn new(reading: Reading, marks: Vec<Option<Box<Marks>>>, settings: Vec<Mark>) -> Self {
        Self { reading: Some(reading), marks, settings, ..Self::default() }
    }

    /// Whether the plan that waits, if there is one, has a registration.
    pub(super) fn keeps(&self, node: usize) -> bool {
        self.next.as_ref().is_none_or(|next| next.run.plan.roster.runs(node))
    }
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
            return self.refuse_reload(calls, ReloadError::stuck());
        }
        let Some(reading) = self.reloads.reading.take() else {
            return answer(calls, &Err(ReloadError::nothing_to_read()));
        };
        match begin_reading(self.run.app.clone(), reading) {
            Ok(limited) => {
                self.reloads.limited = Some(limited);
                self.reloads.under_way = Some(UnderWay { calls, since: self.now, changes: Vec::new() });
            }
            Err(failed) => {
                let (error, reading) = *failed;
                self.reloads.reading = Some(reading);
                self.refuse_reload(calls, ReloadError::no_thread(&error));
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
        self.refuse_reload(under_way.map_or_else(Vec::new, |it| it.calls), ReloadError::too_slow(READING_LIMIT));
        self.begin_reload();
    }

    fn refuse_reload(&mut self, calls: Vec<ReloadCall>, error: ReloadError) {
        self.send(|_| Event::ReloadRefused { error: error.clone() });
        answer(calls, &Err(error));
    }

    /// The sources have been read.
    pub(super) fn read_anew(&mut self, read: ReadAnew) {
        let ReadAnew { mut reading, prepared } = read;
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
        let Succession { plan, seats } = prepared.plan.in_place_of(&self.run.plan.roster);
        let sources = prepared.sources.take().unwrap_or_else(Sources::none);
        let mut marks: Vec<Option<Box<Marks>>> = vec![None; plan.roster.entries.len()];
        for (&seat, of_seat) in seats.iter().zip(std::mem::take(&mut prepared.marks)) {
            marks[seat] = of_seat;
        }
        let limits = Limits::new(&reading.options, &prepared.settings);
        let run = self.run.with(plan, limits);
        let difference = self.difference(&run, &sources, &marks, &prepared.settings_marks);
        let Difference { changes, added, changed, removed } = difference;
        let fresh: HashSet<usize> = added.iter().chain(&changed).copied().collect();
        let given: HashSet<usize> = {
            let gives = |position: &usize| prepared.gives(*position, &reading.draft);
            (0..seats.len()).filter(gives).map(|position| seats[position]).filter(|seat| fresh.contains(seat)).collect()
        };
        let lacks = |seat: &&usize| {
            let has_none = run.plan.roster.entries[**seat].unit.arguments.is_empty();
            !(has_none || given.contains(seat) || self.run.configs.has(**seat))
        };
        if let Some(&lacking) = added.iter().find(lacks) {
            let error = RestartError::ended(&run.plan.roster.name(lacking).to_string());
            return Err(ReloadError::cannot_restart(error));
        }
        if let Some(&stuck) = added.iter().find(|&&seat| self.is_stuck(seat)) {
            let error = RestartError::stuck(&run.plan.roster.name(stuck).to_string());
            return Err(ReloadError::cannot_restart(error));
        }
        let dragged = self.gain_a_resource(&run, &added);
        let roots: Vec<usize> = changed.iter().copied().chain(dragged).collect();
        let in_use: Vec<usize> = roots.iter().chain(&removed).copied().filter(|&unit| self.is_in_use(unit)).collect();
        let known: Vec<usize> = given.iter().chain(&removed).copied().collect();
        if let Some(error) = self.cannot_restart(&in_use, &known) {
            return Err(ReloadError::cannot_restart(error));
        }
        let configs = prepared.take_configs(&mut reading.draft);
        let (used, unused): (Vec<_>, Vec<_>) =
            seats.into_iter().zip(configs).partition(|(seat, config)| config.is_some() && fresh.contains(seat));
        for (_, config) in unused {
            drop_quietly(config);
        }
        reading.had_file = sources.has_file();
        (self.reloads.marks, self.reloads.settings) = (marks, std::mem::take(&mut prepared.settings_marks));
        log::warn_of(&prepared.warnings, run.app.hub().lines_without_event());
        self.send(|_| Event::Reloading { sources: sources.described().into(), changes: changes.clone() });
        if let Some(under_way) = &mut self.reloads.under_way {
            under_way.changes = changes;
        }
        let next = Arc::new(blueprint(&run.plan, &run.limits));
        self.reloads.next = Some(Next { run, configs: used });
        let changed: Vec<_> = roots.into_iter().map(unit_index).collect();
        let call = self.caller(Caller::Reload);
        self.handle(Input::Replace { call, plan: &next, changed: &changed });
        Ok(())
    }

    fn difference(&self, next: &Run, sources: &Sources, marks: &[Option<Box<Marks>>], settings: &[Mark]) -> Difference {
        let (before, after) = (&self.run.plan.roster, &next.plan.roster);
        let origin = |at: Option<&At>| at.map(|at| Arc::from(sources.place(at)));
        let none = Marks::default();
        let mut found = Difference::default();
        for (key, at) in differences(&self.reloads.settings, settings) {
            found.changes.push(ConfigChange::Setting { key, origin: origin(at) });
        }
        for seat in after.indices() {
            let (was, is) = (at(&self.reloads.marks, seat).unwrap_or(&none), at(marks, seat).unwrap_or(&none));
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
                // The driver looks at these when their time comes.
                restarts |= !matches!(key, "enabled" | "startup_timeout" | "shutdown_timeout");
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
        let providers = added.iter().copied().filter(|&seat| provides(next.plan.roster.entries[seat].unit).is_some());
        let followers = next.plan.graph.followers(providers);
        followers.into_iter().filter(|seat| self.run.plan.roster.runs(*seat) && !added.contains(seat)).collect()
    }

    /// Whether a unit runs, is to run, has failed, or has left a value behind: what has returned is not started again.
    fn is_in_use(&self, unit: usize) -> bool {
        use crate::machine::Outcome::{Returned, Stopped};
        !matches!(self.phase(unit_index(unit)), Phase::Waiting | Phase::Ended(Returned | Stopped))
    }

    /// All that the next plan has stopped has stopped: it comes in the place of the one at hand.
    pub(super) fn follow_next_plan(&mut self) {
        let Some(Next { run, configs }) = self.reloads.next.take() else { return };
        let roster = Arc::clone(&run.plan.roster);
        let units = roster.entries.len();
        self.run.cells.make_room(units);
        for (seat, config) in configs {
            self.run.configs.replace(seat, config);
        }
        self.run.app.hub().follow(Arc::clone(&roster));
        self.run.app.now_runs(roster);
        self.watched.set_limits(run.limits);
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
        answer(calls, &Err(ReloadError::going_down(self.run.app.state())));
    }
}

/// Reads on a thread of its own: files may be slow, and what reads an argument is user code. Where there is no thread, the
/// reading is given back.
fn begin_reading(app: App, reading: Reading) -> Result<Limited, Box<(io::Error, Reading)>> {
    let watched = match watch_reading(app.clone()) {
        Ok(watched) => watched,
        Err(error) => return Err(Box::new((error, reading))),
    };
    let runtime = Handle::current();
    let (give, take) = mpsc::sync_channel::<Reading>(1);
    let begun = thread::Builder::new().name("lifespan-config".to_owned()).spawn(move || {
        let Ok(reading) = take.recv() else { return };
        let _entered = runtime.enter();
        let prepared = match panics::catch(|| reading.again()) {
            Ok(prepared) => prepared.map(Box::new).map_err(ReloadError::problematic),
            Err(_) => Err(ReloadError::not_read()),
        };
        app.inbox().read(Box::new(ReadAnew { reading, prepared }));
    });
    if let Err(error) = begun {
        return Err(Box::new((error, reading)));
    }
    if let Err(mpsc::SendError(reading)) = give.send(reading) {
        return Err(Box::new((io::ErrorKind::BrokenPipe.into(), reading)));
    }
    Ok(Limited { since: std::time::Instant::now(), _watched: watched })
}

/// Tells the driver when a reading takes too long, unless the sender is dropped before.
fn watch_reading(app: App) -> io::Result<mpsc::Sender<Infallible>> {
    let (watched, ended) = mpsc::channel();
    let watch = move || {
        if !is_over_within(READING_LIMIT, &ended) {
            app.inbox().reading_is_late();
        }
    };
    // A thread of the runtime: as long as it waits, time that is paused does not run on. Tokio panics where there is none and
    // the system gives none.
    panics::quietly(|| drop(tokio::task::spawn_blocking(watch))).map_err(io::Error::other)?;
    Ok(watched)
}

fn at(marks: &[Option<Box<Marks>>], seat: usize) -> Option<&Marks> {
    marks.get(seat)?.as_deref()
}

fn answer(calls: Vec<ReloadCall>, answer: &Result<Vec<ConfigChange>, ReloadError>) {
    for call in calls.into_iter().flatten() {
        // Whoever asked may have gone.
        let _ = call.send(answer.clone());
    }
}
