//! The cycle of building, stopping and starting: what follows from what, without a process, a clock or a terminal.
//!
//! # Invariants
//! - At most one build and one process are there at any time. A change cancels the build, and the next one begins when
//!   the cancelled one has gone.
//! - A process is told to stop only for a binary that waits to take its place, or for good. The next one starts when it
//!   has gone, never before.
//! - What was up last is kept; it is started again where its successor dies before it is up.

use std::time::{Duration, Instant};

/// How long a process has to stop in order, before it is killed with all that it has started.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// A program that announces nothing is up when it has lived for so long.
pub(crate) const SETTLED: Duration = Duration::from_secs(1);
/// Interrupts closer together are one: a terminal and a wrapper often send the same one twice.
const ONE_INTERRUPT: Duration = Duration::from_millis(300);

/// What happened. `B` is a binary, a copy that was built and is kept.
#[derive(Debug)]
pub(crate) enum Input<B> {
    /// Files have changed.
    Changed(Change),
    /// The build has ended, however: a binary, or none.
    Built(Option<B>),
    /// The process has announced something: it will announce that it is up, too.
    Announces(Generation),
    /// The process has announced that a hang-up has it read its configuration anew.
    Reloads(Generation),
    /// The process has announced that it is up.
    Ready(Generation),
    /// The process has ended, with all that it had started.
    Exited(Generation, Ending),
    /// The user wants it to end.
    Interrupted,
    /// Time has passed.
    Tick,
}

/// What to do about it.
#[derive(Debug, PartialEq)]
pub(crate) enum Action<B> {
    Build,
    CancelBuild,
    Start(B, Generation),
    /// Tell the process to read its configuration anew.
    Reload,
    /// Tell the process to stop.
    Terminate,
    /// Kill the process and all that it has started.
    Kill,
    Say(Fact),
    Exit(u8),
}

/// Tells one process from the one before.
pub(crate) type Generation = u32;

/// Files that have changed together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// When the first of them was noticed.
    pub(crate) at: Instant,
    /// As they are shown.
    pub(crate) files: Vec<String>,
    /// One of them is read by the program when it starts: it reads that anew, or starts anew, be its binary as it was.
    pub(crate) config: bool,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    pub(crate) success: bool,
    /// In words: `exit code 1`.
    pub(crate) how: String,
}

/// What a person is told.
#[derive(Debug, PartialEq)]
pub(crate) enum Fact {
    Changed(Vec<String>),
    /// The program was built and is the one that runs.
    Unchanged,
    /// So it is, and it reads its configuration anew.
    Reloading,
    BuildFailed {
        /// Whether the program runs on.
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
    /// It ended before it was up.
    Died {
        how: Ending,
        /// What was up before it is started again.
        falls_back: bool,
    },
    /// It ended by itself.
    Ended {
        how: Ending,
        ran: Duration,
    },
    Quitting,
    Forced,
}

/// From a file saved to new code running.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reload {
    pub(crate) took: Duration,
    /// So much of it was cargo's.
    pub(crate) build: Duration,
}

/// The cycle, between two inputs.
pub(crate) struct Cycle<B> {
    build: Build,
    process: Process<B>,
    generation: Generation,
    /// Takes the place of the process that is stopping.
    next: Option<B>,
    /// Was up last.
    good: Option<B>,
    /// The first change that no started process has seen, and how long the build for it took.
    changed: Option<Instant>,
    built: Duration,
    config: bool,
    /// A program that has announced anything once is up when it says so.
    announces: bool,
    /// The process that was started last reads its configuration anew when it is told to.
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

/// What the status line shows.
#[derive(Debug, PartialEq)]
pub(crate) struct Status {
    /// A build is under way, for so long.
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
    /// The cycle, and the first build.
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

    /// What follows from what happened.
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
            // Nothing new begins while all ends, and an earlier process is no concern of the present one.
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

