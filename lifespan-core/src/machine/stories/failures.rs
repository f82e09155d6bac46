//! Failures and ends: those that stop the app, those that do not, and the exit code.

use super::*;
use crate::machine::plan::{OnShutdown, UpWhen};

fn ignored(unit: UnitSpec) -> UnitSpec {
    UnitSpec { ignores_failure: true, ..unit }
}

#[test]
fn a_failure_stops_the_app_in_reverse() {
    let mut story = Story::up(draft([context(), task(), task()], &[(B, A, Edge::Needs)]));
    assert_eq!(story.fails(C), "u2 failed: Running Own Full, stopping Failed(u2), stop u1");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "finish 1");
}

#[test]
fn a_task_that_has_failed_and_returns_before_it_is_asked_to_stop_has_failed() {
    let mut story = Story::up(draft([task(), task()], &[(B, A, Edge::Live)]));
    assert_eq!(story.breaks(A, Fault::Own), "u0 failed: Running Own Full, stopping Failed(u0), stop u1");
    assert_eq!(story.returns(A), "");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
    assert_eq!(story.returns(B), "finish 1");
}

#[test]
fn an_ignored_failure_leaves_the_app_up() {
    let mut story = Story::up(draft([ignored(task()), task()], &[]));
    assert_eq!(story.fails(A), "u0 failed: Running Own Ignored");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
    story.shutdown();
    assert_eq!(story.returns(B), "finish 0");
}

#[test]
fn an_ignored_setup_that_fails_leaves_its_users_without() {
    for concurrent in [false, true] {
        let plan = draft([ignored(context()), task()], &[(B, A, Edge::Needs)]);
        let mut story = Story::of(Draft { concurrent, ..plan });
        story.launch();
        assert_eq!(story.fails(A), "u0 failed: Startup Own Ignored, spawn u1");
    }
}

#[test]
fn an_ignored_context_that_is_lost_is_torn_down_after_its_users_which_start_again_without() {
    let mut story = Story::up(draft([ignored(context()), task()], &[(B, A, Edge::Needs)]));
    let lost = "u0 failed: Running ResourceLost Ignored, part u0 Failed, with u1, stop u1";
    assert_eq!(story.breaks(A, Fault::ResourceLost), lost);
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "spawn u1");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Stopped));
    story.is_up(B);
    // A caller may request its restart.
    assert_eq!(story.restart(0, &[A]), "part u0 Asked, with u1, stop u1");
    assert_eq!(story.returns(B), "spawn u0");
}

#[test]
fn a_child_fails_and_its_unit_is_asked_to_stop_at_once() {
    let mut story = Story::up(draft([ignored(task()), task()], &[(B, A, Edge::Needs)]));
    assert_eq!(story.breaks(A, Fault::Own), "u0 failed: Running Own Ignored, stop u0", "others go on");
    assert_eq!(story.returns(A), "");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
    let mut story = Story::up(draft([task(), task()], &[(B, A, Edge::Needs)]));
    let failed = "u0 failed: Running Own Full, stopping Failed(u0), stop u1";
    assert_eq!(story.breaks(A, Fault::Own), failed, "the app stops in order");
    story.returns(B);
    assert_eq!(story.returns(A), "finish 1");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
}

#[test]
fn a_task_that_is_dropped_at_shutdown_is_dropped_when_a_child_fails() {
    let dropped = UnitSpec { on_shutdown: OnShutdown::Drop, ..ignored(task()) };
    let mut story = Story::up(Draft { stay_up: true, ..draft([dropped], &[]) });
    assert_eq!(story.breaks(A, Fault::Own), "u0 failed: Running Own Ignored, drop u0");
    assert_eq!(story.is_dropped(A), "");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
}

#[test]
fn a_context_whose_child_fails_is_torn_down_after_its_users() {
    let frail = UnitSpec { restart: restarts(When::Transient, 1), ..context() };
    let mut story = Story::up(draft([frail, task()], &[(B, A, Edge::Needs)]));
    let failed = "u0 failed: Running Own Recovered, u0 restarts #1 in 1s, part u0 Failed, with u1, stop u1";
    assert_eq!(story.breaks(A, Fault::Own), failed);
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.returns(A), "");
    assert_eq!(story.deadline(A), "spawn u0");
}

#[test]
fn a_context_that_ends_while_it_is_needed_has_failed() {
    let mut story = Story::up(draft([context(), task()], &[(B, A, Edge::Needs)]));
    assert_eq!(story.returns(A), "u0 failed: Running GaveUp Full, stopping Failed(u0), stop u1");
    assert_eq!(story.returns(B), "finish 1");
    let mut story = Story::of(draft([context()], &[]));
    story.launch();
    assert_eq!(story.returns(A), "u0 failed: Startup NothingProvided Full, stopping Failed(u0), finish 3");
}

