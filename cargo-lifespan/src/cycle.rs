//! The cycle of building, stopping and starting: a state machine without processes, clock or terminal.
//!
//! # Invariants
//! - At most one build and one process run at any time. A change cancels the build; the next build starts when the
//!   cancelled one has ended.
//! - A process is asked to stop only when a new binary is waiting, or when the tool quits. The next process starts after
//!   the old one has ended, never before.
//! - The last good binary is kept; it is started again if its successor ends before it is up.

use std::time::{Duration, Instant};

/// The time that a process has to stop before it and its child processes are killed.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// The time after which a program without the readiness protocol counts as up.
pub(crate) const SETTLED: Duration = Duration::from_secs(1);
/// Interrupts closer together count as one: a terminal and a wrapper often send the same one twice.
const ONE_INTERRUPT: Duration = Duration::from_millis(300);

/// An event. `B` is a binary: a copy of a build.
#[derive(Debug)]
pub(crate) enum Input<B> {
    /// Files have changed.
    Changed(Change),
    /// The build has ended, with a binary if it succeeded.
    Built(Option<B>),
    /// The process uses the readiness protocol, so it will also report that it is up.
    Announces(Generation),
    /// The process has reported that it reloads its configuration on SIGHUP.
    Reloads(Generation),
    /// The process has reported that it is up.
    Ready(Generation),
    /// The process and its child processes have ended.
    Exited(Generation, Ending),
    /// The user asked the tool to quit.
    Interrupted,
    /// Time has passed.
    Tick,
}

/// An action that the session has to carry out.
#[derive(Debug, PartialEq)]
pub(crate) enum Action<B> {
    Build,
    CancelBuild,
    Start(B, Generation),
    /// Ask the process to reload its configuration.
    Reload,
    /// Ask the process to stop.
    Terminate,
    /// Kill the process and its child processes.
    Kill,
    Say(Fact),
    Exit(u8),
}

/// The number of a process, which distinguishes it from earlier ones.
pub(crate) type Generation = u32;

/// A set of files that changed together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The time of the first change.
    pub(crate) at: Instant,
    /// The paths, as they are displayed.
    pub(crate) files: Vec<String>,
    /// True if one of them is a config file: the program reloads it or is restarted, even if its binary is unchanged.
    pub(crate) config: bool,
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    pub(crate) success: bool,
    /// A description: `exit code 1`.
    pub(crate) how: String,
}

/// A fact to report to the user.
#[derive(Debug, PartialEq)]
pub(crate) enum Fact {
    Changed(Vec<String>),
    /// The program was built, and the running one is the same.
    Unchanged,
    /// The running program is unchanged and reloads its configuration.
    Reloading,
    BuildFailed {
        /// True if the program continues to run.
        running: bool,
    },
    Stopping,
    /// It did not stop in time.
    Overdue,
    Stopped {
        took: Duration,
        how: Ending,
    },
    Starting,
    Up {
        took: Duration,
        reload: Option<Reload>,
    },
    /// The process ended before it was up.
    Died {
        how: Ending,
        /// True if the last good binary is started again.
        falls_back: bool,
    },
    /// The process ended without being asked to stop.
    Ended {
        how: Ending,
        ran: Duration,
    },
    Quitting,
    Forced,
}

/// The duration of a reload, from the saved file to running new code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reload {
    pub(crate) took: Duration,
    /// The part of it that cargo took.
    pub(crate) build: Duration,
}

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

/// The content of the status line.
#[derive(Debug, PartialEq)]
pub(crate) struct Status {
    /// The elapsed time of a running build.
    pub(crate) building: Option<Duration>,
    /// The last build failed.
    pub(crate) failed: bool,
    pub(crate) process: Shown,
    pub(crate) reload: Option<Reload>,
}

/// The process, as the status line shows it.
#[derive(Debug, PartialEq)]
pub(crate) enum Shown {
    None,
    Starting(Duration),
    Up(Duration),
    Stopping(Duration),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A cycle with a manual clock; its binaries are names.
    struct Story {
        cycle: Cycle<&'static str>,
        now: Instant,
    }

    type Actions = Vec<Action<&'static str>>;

    impl Story {
        fn begin() -> Self {
            let now = Instant::now();
            let (cycle, actions) = Cycle::begin(now);
            assert_eq!(actions, [Action::Build]);
            Self { cycle, now }
        }

        /// Creates a cycle in which `v1` is up.
        fn with_v1() -> Self {
            let mut story = Self::begin();
            assert_eq!(story.built("v1"), [say(Fact::Starting), Action::Start("v1", 1)]);
            story.ready(1);
            story
        }

