//! From what was asked for to a run: checks the plan, spawns the sequencer, waits for the report.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::options::Limits;
use super::prepare::{Prepared, Reading};
use super::{App, Stage};
use crate::config::Sources;
use crate::event::Reason;
use crate::plan::problem::{Problem, ProblemKind};
use crate::plan::roster::Roster;
use crate::report::{Report, RunError};
use crate::run::Run;
use crate::run::panics;
use crate::run::reload::Reloads;
use crate::run::sequencer::Sequencer;
use crate::schedule::clock::Clock;
use crate::state::State;
use crate::unwind;
use crate::watch::Watched;

impl App {
    /// Checks the plan, starts every unit, runs until shutdown is requested or all tasks have finished, and stops in
    /// reverse. Always returns a report, also when the plan is wrong and nothing ran.
    ///
    /// Shutdown is requested by SIGINT, SIGTERM or SIGHUP (Ctrl-C, Break and Close on Windows), by
    /// [`shutdown`](Self::shutdown), by a unit that fails, and by dropping this future: the run belongs to a spawned
    /// task, and stopping goes on.
    pub async fn launch(&self) -> Report {
        match self.begin() {
            Ok(running) => running.wait().await,
            Err(report) => report,
        }
    }

    /// As [`launch`](Self::launch), but returns when the app is up, with a handle that stops it.
    ///
    /// # Errors
    /// [`RunError`], with the report, when the plan is wrong, the startup failed, or the app went down while it
    /// started.
    pub async fn start(&self) -> Result<Running, RunError> {
        let running = self.begin().map_err(Report::into_error)?;
        self.hub().state_is(|state| !matches!(state, State::New | State::Starting)).await;
        if self.hub().read(|facts| facts.was_up) { Ok(running) } else { Err(running.wait().await.into_error()) }
    }

    fn begin(&self) -> Result<Running, Report> {
        let mut problems = Vec::new();
        check_runtime(&mut problems);
        if !problems.is_empty() {
            return Err(Report::refused(problems));
        }
        let mut stage = self.stage();
        let Stage::Drafting { draft, .. } = &*stage else {
            drop(stage);
            return Err(Report::refused(vec![self.not_new("launch")]));
        };
        let prepared = Prepared::new(draft);
        let roster =
            prepared.as_ref().map_or_else(|_| Roster::new(Vec::new()).into(), |ok| Arc::clone(&ok.plan.roster));
        let drafting = std::mem::replace(&mut *stage, Stage::Launched { roster: Arc::clone(&roster) });
        drop(stage);
        let Stage::Drafting { mut draft, options } = drafting else { unreachable!("it was looked at above") };
        let mut prepared = prepared.map_err(|problems| {
            self.hub().refuse();
            Report::refused(problems)
        })?;
        let configs = prepared.take_configs(&mut draft);
        let Prepared { plan, settings, sources, marks, settings_marks, warnings, .. } = prepared;
        let limits = Limits::new(&options, &settings);
        let clock = Clock::new(options.wall_clock);
        let had_file = sources.as_ref().is_some_and(Sources::has_file);
        let reads = draft.automatic;
        let reloads = reads.then(|| Reloads::new(Reading { draft, options, had_file }, marks, settings_marks));
        panics::install_hook();
        let (run, report) = Run::new(self.clone(), plan, limits, configs);
        let watched = Watched::enter(&run, had_file);
        let _ = self.inner.watched.set(Arc::clone(&watched));
        self.hub().begin(roster, clock);
        let span = run.span.clone();
        let sources = sources.map(|sources| sources.described().into());
        span.in_scope(|| {
            crate::log::warn_of(&warnings);
        });
        let sequencer = Sequencer::new(run, watched, reloads.unwrap_or_default());
        tokio::spawn(sequencer.carry_out(sources).instrument(span));
        Ok(Running { app: self.clone(), report, ended: false })
    }
}

/// Units need a tokio runtime with timers.
fn check_runtime(problems: &mut Vec<Problem>) {
    if Handle::try_current().is_err() {
        problems.push(
            Problem::new(ProblemKind::State, "there is no tokio runtime to run in")
                .help("call it from `#[tokio::main]`, or inside `Runtime::block_on`"),
        );
    } else if unwind::catch(|| drop(tokio::time::sleep(std::time::Duration::ZERO))).is_err() {
        problems.push(
            Problem::new(ProblemKind::State, "the tokio runtime has no timers")
                .help("build it with `enable_time()` or `enable_all()`"),
        );
    }
}

/// An app that is up. Dropping it requests shutdown.
#[derive(Debug)]
#[must_use = "dropping it requests shutdown"]
pub struct Running {
    app: App,
    report: oneshot::Receiver<Report>,
    ended: bool,
}

impl Running {
    /// The app.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Requests shutdown, and waits until everything has stopped.
    pub async fn stop(self) -> Report {
        self.app.shutdown();
        self.wait().await
    }

    /// Waits until the run ends.
    pub async fn wait(mut self) -> Report {
        let report = (&mut self.report).await;
        self.ended = true;
        report.unwrap_or_else(|_| self.app.hub().read(Report::cut_off))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.app.request(Reason::Dropped);
        }
    }
}
