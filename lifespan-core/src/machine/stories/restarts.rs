//! Restarts by policy: delays, intensity, escalation, groups.

use super::*;
use crate::machine::Counted;
use crate::machine::plan::UpWhen;

fn transient(unit: UnitSpec, intensity: u32) -> UnitSpec {
    UnitSpec { restart: restarts(When::Transient, intensity), ..unit }
}

#[test]
fn a_lone_task_backs_off_and_starts_again_and_others_go_on() {
    let mut story = Story::up(draft([transient(task(), 1), task()], &[(B, A, Edge::Needs)]));
    assert_eq!(story.fails(A), "u0 failed: Running Own Recovered, u0 restarts #1 in 1s");
    assert_eq!(
        (story.seen(A), story.machine.next_start(A), story.limit(A)),
        (Seen::BackingOff, (SECOND, 1), Some(SECOND))
    );
    assert_eq!(story.deadline(A), "spawn u0");
    assert_eq!((story.seen(A), story.machine.generation(A)), (Seen::Starting, 1));
    assert_eq!(story.is_up(A), "");
    assert_eq!((story.seen(A), story.machine.restarts(A)), (Seen::Up, 1));
}

#[test]
fn the_delay_and_the_next_start_are_reported_even_without_readers_of_events() {
    let mut story = Story::up(draft([transient(task(), 1)], &[]));
    story.fails(A);
    assert!(story.commands.contains(&Command::Phase(A, Phase::Up, Phase::BackingOff(Outcome::Failed))));
    story.deadline(A);
    story.is_up(A);
    assert!(story.commands.contains(&Command::Phase(A, Phase::Starting, Phase::Up)));
}

#[test]
fn permanent_restarts_always_transient_after_failures_and_temporary_never() {
    for (when, returns, fails) in [
        (When::Permanent, "u0 restarts #1 in 1s", "u0 restarts #1 in 1s"),
        (When::Transient, "", "u0 restarts #1 in 1s"),
        (When::Temporary, "", ""),
    ] {
        let unit = UnitSpec { restart: restarts(when, 1), ..task() };
        let mut story = Story::up(Draft { stay_up: true, ..draft([unit], &[]) });
        assert_eq!(story.returns(A), returns);
        let mut story = Story::up(draft([unit], &[]));
        assert_eq!(story.fails(A).contains("restarts"), !fails.is_empty());
    }
}

#[test]
fn delays_double_up_to_the_longest_and_begin_again_after_a_healthy_while() {
    let mut story = Story::up(draft([transient(task(), 9)], &[]));
    let mut delays = Vec::new();
    for _ in 0..4 {
        story.fails(A);
        delays.push(story.limit(A).map(|until| (until - story.now) / SECOND));
        story.deadline(A);
        story.is_up(A);
    }
    assert_eq!(delays, [1, 2, 4, 4].map(Some));
    story.deadline(A);
    assert_eq!(story.limit(A), Some(60 * SECOND), "stable first, then as good as new");
    story.deadline(A);
    assert_eq!(story.fails(A), "u0 failed: Running Own Recovered, u0 restarts #1 in 1s");
}

#[test]
fn a_failure_at_the_very_end_of_a_healthy_while_is_one_after_it() {
    let mut story = Story::up(draft([transient(task(), 9)], &[]));
    story.fails(A);
    story.deadline(A);
    story.is_up(A);
    story.now = 60 * SECOND;
    assert!(story.fails(A).contains("restarts #1"), "the driver has not sent the deadlines yet");
}

#[test]
fn a_share_of_the_delay_is_random() {
    let half = restarts(When::Transient, 9).map(|policy| Restart { jitter: 1 << 15, ..policy });
    for (chance, delay) in [(0, SECOND), (1 << 15, SECOND * 3 / 4)] {
        let mut story = Story::up(draft([UnitSpec { restart: half, ..task() }], &[]));
        story.machine.set_chance(chance);
        story.fails(A);
        assert_eq!(story.limit(A), Some(delay));
    }
}

#[test]
fn more_restarts_than_the_intensity_within_the_period_escalate() {
    let mut story = Story::up(draft([transient(task(), 1), task()], &[]));
    story.fails(A);
    assert!(story.commands.contains(&Command::Forgive(Counted::Unit(A), 30 * SECOND)));
    story.deadline(A);
    story.is_up(A);
    story.send(Input::Forgive(Counted::Unit(A)));
    assert!(story.fails(A).contains("restarts #2"), "the first counts no longer");
    story.deadline(A);
    story.is_up(A);
    let escalated = "u0 failed: Running Own Full exhausted, stopping Failed(u0), stop u1";
    assert_eq!(story.fails(A), escalated);
    let permanent = UnitSpec { restart: at_once(When::Permanent, 0), ..task() };
    let mut story = Story::up(draft([permanent], &[]));
    assert_eq!(story.returns(A), "u0 failed: Running ReturnedTooOften Full, stopping Failed(u0), finish 1");
}