#[test]
fn the_app_stops_when_all_has_returned_that_keeps_it_up() {
    let background = UnitSpec { background: true, ..task() };
    let mut story = Story::up(draft([context(), task(), background], &[]));
    assert_eq!(story.returns(B), "stopping AllFinished, stop u2");
    story.returns(C);
    assert_eq!(story.returns(A), "finish 0");
    let mut story = Story::up(Draft { stay_up: true, ..draft([task()], &[]) });
    assert_eq!(story.returns(A), "");
    let mut story = Story::up(draft([context(), background], &[]));
    assert_eq!(story.returns(B), "", "an app of contexts waits");
}

#[test]
fn a_task_that_waits_for_its_next_start_keeps_the_app_up() {
    let mut story = Story::up(draft([UnitSpec { restart: restarts(When::Transient, 1), ..task() }], &[]));
    assert_eq!(story.fails(A), "u0 failed: Running Own Recovered, u0 restarts #1 in 1s");
    assert_eq!(story.deadline(A), "spawn u0");
}

#[test]
fn a_return_may_stop_the_app() {
    let mut story = Story::up(draft([task(), UnitSpec { return_stops_app: true, ..task() }], &[]));
    assert_eq!(story.returns(B), "stopping Returned(u1), stop u0");
}

#[test]
fn a_failure_of_a_batch_is_1_at_any_time_and_of_a_service_3_before_it_was_up() {
    let background = UnitSpec { background: true, ..task() };
    let mut story = Story::of(draft([context(), once(), background], &[]));
    story.launch();
    story.is_up(A);
    assert_eq!(story.fails(B), "u1 failed: Startup Own Full, stopping Failed(u1), stop u0");
    assert_eq!(story.returns(A), "finish 1");
    let mut story = Story::of(draft([once(), task()], &[]));
    story.launch();
    assert_eq!(story.fails(A), "u0 failed: Startup Own Full, stopping Failed(u0), finish 3");
}

#[test]
fn the_first_cause_decides_the_exit_code() {
    let mut story = Story::up(draft([context(), task()], &[]));
    assert_eq!(story.send(Input::Shutdown(75)), "stopping Requested, stop u1");
    assert_eq!(story.fails(B), "u1 failed: Shutdown Own Full, stop u0", "it is kept, and the code stays");
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Full, finish 75");
    let mut story = Story::up(draft([context()], &[]));
    story.shutdown();
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Full, finish 4", "a teardown is missing");
    let mut story = Story::up(draft([task()], &[]));
    story.shutdown();
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Full, finish 1");
}

#[test]
fn a_failure_that_the_policy_would_have_absorbed_does_not_change_the_exit_code_of_a_stop() {
    let restarting = UnitSpec { restart: restarts(When::Transient, 1), ..task() };
    let mut story = Story::up(draft([restarting], &[]));
    assert_eq!(story.shutdown(), "stopping Requested, stop u0");
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Absorbed, finish 0");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Failed));
    // The restart policy does not cover a teardown that fails.
    let mut story = Story::up(draft([UnitSpec { restart: restarts(When::Transient, 1), ..context() }], &[]));
    story.shutdown();
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Full, finish 4");
}

#[test]
fn a_loss_after_the_request_for_shutdown_is_no_failure() {
    let mut story = Story::up(draft([context(), task()], &[]));
    assert_eq!(story.shutdown(), "stopping Requested, stop u1");
    assert_eq!(story.breaks(A, Fault::ResourceLost), "");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Absorbed, finish 0", "what it makes of the loss is kept");
}

#[test]
fn a_dropped_runtime_leaves_an_incomplete_stop() {
    let mut story = Story::up(draft([task()], &[]));
    assert_eq!(story.is_dropped(A), "u0 failed: Running CutOff Full, stopping Failed(u0), finish 4");
}

#[test]
fn a_value_is_released_after_its_last_user_and_its_destructor_may_fail() {
    let mut story = Story::of(draft([context(), once(), task()], &[(B, A, Edge::Needs), (C, B, Edge::Needs)]));
    story.launch();
    story.is_up(A);
    assert_eq!(story.returns_a_value(B), "spawn u2");
    assert_eq!(story.seen(B), Seen::Ended(Outcome::Returned));
    assert_eq!(story.is_up(C), "app up");
    assert_eq!(story.shutdown(), "stopping Requested, stop u2");
    assert_eq!(story.returns(C), "release u1");
    assert_eq!(story.fails(B), "u1 failed: Shutdown Own Full, stop u0");
    assert_eq!(story.returns(A), "finish 1");
}

