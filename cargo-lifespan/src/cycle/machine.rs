//! The state of the cycle, and the actions that follow from each input.

use std::time::{Duration, Instant};

use super::protocol::{Action, Change, Ending, Fact, Generation, Input, Reload, Shown, Status};

/// The time that a process has to stop before it and its child processes are killed.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// The time after which a program without the readiness protocol counts as up.
const SETTLED: Duration = Duration::from_secs(1);
/// Interrupts closer together count as one: a terminal and a wrapper often send the same one twice.
const ONE_INTERRUPT: Duration = Duration::from_millis(300);

/// The state of the cycle between two inputs.
pub(crate) struct Cycle<B> {
    build: Build,
    process: Process<B>,
    generation: Generation,
    /// The binary to start after the stopping process has ended.
    next: Option<B>,
    /// The last binary that was up.
    good: Option<B>,
    /// The time of the first change that no started process contains, and the duration of its build.
    changed: Option<Instant>,
    built: Duration,
    config: bool,
    /// True if the program uses the readiness protocol: it is up when it reports so.
    announces: bool,
    /// True if the current process reloads its configuration on SIGHUP.
    reloads: bool,
    interrupted: Option<Instant>,
    reload: Option<Reload>,
    failed: bool,
}

#[derive(PartialEq)]
enum Build {
    Idle,
    Running { since: Instant },
    Cancelled,
}

enum Process<B> {
    None,
    Starting { binary: B, since: Instant },
    Up { binary: B, since: Instant },
    Stopping { since: Instant, killed: bool },
}

impl<B: Clone + PartialEq> Cycle<B> {
    /// Creates the cycle; the first action is a build.
    pub(crate) fn begin(now: Instant) -> (Self, Vec<Action<B>>) {
        let cycle = Self {
            build: Build::Running { since: now },
            process: Process::None,
            generation: 0,
            next: None,
            good: None,
            changed: None,
            built: Duration::ZERO,
            config: false,
            announces: false,
            reloads: false,
            interrupted: None,
            reload: None,
            failed: false,
        };
        (cycle, vec![Action::Build])
    }

    /// Returns the actions that follow from an input.
    pub(crate) fn handle(&mut self, now: Instant, input: Input<B>) -> Vec<Action<B>> {
        let mut actions = Vec::new();
        let then = &mut actions;
        match input {
            Input::Changed(change) if self.interrupted.is_none() => self.change(now, change, then),
            Input::Built(binary) => self.end_build(now, binary, then),
            Input::Announces(generation) if generation == self.generation => self.announces = true,
            Input::Reloads(generation) if generation == self.generation => self.reloads = true,
            Input::Ready(generation) if generation == self.generation => {
                self.announces = true;
                self.come_up(now, then);
            }
            Input::Exited(generation, how) if generation == self.generation => self.end_process(now, how, then),
            // While quitting, changes are ignored; so are events of an earlier process.
            Input::Changed(_) | Input::Announces(_) | Input::Reloads(_) | Input::Ready(_) | Input::Exited(..) => {}
            Input::Interrupted => self.interrupt(now, then),
            Input::Tick => self.tick(now, then),
        }
        let gone = self.build == Build::Idle && matches!(self.process, Process::None);
        if self.interrupted.is_some() && gone && !actions.iter().any(|action| matches!(action, Action::Exit(_))) {
            actions.push(Action::Exit(0));
        }
        actions
    }