#[test]
fn too_many_restarts_of_a_unit_whose_failure_is_ignored_leave_the_app_up() {
    let unit = UnitSpec { ignores_failure: true, restart: at_once(When::Transient, 1), ..task() };
    let mut story = Story::up(Draft { stay_up: true, ..draft([unit], &[]) });
    assert_eq!(story.fails(A), "u0 failed: Running Own Recovered, u0 restarts #1 in 0s, spawn u0");
    assert_eq!(story.fails(A), "u0 failed: Startup Own Ignored exhausted");
}

#[test]
fn restarts_without_asking_count_as_well() {
    let mut story = Story::up(draft([UnitSpec { restart: at_once(When::Transient, 3), ..task() }], &[]));
    story.send(Input::RestartedInPlace(A, 0));
    story.send(Input::RestartedInPlace(A, 0));
    assert_eq!(story.machine.restarts(A), 0, "the hub counts these");
    assert!(!story.machine.is_degraded(), "it has returned and not failed");
    assert_eq!(story.fails(A), "u0 failed: Running Own Recovered, u0 restarts #3 in 0s, spawn u0");
    story.is_up(A);
    story.now = 15 * SECOND;
    story.send(Input::NotStable(A, 3 * SECOND));
    assert_eq!(story.limit(A), Some(13 * SECOND), "its recovery counts from its last failure");
    assert!(story.machine.is_degraded(), "it has failed");
    assert!(story.fails(A).contains("exhausted"));
}