#[test]
fn a_context_that_has_returned_its_resource_is_up_without_a_future() {
    let mut story = Story::of(draft([context(), task()], &[(B, A, Edge::Needs)]));
    story.launch();
    assert_eq!(story.returns_a_value(A), "spawn u1");
    assert_eq!(story.seen(A), Seen::Up);
    story.is_up(B);
    story.shutdown();
    assert_eq!(story.returns(B), "release u0");
    assert_eq!(story.seen(A), Seen::Stopping);
    assert_eq!(story.is_dropped(A), "finish 0");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Stopped));
}

#[test]
fn readiness_follows_what_a_server_needs_and_degraded_the_rest() {
    let restarting = UnitSpec { restart: restarts(When::Transient, 3), ..task() };
    let server = UnitSpec { server: true, ..task() };
    let mut story = Story::up(draft([restarting, restarting, server], &[(C, A, Edge::Live)]));
    assert!(story.machine.is_ready() && !story.machine.is_degraded());
    story.fails(B);
    assert!(story.machine.is_ready() && story.machine.is_degraded(), "it waits for its next start");
    assert_eq!((story.seen(B), story.machine.next_start(B)), (Seen::BackingOff, (SECOND, 1)));
    story.now = SECOND;
    story.deadline(B);
    assert!(story.machine.is_degraded(), "an attempt that hangs is not healthy");
    story.is_up(B);
    assert!(story.machine.is_degraded(), "it has to stay up");
    assert_eq!(story.limit(B), Some(11 * SECOND));
    story.deadline(B);
    assert!(!story.machine.is_degraded());
    story.fails(A);
    assert!(!story.machine.is_ready(), "the server needs it");
    story.deadline(A);
    story.is_up(A);
    assert!(!story.machine.is_ready());
    story.deadline(A);
    assert!(story.machine.is_ready());
    story.shutdown();
    assert!(!story.machine.is_ready() && !story.machine.is_degraded());
}

#[test]
fn a_unit_has_recovered_when_it_notifies() {
    let notifies =
        UnitSpec { up_when: UpWhen::Notified, required: true, restart: restarts(When::Transient, 3), ..task() };
    let mut story = Story::up(draft([notifies], &[]));
    story.fails(A);
    story.deadline(A);
    assert!(!story.machine.is_ready(), "it is being started");
    story.is_up(A);
    assert!(story.machine.is_ready(), "it has notified");
}

#[test]
fn a_unit_that_has_failed_and_does_not_restart_is_not_ready() {
    for lost in [false, true] {
        let pool = UnitSpec { restart: at_once(When::Transient, 0), ..ignored(context()) };
        let server = UnitSpec { server: true, ..task() };
        let mut story = Story::up(draft([pool, ignored(task()), server], &[(C, A, Edge::Live)]));
        assert!(story.machine.is_ready() && !story.machine.is_degraded());
        story.fails(B);
        assert!(story.machine.is_ready() && story.machine.is_degraded(), "the worker is down");
        if lost {
            story.breaks(A, Fault::ResourceLost);
            story.returns(A);
            assert_eq!(story.seen(A), Seen::Ended(Outcome::Stopped));
        } else {
            story.fails(A);
        }
        assert!(!story.machine.is_ready(), "the server has no pool");
        story.restart(0, &[A]);
        story.is_up(A);
        assert!(story.machine.is_ready());
    }
}

#[test]
fn a_setup_that_fails_as_the_app_stops_is_no_teardown() {
    let mut story = Story::of(draft([context()], &[]));
    story.launch();
    assert_eq!(story.shutdown(), "stopping Requested, drop setup u0");
    assert_eq!(story.fails(A), "u0 failed: Startup Own Full, finish 3");
    let patient = UnitSpec { restart: restarts(When::Transient, 3), ..context() };
    let mut story = Story::of(draft([patient], &[]));
    story.launch();
    story.shutdown();
    assert_eq!(story.fails(A), "u0 failed: Startup Own Absorbed, finish 0");
}

#[test]
fn a_unit_whose_failure_is_ignored_must_still_stop_completely() {
    let mut story = Story::up(draft([ignored(context()), ignored(task())], &[]));
    story.shutdown();
    assert_eq!(story.deadline(B), "u1 failed: Shutdown TimedOut Full, drop u1");
    story.is_dropped(B);
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Full, finish 4");
    let mut story = Story::up(draft([ignored(task())], &[]));
    story.shutdown();
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Ignored, finish 0");
}

