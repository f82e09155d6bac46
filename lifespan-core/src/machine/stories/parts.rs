//! Restart of a part by hand, and a new plan.

use super::*;

/// A context, its user, and a task beside them.
fn linked() -> Draft {
    draft([context(), task(), task()], &[(B, A, Edge::Needs)])
}

#[test]
fn a_restart_stops_what_depends_on_a_unit_in_reverse_and_starts_it_in_order() {
    let mut story = Story::up(linked());
    assert_eq!(story.machine.part_of(&[A]), [A, B]);
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, with u1, stop u1");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
    assert_eq!(story.is_up(B), "call 0 done");
    assert_eq!(story.machine.restarts(C), 0);
}

#[test]
fn requests_are_merged_and_each_caller_has_an_answer() {
    let mut story = Story::up(linked());
    story.restart(0, &[A]);
    assert_eq!(story.restart(1, &[B]), "part u1 Asked");
    story.returns(B);
    story.returns(A);
    story.is_up(A);
    assert_eq!(story.is_up(B), "call 0 done, call 1 done");
}

#[test]
fn a_shutdown_in_the_middle_wins() {
    let mut story = Story::up(linked());
    story.restart(0, &[A]);
    assert_eq!(story.shutdown(), "stopping Requested, stop u2, call 0 GoingDown");
    story.returns(C);
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "finish 0");
    let mut story = Story::up(linked());
    story.shutdown();
    assert_eq!(story.restart(0, &[A]), "call 0 GoingDown");
}

#[test]
fn a_failure_of_a_setup_that_provides_while_it_is_dropped_is_weighed_when_the_stop_comes_before_its_restart() {
    let mut story = Story::of(draft([context()], &[]));
    story.launch();
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, drop setup u0");
    assert_eq!(story.breaks(A, Fault::Own), "u0 failed: Startup Own Recovered");
    assert_eq!(story.is_up(A), "stop u0");
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered, call 0 GoingDown");
    assert_eq!(story.returns(A), "finish 0");
}

#[test]
fn a_unit_that_is_named_waits_for_no_delay() {
    let mut story = Story::up(draft([UnitSpec { restart: restarts(When::Transient, 1), ..task() }], &[]));
    story.fails(A);
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, spawn u0");
    assert_eq!(story.is_up(A), "call 0 done");
}

#[test]
fn a_lone_task_that_is_named_while_it_waits_for_its_resource_is_answered_when_it_has_started() {
    let lone = UnitSpec { restart: restarts(When::Transient, 1), ..task() };
    let mut story = Story::up(draft([context(), lone], &[(B, A, Edge::Needs)]));
    story.fails(B);
    story.restart(0, &[A]);
    story.deadline(B);
    assert_eq!(story.restart(1, &[B]), "part u1 Asked");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1, call 0 done");
    assert_eq!(story.is_up(B), "call 1 done");
}