    /// When to tick, if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.process {
            Process::Starting { since, .. } if !self.announces => Some(since + SETTLED),
            Process::Stopping { since, killed: false } => Some(since + GRACE),
            _ => None,
        }
    }

    /// What the status line shows.
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
            // What it has built is older than the change that cancelled it.
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

    /// Puts a binary in the place of what runs.
    fn replace(&mut self, now: Instant, binary: B, then: &mut Vec<Action<B>>) {
        let anew = std::mem::take(&mut self.config);
        match &self.process {
            Process::Starting { binary: runs, .. } | Process::Up { binary: runs, .. } if *runs == binary && !anew => {
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

    /// What was starting is up.
    fn come_up(&mut self, now: Instant, then: &mut Vec<Action<B>>) {
        match std::mem::replace(&mut self.process, Process::None) {
            Process::Starting { binary, since } => {
                // What says nothing is new code that runs from when it was started.
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
                // The time until another one is up is not that of a reload.
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

    /// A cycle whose clock is moved by hand; its binaries are names.
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

        /// `v1` is up.
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
    fn a_change_is_built_then_the_old_one_stops_and_only_then_the_new_one_starts() {
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
    fn a_change_during_a_build_cancels_it_and_what_it_built_is_not_started() {
        let mut story = Story::with_v1();
        story.save();
        assert_eq!(story.save(), [changed(), Action::CancelBuild]);
        assert_eq!(story.save(), [changed()]);
        assert_eq!(story.built("v2"), [Action::Build]);
        assert_eq!(story.built("v3"), [say(Fact::Stopping), Action::Terminate]);
    }

    #[test]
    fn what_reads_its_configuration_anew_runs_on_where_only_that_has_changed() {
        let mut story = Story::with_v1();
        story.handle(Input::Reloads(1));
        story.change(true);
        assert_eq!(story.built("v1"), [say(Fact::Reloading), Action::Reload]);
        assert_eq!(story.ready(1), [], "it was up before");
        story.change(true);
        assert_eq!(story.built("v2"), [say(Fact::Stopping), Action::Terminate]);
        story.exited(1);
        story.ready(2);
        story.change(true);
        assert_eq!(story.built("v2"), [say(Fact::Stopping), Action::Terminate], "this one has not said that it does");
    }

    #[test]
    fn a_build_that_fails_leaves_what_runs() {
        let mut story = Story::with_v1();
        story.save();
        assert_eq!(story.handle(Input::Built(None)), [say(Fact::BuildFailed { running: true })]);
        let status = story.cycle.status(story.now);
        assert_eq!((status.failed, status.process), (true, Shown::Up(Duration::ZERO)));
    }

    #[test]
    fn what_is_built_as_it_was_is_not_started_anew_unless_its_config_changed() {
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
    fn one_that_does_not_stop_is_killed_after_its_grace() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        assert_eq!(story.pass(4999), []);
        assert_eq!(story.pass(1), [say(Fact::Overdue), Action::Kill]);
        assert_eq!(story.pass(10_000), []);
        assert!(story.died(1).contains(&Action::Start("v2", 2)));
    }

    #[test]
    fn one_that_dies_before_it_is_up_gives_way_to_the_last_that_was() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.exited(1);
        let died = |falls_back| say(Fact::Died { how: ended(false), falls_back });
        assert_eq!(story.died(2), [died(true), say(Fact::Starting), Action::Start("v1", 3)]);
        // Should that one die too, there is none before it.
        assert_eq!(story.died(3), [died(false)]);
        assert_eq!(story.save(), [changed(), Action::Build]);
        assert_eq!(story.built("v3"), [say(Fact::Starting), Action::Start("v3", 4)]);
    }

    #[test]
    fn one_that_announces_nothing_is_up_when_it_has_lived_for_a_while() {
        let mut story = Story::begin();
        story.built("v1");
        assert_eq!(story.pass(999), []);
        assert_eq!(story.pass(1), [say(Fact::Up { took: Duration::ZERO, reload: None })]);
        let ran = Duration::from_secs(1);
        assert_eq!(story.died(1), [say(Fact::Ended { how: ended(false), ran })]);
    }

    #[test]
    fn one_that_announces_that_it_starts_is_not_up_before_it_says_so() {
        let mut story = Story::begin();
        story.built("v1");
        assert_eq!(story.handle(Input::Announces(0)), [], "it is no process of this cycle");
        assert_eq!(story.handle(Input::Announces(1)), []);
        assert_eq!(story.pass(60_000), []);
        assert_eq!(story.ready(1), [say(Fact::Up { took: Duration::from_secs(60), reload: None })]);
    }

    #[test]
    fn one_that_has_announced_itself_once_is_not_up_before_it_does() {
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
    fn a_program_that_ends_at_once_and_well_has_not_died() {
        let mut story = Story::begin();
        story.built("v1");
        assert_eq!(story.exited(1), [say(Fact::Ended { how: ended(true), ran: Duration::ZERO })]);
    }

    #[test]
    fn what_an_earlier_process_says_is_not_taken_for_the_present_one() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.exited(1);
        assert_eq!(story.ready(1), []);
        assert_eq!(story.cycle.status(story.now).process, Shown::Starting(Duration::ZERO));
    }

    #[test]
    fn a_binary_that_is_built_while_the_old_one_stops_is_the_one_that_starts() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        story.save();
        assert_eq!(story.built("v3"), []);
        assert_eq!(story.exited(1), [stopped(0), say(Fact::Starting), Action::Start("v3", 2)]);
    }

    #[test]
    fn an_interrupt_stops_build_and_process_and_ends_when_both_have_gone() {
        let mut story = Story::with_v1();
        story.save();
        let quits = [say(Fact::Quitting), Action::CancelBuild, say(Fact::Stopping), Action::Terminate];
        assert_eq!(story.handle(Input::Interrupted), quits);
        assert_eq!(story.save(), []);
        assert_eq!(story.built("v2"), []);
        assert_eq!(story.exited(1), [stopped(0), Action::Exit(0)]);
    }

    #[test]
    fn an_interrupt_while_the_old_one_stops_for_the_next_starts_none() {
        let mut story = Story::with_v1();
        story.save();
        story.built("v2");
        assert_eq!(story.handle(Input::Interrupted), [say(Fact::Quitting)]);
        assert_eq!(story.exited(1), [stopped(0), Action::Exit(0)]);
    }

    #[test]
    fn a_second_interrupt_forces_and_one_that_comes_at_once_is_the_same() {
        let mut story = Story::with_v1();
        story.handle(Input::Interrupted);
        story.pass(299);
        assert_eq!(story.handle(Input::Interrupted), []);
        story.pass(1);
        assert_eq!(story.handle(Input::Interrupted), [say(Fact::Forced), Action::Kill, Action::Exit(130)]);
    }

    #[test]
    fn with_nothing_there_an_interrupt_ends_at_once() {
        let mut story = Story::begin();
        story.handle(Input::Built(None));
        assert_eq!(story.handle(Input::Interrupted), [say(Fact::Quitting), Action::Exit(0)]);
    }
}
