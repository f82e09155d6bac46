//! The stop: order, graces, the budget, starved units, force.

use super::*;
use crate::machine::plan::OnShutdown;

#[test]
fn tasks_that_no_context_needs_end_before_the_first_context_is_torn_down() {
    for concurrent in [false, true] {
        let plan = draft([context(), task(), context(), task()], &[(C, B, Edge::Needs)]);
        let mut story = Story::up(Draft { concurrent, ..plan });
        assert_eq!(story.shutdown(), "stopping Requested, stop u3");
        let next = if concurrent { "stop u2, stop u0" } else { "stop u2" };
        assert_eq!(story.returns(D), next);
        assert_eq!(story.returns(C), if concurrent { "stop u1" } else { "stop u0, stop u1" });
        assert_eq!(story.returns(B), "");
        assert_eq!(story.returns(A), "finish 0");
    }
}

#[test]
fn a_follower_stops_before_its_unit() {
    let mut story = Story::up(draft([task(), task()], &[(B, A, Edge::Order)]));
    assert_eq!(story.shutdown(), "stopping Requested, stop u1");
    assert_eq!(story.returns(B), "stop u0");
}

#[test]
fn each_task_is_stopped_as_it_is_declared() {
    let dropped = UnitSpec { on_shutdown: OnShutdown::Drop, ..task() };
    let finishes = UnitSpec { on_shutdown: OnShutdown::Finish, ..task() };
    let mut story = Story::up(draft([task(), finishes, dropped], &[]));
    assert_eq!(story.shutdown(), "stopping Requested, drop u2, stop u1, stop u0");
    story.is_dropped(C);
    story.returns(B);
    assert_eq!(story.returns(A), "finish 0");
    assert_eq!((story.seen(B), story.seen(C)), (Seen::Ended(Outcome::Stopped), Seen::Ended(Outcome::Dropped)));
}

#[test]
fn a_once_task_that_runs_at_shutdown_has_its_grace_and_its_value_is_released() {
    let mut story = Story::of(draft([once(), task()], &[]));
    story.launch();
    assert_eq!(story.shutdown(), "stopping Requested, stop u0");
    assert_eq!(story.limit(A), Some(10 * SECOND));
    assert_eq!(story.returns_a_value(A), "release u0");
    assert_eq!(story.is_dropped(A), "finish 0");
    assert_eq!(story.seen(B), Seen::Waiting);
}

#[test]
fn what_does_not_stop_within_its_grace_is_dropped_and_the_stop_is_incomplete() {
    let mut story = Story::up(draft([task()], &[]));
    story.shutdown();
    assert_eq!(story.deadline(A), "u0 failed: Shutdown TimedOut Full, drop u0");
    assert_eq!(story.seen(A), Seen::Stopping);
    assert_eq!(story.is_dropped(A), "finish 4");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::TimedOut));
    let mut story = Story::up(draft([task()], &[]));
    story.shutdown();
    story.deadline(A);
    assert_eq!(story.fails(A), "u0 failed: Shutdown Own Full, finish 4", "its later error is kept");
}

#[test]
fn what_does_not_yield_is_given_up() {
    let mut story = Story::up(draft([context(), task()], &[]));
    story.shutdown();
    story.deadline(B);
    assert_eq!(story.deadline(B), "u1 failed: Shutdown NotYielding Full explains, stop u0");
    assert_eq!(story.returns(A), "finish 4");
    assert_eq!(story.seen(B), Seen::Ended(Outcome::NotYielding));
}

#[test]
fn a_slow_task_leaves_a_context_its_slice() {
    let slow = UnitSpec { stop_limit: 60 * SECOND, ..task() };
    let mut story = Story::up(draft([context(), slow], &[]));
    assert_eq!(story.stop_end(B), Some(20 * SECOND), "as if the stop began now");
    story.shutdown();
    assert_eq!(story.limit(B), Some(20 * SECOND), "5 of 25 s are reserved");
    assert_eq!(story.stop_end(B), story.limit(B));
    story.now = 20 * SECOND;
    story.deadline(B);
    assert_eq!(story.stop_end(B), None, "it has no time left");
    story.is_dropped(B);
    assert_eq!((story.limit(A), story.stop_end(A)), (Some(25 * SECOND), Some(25 * SECOND)));
}