    /// Returns the time of the next tick, if no input comes first.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.process {
            Process::Starting { since, .. } if !self.announces => Some(since + SETTLED),
            Process::Stopping { since, killed: false } => Some(since + GRACE),
            _ => None,
        }
    }

    /// The content of the status line.
    pub(crate) fn status(&self, now: Instant) -> Status {
        Status {
            building: match self.build {
                Build::Idle => None,
                Build::Running { since } => Some(now.saturating_duration_since(since)),
                Build::Cancelled => Some(Duration::ZERO),
            },
            failed: self.failed,
            process: match self.process {
                Process::None => Shown::None,
                Process::Starting { since, .. } => Shown::Starting(now.saturating_duration_since(since)),
                Process::Up { since, .. } => Shown::Up(now.saturating_duration_since(since)),
                Process::Stopping { since, .. } => Shown::Stopping(now.saturating_duration_since(since)),
            },
            reload: self.reload,
        }
    }

    fn change(&mut self, now: Instant, change: Change, then: &mut Vec<Action<B>>) {
        then.push(Action::Say(Fact::Changed(change.files)));
        self.changed.get_or_insert(change.at);
        self.config |= change.config;
        match self.build {
            Build::Idle => {
                self.build = Build::Running { since: now };
                then.push(Action::Build);
            }
            Build::Running { .. } => {
                self.build = Build::Cancelled;
                then.push(Action::CancelBuild);
            }
            Build::Cancelled => {}
        }
    }

    fn end_build(&mut self, now: Instant, binary: Option<B>, then: &mut Vec<Action<B>>) {
        match std::mem::replace(&mut self.build, Build::Idle) {
            _ if self.interrupted.is_some() => {}
            // The result is older than the change that cancelled the build.
            Build::Cancelled => {
                self.build = Build::Running { since: now };
                then.push(Action::Build);
            }
            Build::Running { since } => {
                self.built = now.saturating_duration_since(since);
                self.failed = binary.is_none();
                if let Some(binary) = binary {
                    self.replace(now, binary, then);
                } else {
                    let running = !matches!(self.process, Process::None);
                    then.push(Action::Say(Fact::BuildFailed { running }));
                }
            }
            Build::Idle => {}
        }
    }

    /// Replaces the running binary.
    fn replace(&mut self, now: Instant, binary: B, then: &mut Vec<Action<B>>) {
        let config_changed = std::mem::take(&mut self.config);
        match &self.process {
            Process::Starting { binary: runs, .. } | Process::Up { binary: runs, .. }
                if *runs == binary && !config_changed =>
            {
                self.changed = None;
                then.push(Action::Say(Fact::Unchanged));
            }
            Process::Up { binary: runs, .. } if *runs == binary && self.reloads => {
                self.changed = None;
                then.extend([Action::Say(Fact::Reloading), Action::Reload]);
            }
            Process::Starting { .. } | Process::Up { .. } => {
                self.next = Some(binary);
                self.stop(now, then);
            }
            Process::Stopping { .. } => self.next = Some(binary),
            Process::None => self.start(now, binary, then),
        }
    }

    fn start(&mut self, now: Instant, binary: B, then: &mut Vec<Action<B>>) {
        self.generation += 1;
        self.reloads = false;
        then.push(Action::Say(Fact::Starting));
        then.push(Action::Start(binary.clone(), self.generation));
        self.process = Process::Starting { binary, since: now };
    }

    fn stop(&mut self, now: Instant, then: &mut Vec<Action<B>>) {
        if matches!(self.process, Process::Starting { .. } | Process::Up { .. }) {
            self.process = Process::Stopping { since: now, killed: false };
            then.extend([Action::Say(Fact::Stopping), Action::Terminate]);
        }
    }

    /// Marks the starting process as up.
    fn come_up(&mut self, now: Instant, then: &mut Vec<Action<B>>) {
        match std::mem::replace(&mut self.process, Process::None) {
            Process::Starting { binary, since } => {
                // Without the readiness protocol, the program counts as up from its start.
                let up = if self.announces { now } else { since };
                let reload =
                    self.changed.take().map(|at| Reload { took: up.saturating_duration_since(at), build: self.built });
                self.reload = reload.or(self.reload);
                self.good = Some(binary.clone());
                self.process = Process::Up { binary, since };
                then.push(Action::Say(Fact::Up { took: up.saturating_duration_since(since), reload }));
            }
            other => self.process = other,
        }
    }

    fn end_process(&mut self, now: Instant, how: Ending, then: &mut Vec<Action<B>>) {
        match std::mem::replace(&mut self.process, Process::None) {
            Process::Stopping { since, .. } => {
                then.push(Action::Say(Fact::Stopped { took: now.saturating_duration_since(since), how }));
                if let Some(next) = self.next.take() {
                    self.start(now, next, then);
                }
            }
            Process::Starting { binary, .. } if !how.success => {
                // The time until a later process is up does not count as a reload.
                self.changed = None;
                let fallback = self.good.clone().filter(|good| *good != binary);
                then.push(Action::Say(Fact::Died { how, falls_back: fallback.is_some() }));
                if let Some(good) = fallback {
                    self.start(now, good, then);
                }
            }
            Process::Starting { binary, since } | Process::Up { binary, since } => {
                self.good = Some(binary);
                self.changed = None;
                then.push(Action::Say(Fact::Ended { how, ran: now.saturating_duration_since(since) }));
            }
            Process::None => {}
        }
    }

    fn interrupt(&mut self, now: Instant, then: &mut Vec<Action<B>>) {
        match self.interrupted {
            None => {
                self.interrupted = Some(now);
                self.next = None;
                then.push(Action::Say(Fact::Quitting));
                if let Build::Running { .. } = self.build {
                    self.build = Build::Cancelled;
                    then.push(Action::CancelBuild);
                }
                self.stop(now, then);
            }
            Some(first) if now.saturating_duration_since(first) >= ONE_INTERRUPT => {
                then.extend([Action::Say(Fact::Forced), Action::Kill, Action::Exit(130)]);
            }
            Some(_) => {}
        }
    }

    fn tick(&mut self, now: Instant, then: &mut Vec<Action<B>>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if let Process::Stopping { killed, .. } = &mut self.process {
            *killed = true;
            then.extend([Action::Say(Fact::Overdue), Action::Kill]);
        } else {
            self.come_up(now, then);
        }
    }
}
