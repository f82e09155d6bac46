//! The cases of what a process says of itself: its exit code, its report, and what it writes where nobody reads its log.

use std::thread::sleep;
use std::time::{Duration, Instant};

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
    rule_72_without_warnings_nothing_is_written_while_the_program_runs
    rule_72_warnings_of_the_sources_are_heard_without_a_subscriber
    rule_72_a_systemd_socket_that_fails_is_heard_without_a_subscriber
    rule_72_the_signal_that_forced_the_end_is_named
    rule_72_a_force_after_another_cause_is_named
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
    let began = Instant::now();
    let mut process = Process::start(&format!("unlogged multi {unit}"));
    process.wait_for("settled");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    let (before, report) = end.output.split_once("after launch").expect("the launch returns");
    assert!(report.contains(unit) && report.contains("password expired 22"), "{}", end.output);
    let told = before.lines().filter(|line| line.contains(unit) && line.contains("password expired")).count();
    // The first at once, one a second after that, and the last when it is known to be that.
    let most = 2 + began.elapsed().as_secs();
    assert!((1..=most).contains(&(told as u64)), "{told} of {most}:\n{}", end.output);
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
    let end = process.end().exit_code(143).says(&["second signal (SIGTERM)", "lifespan: stopped by force after"]);
    let headlines: Vec<&str> = end.output.lines().filter(|line| line.contains("stopped by force")).collect();
    assert_eq!(headlines.len(), 2, "the log's and the report's: {}", end.output);
    assert!(headlines.iter().all(|line| line.ends_with(" (SIGINT, then SIGTERM), exit code 143")), "{headlines:?}");
}

fn rule_72_a_force_after_another_cause_is_named() {
    for (units, asks, code, cause) in [
        ("hangs_in_teardown fails", None, 1, "task `fails` failed, then SIGTERM"),
        ("hangs_in_teardown exits", None, 7, "exit with code 7 was asked for, then SIGTERM"),
        (
            "hangs_in_teardown fails_in_teardown serves",
            Some(SIGTERM),
            4,
            "SIGTERM, then context `fails_in_teardown` failed during teardown, then SIGTERM",
        ),
    ] {
        let mut process = Process::start(&format!("multi {units}"));
        if let Some(signal) = asks {
            process.wait_for(UP);
            process.signal(signal);
        }
        process.wait_for("hangs_in_teardown: waiting");
        // The interval is the subject: after 300 ms a signal is a second one.
        for _ in usize::from(asks.is_some())..2 {
            sleep(Duration::from_millis(350));
            process.signal(SIGTERM);
        }
        let end = process.end().exit_code(code);
        let headline = end.output.lines().rfind(|line| line.contains("stopped by force")).expect("a headline");
        assert!(headline.ends_with(&format!(" ({cause}), exit code {code}")), "{headline}");
    }
}

/// A process of its own, without a subscriber: the warnings of an app go to standard error, unless it says that they don't.
fn rule_72_without_warnings_nothing_is_written_while_the_program_runs() {
    for (options, writes) in [("", true), ("quiet ", false)] {
        let mut process = Process::start(&format!("unlogged {options}multi task_expires"));
        process.wait_for("settled");
        process.signal(SIGTERM);
        let end = process.end().exit_code(0);
        let (before, report) = end.output.split_once("after launch").expect("the launch returns");
        assert_eq!(before.contains("lifespan: warning"), writes, "{}", end.output);
        assert!(report.contains("password expired 22"), "{}", end.output);
    }
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