#[test]
fn many_contexts_share_half_of_the_time_and_what_is_left_passes_on() {
    let mut story = Story::up(Draft { stop_limit: 20 * SECOND, ..draft([context(); 10], &[]) });
    story.shutdown();
    assert_eq!(story.limit(UnitIndex(9)), Some(5 * SECOND), "it is early");
    story.now = 10 * SECOND;
    story.returns(UnitIndex(9));
    assert_eq!(story.limit(UnitIndex(8)), Some(12 * SECOND));
}

#[test]
fn what_was_asked_to_stop_for_a_part_has_no_more_time_than_the_stop_leaves_it() {
    let slow = UnitSpec { stop_limit: 60 * SECOND, ..task() };
    let mut story = Story::up(draft([slow], &[]));
    story.restart(0, &[A]);
    assert_eq!((story.limit(A), story.stop_end(A)), (Some(60 * SECOND), Some(60 * SECOND)));
    story.now = SECOND;
    story.shutdown();
    assert_eq!((story.limit(A), story.stop_end(A)), (Some(26 * SECOND), Some(26 * SECOND)));
}

#[test]
fn a_starved_unit_has_one_turn_before_it_is_judged() {
    let mut story = Story::up(draft([task(), task()], &[]));
    story.shutdown();
    assert_eq!(story.send(Input::Starved(A)), "give turn u0");
    assert_eq!(story.returns(A), "", "it has used its turn");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Stopped));
    assert_eq!(story.send(Input::Starved(B)), "give turn u1");
    assert_eq!(story.send(Input::HadTurn(B)), "u1 failed: Shutdown Starved Full, drop u1");
    assert_eq!(story.is_dropped(B), "finish 4");
    assert_eq!(story.seen(B), Seen::Ended(Outcome::Starved));
}

#[test]
fn a_starved_unit_that_is_given_up_is_not_blamed_for_it() {
    let mut story = Story::up(draft([task()], &[]));
    story.shutdown();
    story.deadline(A);
    assert_eq!(story.send(Input::Starved(A)), "give turn u0");
    assert_eq!(story.deadline(A), "u0 failed: Shutdown HeldUp Full, finish 4", "the turn does not come");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Starved));
}

#[test]
fn a_second_signal_drops_everything_at_once() {
    let mut story = Story::of(draft([context(), once(), task()], &[(C, B, Edge::Needs)]));
    story.launch();
    story.is_up(A);
    story.returns_a_value(B);
    story.is_up(C);
    story.shutdown();
    assert_eq!(story.send(Input::Force(2)), "drop u0, release u1, drop u2");
    story.is_dropped(A);
    story.is_dropped(B);
    assert_eq!(story.is_dropped(C), "finish 130");
    assert_eq!(story.seen(A), Seen::Ended(Outcome::Forced));
}

#[test]
fn a_dropped_body_has_the_time_of_the_whole_stop_to_yield() {
    let dropped = UnitSpec { on_shutdown: OnShutdown::Drop, ..task() };
    let mut story = Story::up(draft([dropped], &[]));
    story.shutdown();
    assert_eq!(story.limit(A), Some(25 * SECOND));
}

#[test]
fn the_resource_of_an_ended_context_keeps_what_it_needs() {
    let edges = [(B, A, Edge::Needs), (C, B, Edge::Needs)];
    for concurrent in [false, true] {
        let mut story = Story::up(Draft { concurrent, ..draft([context(), context(), context()], &edges) });
        assert_eq!(story.returns(B), "u1 failed: Running GaveUp Full, stopping Failed(u1), stop u2");
        assert_eq!(story.returns(C), "stop u0");
    }
}

#[test]
fn a_large_stop_goes_in_strides_and_other_inputs_come_between() {
    let mut story = Story::up(draft([context(), task(), task(), task()], &[(D, A, Edge::Needs)]));
    story.machine.set_stride(1);
    assert_eq!(story.shutdown(), "stopping Requested, stop u3");
    assert!(story.machine.goes_on());
    // It ends by itself before it is asked to stop.
    assert_eq!(story.returns(C), "");
    assert_eq!(story.returns(D), "");
    assert_eq!(story.send(Input::GoOn), "stop u1");
    let mut words = story.returns(B);
    while story.machine.goes_on() {
        words += &story.send(Input::GoOn);
    }
    assert_eq!(words, "stop u0");
    assert_eq!((story.returns(A).as_str(), story.send(Input::GoOn).as_str()), ("", "finish 0"));
}