#[test]
fn a_failure_while_a_part_stops_does_not_prevent_its_restart() {
    let mut story = Story::up(linked());
    story.restart(0, &[A]);
    assert_eq!(story.deadline(B), "u1 failed: Shutdown TimedOut Recovered, drop u1");
    assert_eq!(story.is_dropped(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Recovered, spawn u0");
}

#[test]
fn a_unit_that_does_not_come_up_again_has_failed_and_that_is_no_failed_startup() {
    let mut story = Story::up(linked());
    story.restart(0, &[A]);
    story.returns(B);
    story.returns(A);
    let failed = "u0 failed: Startup Own Full, stopping Failed(u0), stop u2, call 0 GoingDown";
    assert_eq!(story.fails(A), failed);
    assert_eq!(story.returns(C), "finish 1");
}

#[test]
fn a_finished_step_runs_again_only_if_it_is_named_or_its_value_is_in_use() {
    let plan = draft([context(), once(), once(), task()], &[(B, A, Edge::Needs), (C, A, Edge::Needs)]);
    let mut story = Story::of(plan);
    story.launch();
    story.is_up(A);
    story.returns(B);
    story.returns_a_value(C);
    story.is_up(D);
    assert_eq!(story.machine.part_of(&[A]), [A, C]);
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, with u2, release u2");
    assert_eq!(story.is_dropped(C), "stop u0");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u2");
    assert_eq!(story.returns_a_value(C), "call 0 done");
    assert_eq!(story.restart(1, &[B]), "part u1 Asked, spawn u1");
}

#[test]
fn what_can_not_be_stopped_is_not_started_beside_itself() {
    let deaf = UnitSpec { ignores_failure: true, ..task() };
    let mut story = Story::up(draft([deaf, task()], &[]));
    story.restart(0, &[A]);
    story.deadline(A);
    let stuck = "u0 failed: Shutdown NotYielding Full explains";
    let stops = "stopping Failed(u0), u0 weighs Ignored, stop u1, call 0 GoingDown";
    assert_eq!(story.deadline(A), format!("{stuck}, {stops}"));
    assert_eq!(story.returns(B), "finish 4");
}

#[test]
fn a_unit_that_was_given_up_is_refused_until_it_yields() {
    let deaf = UnitSpec { ignores_failure: true, startup_limit: SECOND, ..task() };
    let mut story = Story::of(draft([deaf, task()], &[(B, A, Edge::Needs)]));
    story.launch();
    story.deadline(A);
    assert!(story.deadline(A).ends_with("spawn u1"), "it holds up no startup");
    story.is_up(B);
    assert_eq!(story.restart(0, &[A]), "call 0 Stuck(u0)");
    story.returns(A);
    assert_eq!(story.seen(A), Seen::Ended(Outcome::TimedOut));
    assert_eq!(story.restart(1, &[A]), "part u0 Asked, with u1, stop u1");
    assert_eq!(story.returns(B), "spawn u0");
}

#[test]
fn in_a_part_contexts_are_torn_down_one_at_a_time_also_when_it_grows() {
    let mut story = Story::up(draft([context(), context()], &[]));
    assert_eq!(story.restart(0, &[B]), "part u1 Asked, stop u1");
    assert_eq!(story.restart(1, &[A]), "part u0 Asked");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "spawn u0", "the first of the start order first");
    assert_eq!(story.is_up(A), "spawn u1, call 1 done");
    assert_eq!(story.is_up(B), "call 0 done");
}

#[test]
fn in_order_units_of_a_part_start_one_at_a_time_in_the_start_order() {
    let mut story = Story::up(draft([task(), task(), task()], &[]));
    story.restart(0, &[C, A, B]);
    story.returns(C);
    assert_eq!(story.returns(B), "");
    assert_eq!(story.returns(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
    assert_eq!(story.is_up(B), "spawn u2");
    assert_eq!(story.is_up(C), "call 0 done");
}

#[test]
fn a_new_plan_comes_when_all_has_stopped_that_it_stops() {
    let mut story = Story::up(linked());
    let mut next = linked();
    next.specs.push(task());
    next.specs[C.at()].runs = false;
    next.units.push(3);
    next.order.push(D);
    assert_eq!(story.replace(0, next, &[A]), "part u0 Reload, with u1, stop u2, stop u1");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "", "nothing starts before the plan has come");
    assert_eq!(story.returns(C), "plan in place, spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
    assert_eq!(story.is_up(B), "spawn u3");
    assert_eq!(story.is_up(D), "call 0 done");
    assert_eq!(story.seen(C), Seen::Ended(Outcome::Stopped));
}

#[test]
fn what_only_waits_out_a_delay_keeps_no_new_plan_waiting() {
    let frail = UnitSpec { restart: restarts(When::Transient, 3), ..task() };
    let mut story = Story::up(draft([frail, task()], &[]));
    story.replace(0, draft([frail, task()], &[]), &[A]);
    assert_eq!(story.returns(A), "plan in place, spawn u0");
    let failed = "u0 failed: Startup Own Recovered, u0 restarts #1 in 1s, call 0 done";
    assert_eq!(story.fails(A), failed);
    // A unit that failed with the old arguments does not wait.
    let changed = "part u0 Reload, plan in place, spawn u0";
    assert_eq!(story.replace(1, draft([frail, task()], &[]), &[A]), changed);
}

#[test]
fn a_task_that_has_returned_is_not_started_for_a_new_plan() {
    let mut story = Story::up(draft([task(), task()], &[]));
    story.returns(A);
    assert_eq!(story.replace(0, draft([task(), task()], &[]), &[A]), "plan in place, call 0 done");
}

#[test]
fn one_plan_comes_at_a_time_and_none_while_the_app_comes_up_or_goes_down() {
    let mut story = Story::of(linked());
    story.launch();
    assert_eq!(story.replace(0, linked(), &[]), "call 0 NotNow");
    let mut story = Story::up(linked());
    story.replace(0, linked(), &[A]);
    assert_eq!(story.replace(1, linked(), &[]), "call 1 NotNow");
    assert!(story.shutdown().starts_with("stopping Requested, call 0 GoingDown"));
    assert_eq!(story.replace(2, linked(), &[]), "call 2 GoingDown");
}

#[test]
fn an_earlier_generation_differs_from_the_present_one() {
    let mut story = Story::up(linked());
    assert_eq!(story.machine.generation(B), 0);
    story.restart(0, &[B]);
    assert_eq!(story.machine.generation(B), 0, "until it starts");
    story.returns(B);
    assert_eq!(story.machine.generation(B), 1);
}

#[test]
fn a_late_error_of_a_unit_that_was_given_up_is_kept() {
    let deaf = UnitSpec { ignores_failure: true, startup_limit: SECOND, ..task() };
    let mut story = Story::of(draft([deaf, task()], &[]));
    story.launch();
    story.deadline(A);
    story.deadline(A);
    story.is_up(B);
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Ignored");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::TimedOut));
}