#[test]
fn a_lost_resource_is_set_up_again_when_its_users_have_gone() {
    let mut story = Story::up(draft([transient(context(), 3), task(), task()], &[(B, A, Edge::Needs)]));
    let lost = "u0 failed: Running ResourceLost Recovered, u0 restarts #1 in 1s, part u0 Failed, with u1, stop u1";
    assert_eq!(story.breaks(A, Fault::ResourceLost), lost);
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Recovered", "its teardown");
    assert_eq!((story.seen(A), story.machine.next_start(A)), (Seen::BackingOff, (SECOND, 1)));
    assert_eq!(story.deadline(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
}

#[test]
fn a_user_that_fails_before_its_own_stop_waits_for_the_new_resource() {
    let plan = draft([context(), transient(task(), 3), task()], &[(B, A, Edge::Needs), (C, B, Edge::Needs)]);
    let mut story = Story::up(plan);
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, with u1, with u2, stop u2");
    let failed = "u1 failed: Shutdown Own Recovered, stop u0";
    assert_eq!(story.fails(B), failed, "it does not start with a context that is about to stop");
    assert_eq!(story.returns(C), "");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
}

#[test]
fn a_holder_of_live_is_not_restarted_with_its_context() {
    let mut story = Story::up(draft([transient(context(), 3), task()], &[(B, A, Edge::Live)]));
    let lost = "u0 failed: Running ResourceLost Recovered, u0 restarts #1 in 1s, stop u0";
    assert_eq!(story.breaks(A, Fault::ResourceLost), lost);
    assert_eq!(story.returns(A), "");
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered, stop u1");
}

#[test]
fn all_starts_of_a_startup_lie_within_its_limit() {
    let limited = |unit: UnitSpec| UnitSpec { startup_limit: 2 * SECOND, ..transient(unit, 9) };
    let mut story = Story::of(draft([limited(context())], &[]));
    story.launch();
    assert!(story.fails(A).contains("restarts #1 in 1s"));
    story.now = SECOND;
    story.deadline(A);
    assert_eq!(story.limit(A), Some(2 * SECOND), "counted from the first start");
    let too_late = "u0 failed: Startup Own Full, stopping Failed(u0), finish 3";
    assert_eq!(story.fails(A), too_late, "the next start would lie beyond");
    // A task that restarts alone uses the remaining time, and then has timed out.
    let mut story = Story::of(draft([limited(task())], &[]));
    story.launch();
    story.fails(A);
    story.now = SECOND;
    story.deadline(A);
    assert!(story.fails(A).contains("restarts #2 in 2s"));
    assert_eq!(story.limit(A), Some(2 * SECOND));
    story.now = 2 * SECOND;
    assert_eq!(
        story.deadline(A),
        "u0 failed: Startup TimedOut Full, stopping Failed(u0), u0 weighs Unrecovered, finish 3"
    );
    // Once the app was up, only the policy limits it.
    let mut story = Story::up(draft([limited(context())], &[]));
    for number in 1..5 {
        story.breaks(A, Fault::ResourceLost);
        story.returns(A);
        story.now += 4 * SECOND;
        assert_eq!(story.deadline(A), "spawn u0", "{number}");
        story.is_up(A);
    }
}

#[test]
fn a_group_stops_the_members_of_its_strategy_in_reverse_and_starts_them_in_order() {
    let failed = "u1 failed: Running Own Recovered, u1 restarts #1 in 0s";
    let units = || [task(), task(), task()];
    let mut story = Story::up(grouped(Strategy::OneForOne, 3, units()));
    assert_eq!(story.fails(B), format!("{failed}, spawn u1"));
    let mut story = Story::up(grouped(Strategy::RestForOne, 3, units()));
    assert_eq!(story.fails(B), format!("{failed}, part u1 Group, with u2, stop u2"));
    assert_eq!(story.returns(C), "spawn u1");
    assert_eq!(story.is_up(B), "spawn u2");
    let mut story = Story::up(grouped(Strategy::OneForAll, 3, units()));
    assert_eq!(story.fails(B), format!("{failed}, part u1 Group, with u0, with u2, stop u2"));
    assert_eq!(story.returns(C), "stop u0");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
    assert_eq!(story.is_up(B), "spawn u2");
}

#[test]
fn members_start_in_order_also_when_one_of_them_waits_for_its_delay() {
    for concurrent in [false, true] {
        let units = [task(), UnitSpec { restart: restarts(When::Transient, 3), ..task() }, task()];
        let mut story = Story::up(Draft { concurrent, ..grouped(Strategy::OneForAll, 3, units) });
        story.fails(B);
        story.returns(C);
        assert_eq!(story.returns(A), "spawn u0");
        assert_eq!(story.is_up(A), "", "the second waits, and the third for it");
        assert_eq!(story.deadline(B), if concurrent { "spawn u1, spawn u2" } else { "spawn u1" });
    }
}

#[test]
fn with_one_for_one_no_member_waits_for_the_delay_of_another() {
    let units = [UnitSpec { restart: restarts(When::Transient, 3), ..task() }, task()];
    let mut story = Story::up(grouped(Strategy::OneForOne, 3, units));
    story.fails(A);
    assert_eq!(story.restart(0, &[B]), "part u1 Asked, stop u1");
    assert_eq!(story.returns(B), "spawn u1");
}

#[test]
fn a_group_counts_the_restarts_of_all_its_members() {
    let mut story = Story::up(grouped(Strategy::OneForOne, 2, [task(), task(), task()]));
    for unit in [A, B] {
        assert!(story.fails(unit).contains("Recovered"));
        story.is_up(unit);
    }
    assert!(story.fails(C).starts_with("u2 failed: Running Own Full exhausted, stopping Failed(u2)"));
}

#[test]
fn contexts_and_tasks_of_a_group_stop_in_reverse_whatever_they_are() {
    let returns = UnitSpec { restart: at_once(When::Permanent, 3), ..task() };
    let mut story = Story::up(grouped(Strategy::OneForAll, 3, [task(), context(), returns]));
    let returned = "u2 restarts #1 in 0s, part u2 Group, with u0, with u1, stop u1";
    assert_eq!(story.returns(C), returned);
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "spawn u0");
}

#[test]
fn a_task_that_was_up_before_is_up_again_when_it_notifies() {
    let notifies = UnitSpec { up_when: UpWhen::Notified, ..transient(task(), 3) };
    let mut story = Story::up(draft([notifies], &[]));
    story.fails(A);
    story.deadline(A);
    let is_spawn =
        |command: &Command| matches!(command, Command::Spawn { unit: A, up_when: UpWhen::Notified, generation: 1, .. });
    assert!(story.commands.iter().any(is_spawn));
    assert_eq!(story.seen(A), Seen::Starting);
    assert_eq!(story.returns(A), "stopping AllFinished, finish 0", "it may return without a word");
}

#[test]
fn a_stop_that_comes_before_the_next_start_keeps_the_failure() {
    let mut story = Story::up(draft([transient(task(), 3)], &[]));
    story.fails(A);
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered, finish 0");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
}

#[test]
fn a_teardown_that_took_too_long_counts_when_the_stop_comes_before_the_next_start() {
    let mut story = Story::up(draft([transient(context(), 3), task()], &[]));
    story.breaks(A, Fault::ResourceLost);
    assert_eq!(story.deadline(A), "u0 failed: Shutdown TimedOut Recovered, drop u0");
    story.is_dropped(A);
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Full, stop u1");
    assert_eq!(story.returns(B), "finish 4");
}

#[test]
fn no_restart_is_reported_that_does_not_follow() {
    let mut story = Story::up(draft([transient(task(), 3), task()], &[(B, A, Edge::Needs)]));
    story.send(Input::Shutdown(75));
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Absorbed");
    assert_eq!(story.returns(B), "finish 75");
}

#[test]
fn a_delay_is_not_cut_short_by_a_startup_that_begins_again_with_its_part() {
    let seeds = UnitSpec { startup_limit: 2 * SECOND, ..transient(once(), 5) };
    let mut story = Story::of(draft([transient(context(), 5), seeds], &[(B, A, Edge::Needs)]));
    story.launch();
    story.is_up(A);
    assert_eq!(story.fails(B), "u1 failed: Startup Own Recovered, u1 restarts #1 in 1s");
    story.now = SECOND;
    assert_eq!(story.deadline(B), "spawn u1");
    assert_eq!(story.fails(B), "u1 failed: Startup Own Recovered, u1 restarts #2 in 2s");
    assert_eq!(story.limit(B), Some(2 * SECOND), "then it has failed");
    let failed = "u0 failed: Running Own Recovered, u0 restarts #1 in 1s, part u0 Failed, with u1";
    assert_eq!(story.fails(A), failed, "it is not to blame");
    assert_eq!((story.limit(B), story.machine.next_start(B)), (Some(3 * SECOND), (3 * SECOND, 2)));
    story.now = 2 * SECOND;
    assert_eq!(story.deadline(A), "spawn u0");
    story.is_up(A);
    story.now = 3 * SECOND;
    assert_eq!(story.deadline(B), "spawn u1");
}

#[test]
fn a_delay_of_an_earlier_incarnation_is_not_used_again() {
    let worker = |runs| UnitSpec { runs, ..transient(task(), 5) };
    let plan = |runs| {
        let edges: &[_] = if runs { &[(B, A, Edge::Needs)] } else { &[] };
        Draft { stay_up: true, ..draft([context(), worker(runs)], edges) }
    };
    let mut story = Story::up(plan(true));
    assert_eq!(story.breaks(B, Fault::Own), "u1 failed: Running Own Recovered, u1 restarts #1 in 1s, stop u1");
    assert_eq!(story.replace(0, plan(false), &[]), "", "it is not to start again");
    assert_eq!(story.returns(B), "plan in place, call 0 done");
    assert_eq!(story.replace(1, plan(true), &[]), "plan in place, spawn u1");
    assert_eq!(story.is_up(B), "call 1 done");
    assert_eq!(story.restart(2, &[A]), "part u0 Asked, with u1, stop u1");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1", "at once");
}

#[test]
fn a_failure_whose_restart_the_limit_of_the_startup_forbids_was_not_recovered_from() {
    let seeds = UnitSpec { startup_limit: SECOND, ignores_failure: true, ..transient(once(), 5) };
    let mut story = Story::of(draft([seeds, task()], &[]));
    story.launch();
    assert_eq!(story.fails(A), "u0 failed: Startup Own Recovered, u0 restarts #1 in 1s");
    assert_eq!(story.deadline(A), "u0 failed: Startup TimedOut Ignored, spawn u1");
    story.is_up(B);
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered, stop u1");
}

/// Returns a draft of one task that restarts, with this time up after which it has recovered.
fn stable_after(seconds: Nanos) -> Draft {
    draft([UnitSpec { restart: restarts(When::Transient, 9), stable_after: seconds * SECOND, ..task() }], &[])
}

#[test]
fn a_recovery_counts_by_the_plan_in_place() {
    let mut story = Story::up(stable_after(10));
    story.fails(A);
    story.now = SECOND;
    story.deadline(A);
    story.is_up(A);
    assert_eq!(story.limit(A), Some(11 * SECOND));
    story.now = 5 * SECOND;
    story.replace(1, stable_after(20), &[]);
    assert_eq!(story.limit(A), Some(21 * SECOND), "a later end");
    story.replace(2, stable_after(2), &[]);
    assert_eq!(story.limit(A), Some(3 * SECOND), "an end that has passed");
    story.deadline(A);
    assert!(!story.machine.is_recovering(A));
    assert_eq!(story.limit(A), Some(61 * SECOND), "the first delay again: counted from the moment at which it was up");
}