        fn pass(&mut self, milliseconds: u64) -> Actions {
            self.now += Duration::from_millis(milliseconds);
            self.handle(Input::Tick)
        }

        fn handle(&mut self, input: Input<&'static str>) -> Actions {
            self.cycle.handle(self.now, input)
        }

        fn save(&mut self) -> Actions {
            self.change(false)
        }

        fn change(&mut self, config: bool) -> Actions {
            self.handle(Input::Changed(Change { at: self.now, files: vec!["a.rs".to_owned()], config }))
        }

        fn built(&mut self, binary: &'static str) -> Actions {
            self.handle(Input::Built(Some(binary)))
        }

        fn ready(&mut self, generation: Generation) -> Actions {
            self.handle(Input::Ready(generation))
        }

        fn exited(&mut self, generation: Generation) -> Actions {
            self.handle(Input::Exited(generation, ended(true)))
        }

        fn died(&mut self, generation: Generation) -> Actions {
            self.handle(Input::Exited(generation, ended(false)))
        }
    }

    fn ended(success: bool) -> Ending {
        Ending { success, how: "ended".to_owned() }
    }

    fn say(fact: Fact) -> Action<&'static str> {
        Action::Say(fact)
    }

    fn changed() -> Action<&'static str> {
        say(Fact::Changed(vec!["a.rs".to_owned()]))
    }

    fn stopped(milliseconds: u64) -> Action<&'static str> {
        say(Fact::Stopped { took: Duration::from_millis(milliseconds), how: ended(true) })
    }

    #[test]
    fn a_change_is_built_then_the_old_process_stops_and_only_then_the_new_one_starts() {
        let mut story = Story::with_v1();
        assert_eq!(story.save(), [changed(), Action::Build]);
        assert_eq!(story.pass(900), []);
        assert_eq!(story.built("v2"), [say(Fact::Stopping), Action::Terminate]);
        story.pass(20);
        assert_eq!(story.exited(1), [stopped(20), say(Fact::Starting), Action::Start("v2", 2)]);
        story.pass(5);
        let reload = Reload { took: Duration::from_millis(925), build: Duration::from_millis(900) };
        assert_eq!(story.ready(2), [say(Fact::Up { took: Duration::from_millis(5), reload: Some(reload) })]);
        assert_eq!(story.cycle.status(story.now).reload, Some(reload));
    }

    #[test]
    fn a_change_during_a_build_cancels_it_and_its_binary_is_not_started() {
        let mut story = Story::with_v1();
        story.save();
        assert_eq!(story.save(), [changed(), Action::CancelBuild]);
        assert_eq!(story.save(), [changed()]);
        assert_eq!(story.built("v2"), [Action::Build]);
        assert_eq!(story.built("v3"), [say(Fact::Stopping), Action::Terminate]);
    }

    #[test]
    fn a_program_that_reloads_keeps_running_when_only_its_configuration_changed() {
        let mut story = Story::with_v1();
        story.handle(Input::Reloads(1));
        story.change(true);
        assert_eq!(story.built("v1"), [say(Fact::Reloading), Action::Reload]);
        assert_eq!(story.ready(1), [], "it was already up");
        story.change(true);
        assert_eq!(story.built("v2"), [say(Fact::Stopping), Action::Terminate]);
        story.exited(1);
        story.ready(2);
        story.change(true);
        assert_eq!(
            story.built("v2"),
            [say(Fact::Stopping), Action::Terminate],
            "this process has not reported that it reloads"
        );
    }

    #[test]
    fn a_failed_build_leaves_the_process_running() {
        let mut story = Story::with_v1();
        story.save();
        assert_eq!(story.handle(Input::Built(None)), [say(Fact::BuildFailed { running: true })]);
        let status = story.cycle.status(story.now);
        assert_eq!((status.failed, status.process), (true, Shown::Up(Duration::ZERO)));
    }

    #[test]
    fn an_unchanged_binary_is_not_restarted_unless_its_config_changed() {
        let mut story = Story::with_v1();
        story.save();
        assert_eq!(story.built("v1"), [say(Fact::Unchanged)]);
        story.change(true);
        assert_eq!(story.built("v1"), [say(Fact::Stopping), Action::Terminate]);
        story.exited(1);
        story.ready(2);
        story.save();
        assert_eq!(story.built("v1"), [say(Fact::Unchanged)]);
    }

    #[test]
    fn a_process_that_does_not_stop_is_killed_after_its_grace_period() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        assert_eq!(story.pass(4999), []);
        assert_eq!(story.pass(1), [say(Fact::Overdue), Action::Kill]);
        assert_eq!(story.pass(10_000), []);
        assert!(story.died(1).contains(&Action::Start("v2", 2)));
    }

    #[test]
    fn the_last_good_binary_starts_again_when_its_successor_dies_before_it_is_up() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.exited(1);
        let died = |falls_back| say(Fact::Died { how: ended(false), falls_back });
        assert_eq!(story.died(2), [died(true), say(Fact::Starting), Action::Start("v1", 3)]);
        // If that one also ends early, there is no earlier binary.
        assert_eq!(story.died(3), [died(false)]);
        assert_eq!(story.save(), [changed(), Action::Build]);
        assert_eq!(story.built("v3"), [say(Fact::Starting), Action::Start("v3", 4)]);
    }

    #[test]
    fn a_process_without_readiness_protocol_is_up_after_a_while() {
        let mut story = Story::begin();
        story.built("v1");
        assert_eq!(story.pass(999), []);
        assert_eq!(story.pass(1), [say(Fact::Up { took: Duration::ZERO, reload: None })]);
        let ran = Duration::from_secs(1);
        assert_eq!(story.died(1), [say(Fact::Ended { how: ended(false), ran })]);
    }

    #[test]
    fn a_process_that_reports_its_start_is_not_up_before_it_reports_ready() {
        let mut story = Story::begin();
        story.built("v1");
        assert_eq!(story.handle(Input::Announces(0)), [], "it is not a process of this cycle");
        assert_eq!(story.handle(Input::Announces(1)), []);
        assert_eq!(story.pass(60_000), []);
        assert_eq!(story.ready(1), [say(Fact::Up { took: Duration::from_secs(60), reload: None })]);
    }

    #[test]
    fn a_program_that_has_reported_ready_once_is_not_up_before_it_does_so_again() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.exited(1);
        assert_eq!(story.pass(60_000), []);
        assert!(matches!(
            story.died(2)[..],
            [Action::Say(Fact::Died { falls_back: true, .. }), _, Action::Start("v1", 3)]
        ));
    }

    #[test]
    fn a_program_that_exits_early_with_success_has_not_died() {
        let mut story = Story::begin();
        story.built("v1");
        assert_eq!(story.exited(1), [say(Fact::Ended { how: ended(true), ran: Duration::ZERO })]);
    }

    #[test]
    fn reports_of_an_earlier_process_are_ignored() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.exited(1);
        assert_eq!(story.ready(1), []);
        assert_eq!(story.cycle.status(story.now).process, Shown::Starting(Duration::ZERO));
    }

    #[test]
    fn the_latest_binary_built_during_a_stop_is_started() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.save();
        assert_eq!(story.built("v3"), []);
        assert_eq!(story.exited(1), [stopped(0), say(Fact::Starting), Action::Start("v3", 2)]);
    }

    #[test]
    fn an_interrupt_stops_build_and_process_and_exits_when_both_have_ended() {
        let mut story = Story::with_v1();
        story.save();
        let quits = [say(Fact::Quitting), Action::CancelBuild, say(Fact::Stopping), Action::Terminate];
        assert_eq!(story.handle(Input::Interrupted), quits);
        assert_eq!(story.save(), []);
        assert_eq!(story.built("v2"), []);
        assert_eq!(story.exited(1), [stopped(0), Action::Exit(0)]);
    }

    #[test]
    fn an_interrupt_during_a_replacement_starts_no_new_process() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        assert_eq!(story.handle(Input::Interrupted), [say(Fact::Quitting)]);
        assert_eq!(story.exited(1), [stopped(0), Action::Exit(0)]);
    }

    #[test]
    fn a_second_interrupt_forces_the_exit_but_an_immediate_one_counts_as_the_first() {
        let mut story = Story::with_v1();
        story.handle(Input::Interrupted);
        story.pass(299);
        assert_eq!(story.handle(Input::Interrupted), []);
        story.pass(1);
        assert_eq!(story.handle(Input::Interrupted), [say(Fact::Forced), Action::Kill, Action::Exit(130)]);
    }

    #[test]
    fn an_interrupt_with_no_build_or_process_exits_immediately() {
        let mut story = Story::begin();
        story.handle(Input::Built(None));
        assert_eq!(story.handle(Input::Interrupted), [say(Fact::Quitting), Action::Exit(0)]);
    }
}
