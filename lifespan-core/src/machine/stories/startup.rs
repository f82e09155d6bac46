//! The startup: order, readiness, limits, rollback.

use super::*;
use crate::machine::plan::UpWhen;

fn notifies_ready() -> UnitSpec {
    UnitSpec { up_when: UpWhen::Notified, ..task() }
}

#[test]
fn in_order_each_unit_starts_when_the_one_before_is_up() {
    let mut story = Story::of(draft([context(), task(), once()], &[]));
    assert_eq!(story.launch(), "spawn u0");
    assert_eq!(story.seen(B), Seen::Waiting);
    assert_eq!(story.is_up(A), "spawn u1");
    assert_eq!(story.is_up(B), "spawn u2");
    assert_eq!(story.returns(C), "app up");
    assert_eq!((story.seen(A), story.seen(B)), (Seen::Up, Seen::Up));
}

#[test]
fn concurrently_each_unit_starts_when_what_it_depends_on_is_up() {
    let edges = [(B, A, Edge::Needs), (C, A, Edge::Live)];
    let mut story = Story::of(Draft { concurrent: true, ..draft([context(), task(), task(), task()], &edges) });
    assert_eq!(story.launch(), "spawn u0, spawn u3");
    assert_eq!(story.is_up(D), "");
    assert_eq!(story.is_up(A), "spawn u2, spawn u1");
    story.is_up(B);
    assert_eq!(story.is_up(C), "app up");
}

#[test]
fn a_barrier_stands_for_all_its_members() {
    let mut plan = draft([task(), task(), task()], &[]);
    plan.barriers = 1;
    plan.concurrent = true;
    plan.edges = vec![(3, 0, Edge::Needs), (3, 1, Edge::Needs), (2, 3, Edge::Needs)];
    let mut story = Story::of(plan);
    assert_eq!(story.launch(), "spawn u0, spawn u1");
    assert_eq!(story.is_up(A), "");
    assert_eq!(story.is_up(B), "spawn u2");
    assert_eq!(story.is_up(C), "app up");
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, with u2, stop u2");
    assert_eq!(story.returns(C), "stop u0");
}

#[test]
fn a_task_with_a_ready_is_up_when_it_notifies_and_extend_moves_its_limit() {
    let mut story = Story::of(draft([notifies_ready(), task()], &[]));
    assert_eq!(story.launch(), "spawn u0");
    assert_eq!(story.limit(A), Some(60 * SECOND));
    story.now = 50 * SECOND;
    story.send(Input::Extend(A, 90 * SECOND));
    assert_eq!(story.limit(A), Some(90 * SECOND));
    assert_eq!(story.is_up(A), "spawn u1");
}

#[test]
fn a_task_that_never_notifies_has_failed() {
    let never = "u0 failed: Startup NeverReady Full, stopping Failed(u0)";
    let mut story = Story::of(draft([notifies_ready()], &[]));
    story.launch();
    assert_eq!(story.returns(A), format!("{never}, finish 3"));
    let mut story = Story::of(draft([notifies_ready()], &[]));
    story.launch();
    assert_eq!(story.breaks(A, Fault::NeverReady), format!("{never}, drop u0"));
    assert_eq!(story.is_dropped(A), "finish 3");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
}

#[test]
fn a_setup_that_takes_too_long_is_dropped_and_what_had_started_is_rolled_back() {
    let mut story = Story::of(draft([context(), context(), task()], &[]));
    story.launch();
    story.is_up(A);
    story.now = 60 * SECOND;
    assert_eq!(story.deadline(B), "drop setup u1");
    assert_eq!(story.is_dropped(B), "u1 failed: Startup TimedOut Full, stopping Failed(u1), stop u0");
    assert_eq!(story.returns(A), "finish 3");
    assert_eq!(
        [A, B, C].map(|unit| story.seen(unit)),
        [Seen::Ended(Outcome::Stopped), Seen::Ended(Outcome::TimedOut), Seen::Waiting]
    );
}

