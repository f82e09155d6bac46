//! The cases of what a process says of itself: its exit code, its report, and what it writes where nobody reads its log.

use std::thread::sleep;
use std::time::Duration;

use crate::cases::directory;
use crate::process::{End, Process};
use crate::runner::cases;
use crate::system::{SIGHUP, SIGINT, SIGTERM};

/// The log's line that says that every unit is up.
const UP: &str = "lifespan: up in";

cases! {
    rule_72_an_error_after_the_exit_that_was_asked_for_is_told_and_no_restart_is_announced
    rule_72_a_task_that_fails_again_and_again_is_heard_without_a_subscriber
    rule_72_a_context_that_fails_again_and_again_is_heard_without_a_subscriber
    rule_72_a_schedule_whose_runs_fail_is_heard_without_a_subscriber
    rule_72_warnings_of_the_sources_are_heard_without_a_subscriber
    rule_72_a_systemd_socket_that_fails_is_heard_without_a_subscriber
    rule_72_the_signal_that_forced_the_end_is_named
    rule_73_a_taken_port_at_startup_ends_the_process_with_3
    rule_73_an_error_after_sigterm_that_the_policy_would_have_absorbed_ends_the_process_with_0
}

fn ends(program: &str) -> End {
    Process::start(program).end()
}

fn rule_72_an_error_after_the_exit_that_was_asked_for_is_told_and_no_restart_is_announced() {
    let end = ends("multi base exits_and_fails").exit_code(75).never_says("restarts in");
    let _ = end.says(&["exits_and_fails", "as it should", "after launch: 75", "exits_and_fails", "as it should"]);
}

/// Of 22 failures within moments, some are told of while the program runs, and the last in its report.
fn is_heard_without_a_subscriber(unit: &str) {
    let mut process = Process::start(&format!("unlogged multi {unit}"));
    process.wait_for("settled");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    let (before, report) = end.output.split_once("after launch").expect("the launch returns");
    assert!(report.contains(unit) && report.contains("password expired 22"), "{}", end.output);
    let told = before.lines().filter(|line| line.contains(unit) && line.contains("password expired")).count();
    // One a second for each unit, at most.
    assert!((1..22).contains(&told), "{}", end.output);
}

fn rule_72_a_task_that_fails_again_and_again_is_heard_without_a_subscriber() {
    is_heard_without_a_subscriber("task_expires");
}

fn rule_72_a_context_that_fails_again_and_again_is_heard_without_a_subscriber() {
    is_heard_without_a_subscriber("context_expires");
}

fn rule_72_a_schedule_whose_runs_fail_is_heard_without_a_subscriber() {
    is_heard_without_a_subscriber("schedule_expires");
}

fn rule_72_warnings_of_the_sources_are_heard_without_a_subscriber() {
    let directory = directory("warns", "[lifespan]\nshared = true\n[tasks.of_another_program]\nx = 1\n");
    let mut process = Process::start_in(&directory, "unlogged multi serves", None);
    process.wait_for("lifespan: warning: ");
    // After a reload they are there again.
    process.signal(SIGHUP);
    process.wait_for("lifespan: warning: ");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0).says(&["of_another_program", "of_another_program"]);
}

fn rule_72_a_systemd_socket_that_fails_is_heard_without_a_subscriber() {
    let mut process = Process::start_with("unlogged multi serves", &[("NOTIFY_SOCKET", "no/address")]);
    process.wait_for("lifespan: warning: systemd does not hear of this app");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    assert_eq!(end.output.matches("systemd does not hear").count(), 1, "{}", end.output);
}

fn rule_72_the_signal_that_forced_the_end_is_named() {
    let mut process = Process::start("multi hangs_in_teardown serves");
    process.wait_for(UP);
    process.signal(SIGINT);
    process.wait_for("hangs_in_teardown: waiting");
    // The interval is the subject: after 300 ms a signal is a second one.
    sleep(Duration::from_millis(350));
    process.signal(SIGTERM);
    let end = process.end().exit_code(143);
    let headline = end.output.lines().find(|line| line.contains("stopped by force")).expect("a headline");
    assert!(headline.contains("SIGTERM"), "{headline}");
}

fn rule_73_a_taken_port_at_startup_ends_the_process_with_3() {
    let end = ends("multi base binds serves").exit_code(3).never_says("serves: up");
    let _ = end.says(&["base: torn down", "after launch: 3", "startup failed and was rolled back", "`binds` failed"]);
}

fn rule_73_an_error_after_sigterm_that_the_policy_would_have_absorbed_ends_the_process_with_0() {
    for unit in ["fails_when_told", "member_fails_when_told"] {
        let mut process = Process::start(&format!("multi base {unit}"));
        process.wait_for(UP);
        process.signal(SIGTERM);
        let error = format!("`{unit}` failed during shutdown: as it should");
        let _ = process.end().exit_code(0).says(&["after launch: 0", &error]);
    }
}