#[test]
fn a_lost_resource_is_reported_with_the_error_that_its_context_returns() {
    let mut story = Story::up(draft([context(), task()], &[(B, A, Edge::Needs)]));
    assert_eq!(story.breaks_unexplained(A, Fault::ResourceLost), "stopping Failed(u0), stop u1", "decided at once");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Running Own Full, finish 1");
    // It returns no error.
    let mut story = Story::up(draft([context()], &[]));
    assert_eq!(story.breaks_unexplained(A, Fault::GaveUp), "stopping Failed(u0), stop u0");
    assert_eq!(story.returns(A), "u0 failed: Running GaveUp Full, finish 1");
    // It is dropped before it can return.
    let mut story = Story::up(draft([context()], &[]));
    story.breaks_unexplained(A, Fault::GaveUp);
    assert_eq!(story.send(Input::Force(2)), "drop u0");
    assert_eq!(story.is_dropped(A), "u0 failed: Running GaveUp Full, finish 1");
}

#[test]
fn a_lost_resource_waits_half_a_second_for_its_reason() {
    let mut story = Story::up(draft([context(), task()], &[(B, A, Edge::Needs)]));
    story.breaks_unexplained(A, Fault::ResourceLost);
    assert_eq!(story.limit(A), Some(SECOND / 2));
    story.now = SECOND / 2;
    assert_eq!(story.deadline(A), "u0 failed: Running ResourceLost Full");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Running Own Full explains, finish 1", "it replaces the first");
    // Once it is asked to stop, the limit of its stop follows.
    let mut story = Story::up(draft([UnitSpec { stop_limit: 5 * SECOND, ..context() }], &[]));
    story.breaks_unexplained(A, Fault::GaveUp);
    assert_eq!(story.limit(A), Some(SECOND / 2));
    assert_eq!(story.deadline(A), "u0 failed: Running GaveUp Full");
    assert_eq!(story.limit(A), Some(5 * SECOND));
    assert_eq!(story.deadline(A), "u0 failed: Shutdown TimedOut Full, drop u0");
    assert_eq!(story.is_dropped(A), "finish 1");
}

#[test]
fn a_task_that_drops_its_ready_has_half_a_second_to_return_why() {
    let notifying = |unit: UnitSpec| UnitSpec { up_when: UpWhen::Notified, ..unit };
    let mut story = Story::of(draft([notifying(task())], &[]));
    story.launch();
    assert_eq!(story.breaks_unexplained(A, Fault::NeverReady), "stopping Failed(u0), stop u0");
    assert_eq!(story.fails(A), "u0 failed: Startup Own Full, finish 3");
    let mut story = Story::of(draft([notifying(ignored(task())), task()], &[]));
    story.launch();
    assert_eq!(story.breaks_unexplained(A, Fault::NeverReady), "stop u0");
    assert_eq!(story.stop_end(A), story.limit(A), "it is dropped then");
    assert_eq!(story.limit(A), Some(SECOND / 2));
    assert_eq!(story.deadline(A), "u0 failed: Startup NeverReady Ignored, drop u0");
    assert_eq!(story.is_dropped(A), "spawn u1");
}

#[test]
fn a_stop_before_a_lost_context_returns_its_error_keeps_the_failure() {
    let unit = || UnitSpec { restart: restarts(When::Transient, 3), ..context() };
    let plan = || draft([unit(), task()], &[(B, A, Edge::Needs)]);
    let mut story = Story::up(plan());
    assert_eq!(story.breaks_unexplained(A, Fault::ResourceLost), "part u0 Failed, with u1, stop u1");
    assert_eq!(story.shutdown(), "stopping Requested");
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Running Own Unrecovered, finish 0");
    // The failure was reported before, without its reason.
    let mut story = Story::up(plan());
    story.breaks_unexplained(A, Fault::ResourceLost);
    assert_eq!(story.deadline(A), "u0 failed: Running ResourceLost Recovered, u0 restarts #1 in 1s");
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered");
    story.returns(B);
    assert_eq!(story.fails(A), "u0 failed: Running Own Unrecovered explains, finish 0");
    // Its reason is known before.
    let mut story = Story::up(plan());
    story.breaks_unexplained(A, Fault::ResourceLost);
    assert_eq!(story.returns(B), "stop u0");
    assert_eq!(story.fails(A), "u0 failed: Running Own Recovered, u0 restarts #1 in 1s");
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered, finish 0");
}

#[test]
fn a_failure_before_an_unexplained_one_does_not_count_as_recovered_after_a_stop() {
    let patient = UnitSpec { up_when: UpWhen::Notified, restart: at_once(When::Transient, 3), ..task() };
    let mut story = Story::of(draft([patient], &[]));
    story.launch();
    assert_eq!(story.fails(A), "u0 failed: Startup Own Recovered, u0 restarts #1 in 0s, spawn u0");
    assert_eq!(story.breaks_unexplained(A, Fault::NeverReady), "stop u0");
    assert_eq!(story.stop_end(A), story.limit(A), "it is dropped then");
    assert_eq!(story.shutdown(), "stopping Requested, u0 weighs Unrecovered", "the first");
    assert_eq!(story.fails(A), "u0 failed: Startup Own Unrecovered, finish 0", "the second");
}