#[test]
fn a_setup_that_provides_just_before_it_is_dropped_is_up() {
    let mut story = Story::of(draft([context(), task()], &[]));
    story.launch();
    assert_eq!(story.deadline(A), "drop setup u0");
    assert_eq!(story.is_up(A), "spawn u1");
    let mut story = Story::of(draft([context(), task()], &[]));
    story.launch();
    assert_eq!(story.shutdown(), "stopping Requested, drop setup u0");
    assert_eq!(story.is_up(A), "stop u0", "it has something to tear down");
    assert_eq!(story.returns(A), "finish 0");
}

#[test]
fn a_setup_that_neither_provides_nor_yields_is_given_up() {
    let mut story = Story::of(draft([context(), task()], &[]));
    story.launch();
    story.deadline(A);
    let timed_out =
        "u0 failed: Startup TimedOut Full, stopping Failed(u0), u0 failed: Startup NotYielding Full explains";
    assert_eq!(story.deadline(A), format!("{timed_out}, finish 3"), "the first cause decides");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::NotYielding));
}

#[test]
fn a_failed_startup_is_rolled_back_in_reverse() {
    let mut story = Story::of(draft([context(), task(), context(), task()], &[]));
    story.launch();
    story.is_up(A);
    story.is_up(B);
    story.is_up(C);
    assert_eq!(story.fails(D), "u3 failed: Startup Own Full, stopping Failed(u3), stop u1");
    assert_eq!(story.returns(B), "stop u2");
    assert_eq!(story.returns(C), "stop u0");
    assert_eq!(story.returns(A), "finish 3");
}

#[test]
fn a_shutdown_before_the_launch_starts_nothing() {
    let mut story = Story::of(draft([task()], &[]));
    assert_eq!(story.shutdown(), "stopping Requested, finish 0");
    assert_eq!(story.launch(), "");
}

#[test]
fn a_startup_waits_for_what_is_restarted() {
    let contexts =
        [context(), context(), task()].map(|unit| UnitSpec { restart: restarts(When::Transient, 3), ..unit });
    let mut story = Story::of(draft(contexts, &[]));
    story.launch();
    story.is_up(A);
    story.breaks(A, Fault::ResourceLost);
    assert_eq!(story.is_up(B), "", "the startup waits for the first");
    story.returns(A);
    assert_eq!(story.deadline(A), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u2");
    assert_eq!(story.is_up(C), "app up");
}

#[test]
fn a_lone_task_that_was_up_holds_up_no_startup_while_it_restarts() {
    let beats = UnitSpec { restart: restarts(When::Permanent, 9), ..task() };
    let mut story = Story::of(draft([beats, task()], &[]));
    story.launch();
    assert_eq!(story.returns(A), "u0 restarts #1 in 1s, spawn u1");
    assert_eq!(story.is_up(B), "app up");
}

#[test]
fn concurrently_first_and_last_order_the_first_start_and_no_restart() {
    let mut plan = draft([task(), task()], &[(B, A, Edge::Order)]);
    plan.concurrent = true;
    let mut story = Story::of(plan);
    assert_eq!(story.launch(), "spawn u0");
    assert_eq!(story.is_up(A), "spawn u1");
    story.is_up(B);
    assert_eq!(
        story.restart(0, &[A, B]),
        "part u0 Asked, with u1, stop u1",
        "units that stop with their part stop in order as well"
    );
    assert_eq!(story.returns(B), "spawn u1, stop u0");
}

#[test]
fn a_task_past_its_startup_limit_has_failed_however_it_goes() {
    let slow = UnitSpec { up_when: UpWhen::Notified, blocking: true, ..task() };
    let mut story = Story::of(draft([slow], &[]));
    story.launch();
    let failed = "u0 failed: Startup TimedOut Full, stopping Failed(u0), drop u0";
    assert_eq!(story.deadline(A), failed);
    assert_eq!(story.limit(A), Some(10 * SECOND), "a thread has its grace");
    assert_eq!(story.returns(A), "finish 3");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::TimedOut));
}
