//! The stories of the cycle: what it does after what happens.

use std::time::{Duration, Instant};

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
    assert!(matches!(story.died(2)[..], [Action::Say(Fact::Died { falls_back: true, .. }), _, Action::Start("v1", 3)]));
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
