//! The cases of what a process says of itself: its exit code, its report, and what it writes without a subscriber.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::cases::directory;
use crate::process::{End, Process};
use crate::runner::cases;
use crate::system::{SIGHUP, SIGINT, SIGTERM, is_full};

/// The log's line that says that every unit is up.
const UP: &str = "lifespan: up in";

cases! {
    rule_72_an_error_after_the_exit_that_was_asked_for_is_reported_and_no_restart_is_announced
    rule_72_a_task_that_fails_again_and_again_is_heard_without_a_subscriber
    rule_72_a_context_that_fails_again_and_again_is_heard_without_a_subscriber
    rule_72_a_schedule_whose_runs_fail_is_heard_without_a_subscriber
    rule_72_without_warnings_nothing_is_written_while_the_program_runs
    rule_72_warnings_of_the_sources_are_heard_without_a_subscriber
    rule_72_a_systemd_socket_that_fails_is_heard_without_a_subscriber
    rule_72_the_signal_that_forced_the_end_is_named
    rule_72_standard_error_that_nothing_reads_holds_up_neither_restarts_nor_the_stop
    rule_72_the_last_error_of_a_task_is_in_the_report_of_a_run_that_the_watch_ends
    rule_72_what_a_unit_says_soon_after_another_warning_is_written_when_the_second_is_over
    rule_72_what_waits_is_written_at_the_end_of_the_run
    rule_72_an_error_is_written_soon_after_a_warning
    rule_72_of_each_unit_one_warning_and_one_error_a_second_are_written
    rule_19_restarts_in_place_count_with_those_that_are_written
    rule_73_a_setup_that_fails_as_a_signal_comes_is_a_failure_of_the_startup
    rule_72_a_force_after_another_cause_is_named
    rule_73_a_taken_port_at_startup_ends_the_process_with_3
    rule_73_an_error_after_sigterm_that_the_policy_would_have_absorbed_ends_the_process_with_0
}

fn ends(program: &str) -> End {
    Process::start(program).end()
}

fn rule_72_an_error_after_the_exit_that_was_asked_for_is_reported_and_no_restart_is_announced() {
    let end = ends("multi base exits_and_fails").exit_code(75).never_says("restarts in");
    let _ = end.says(&["exits_and_fails", "as it should", "after launch: 75", "exits_and_fails", "as it should"]);
}

/// Of 22 failures within moments, some are logged while the program runs, and the last is in its report.
fn is_heard_without_a_subscriber(unit: &str) {
    let began = Instant::now();
    let mut process = Process::start(&format!("unlogged multi {unit}"));
    process.wait_for("settled");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    let (before, report) = end.output.split_once("after launch").expect("the launch returns");
    assert!(report.contains(unit) && report.contains("password expired 22"), "{}", end.output);
    let written = before.lines().filter(|line| line.contains(unit) && line.contains("password expired")).count();
    // The first at once, one a second after that, and the last when it is known to be that.
    let most = 2 + began.elapsed().as_secs();
    assert!((1..=most).contains(&(written as u64)), "{written} of {most}:\n{}", end.output);
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
    process.wait_for("lifespan: warning: cannot notify systemd of this app");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    assert_eq!(end.output.matches("cannot notify systemd").count(), 1, "{}", end.output);
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
        ("hangs_in_teardown exits", None, 7, "exit with code 7 was requested, then SIGTERM"),
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

fn rule_72_the_last_error_of_a_task_is_in_the_report_of_a_run_that_the_watch_ends() {
    let mut process = Process::start("unlogged quiet current short task_expires blocks_at_shutdown");
    process.wait_for("settled");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(4).says(&["shutdown was incomplete", "password expired 22"]);
}

/// Far below the limit of the stop, and far above what a busy machine needs.
const PROMPT: Duration = Duration::from_secs(15);

fn rule_72_standard_error_that_nothing_reads_holds_up_neither_restarts_nor_the_stop() {
    for flavor in ["current", "multi"] {
        let (mut process, unread, writer) = Process::start_unread(&format!("unlogged {flavor} beats"));
        while !is_full(&writer) {
            process.wait_for("beat");
        }
        for _ in 0..400 {
            process.wait_for("beat");
        }
        let began = Instant::now();
        process.signal(SIGTERM);
        let _ = process.end().exit_code(0).says(&["after launch: 0"]);
        assert!(began.elapsed() < PROMPT, "{flavor}: took {:?}", began.elapsed());
        drop(unread);
    }
}

const UNWELL: &str = "lifespan: warning: task `unwell_once_restarted` is not healthy: cannot reach the database";

fn rule_72_what_a_unit_says_soon_after_another_warning_is_written_when_the_second_is_over() {
    let mut process = Process::start("unlogged multi unwell_once_restarted");
    process.wait_for("restarts in");
    process.wait_for(UNWELL);
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    assert_eq!(end.output.matches(UNWELL).count(), 1, "{}", end.output);
}

fn rule_72_what_waits_is_written_at_the_end_of_the_run() {
    let mut process = Process::start("unlogged multi unwell_once_restarted");
    process.wait_for("unwell");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0).says(&[UNWELL, "after launch: 0", "lifespan: stopped in order"]);
    assert_eq!(end.output.matches(UNWELL).count(), 1, "{}", end.output);
}

fn rule_72_an_error_is_written_soon_after_a_warning() {
    let mut process = Process::start("unlogged multi isolates");
    process.wait_for("lifespan: warning: child `first` of task `isolates` failed: as it may");
    process.wait_for("lifespan: error: child `second` of task `isolates` panicked");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0);
}

fn rule_72_of_each_unit_one_warning_and_one_error_a_second_are_written() {
    for kind in ["warning", "error"] {
        let mut process = Process::start("unlogged multi fails_fast");
        process.wait_for(&format!("lifespan: {kind}"));
        let began = Instant::now();
        process.wait_for(&format!("lifespan: {kind}"));
        process.wait_for(&format!("lifespan: {kind}"));
        // A busy machine may have had the first one come late, and none of them early.
        assert!(began.elapsed() > Duration::from_millis(1500), "{kind}: took {:?}", began.elapsed());
        process.signal(SIGTERM);
        let _ = process.end().exit_code(0);
    }
}

fn rule_19_restarts_in_place_count_with_those_that_are_written() {
    let end = ends("unlogged multi counts").exit_code(1);
    let (before, report) = end.output.split_once("after launch").expect("the launch returns");
    let written = before.lines().filter(|line| line.contains("warning") && line.contains("restarts in")).count();
    // In a second and a half at least two, and not one for each.
    assert!((2..100).contains(&written), "{}", end.output);
    assert!(report.contains("restarted 150 times"), "{}", end.output);
    assert!(report.contains("recovered: task `counts` failed: failure 150"), "{}", end.output);
    assert!(
        report.contains("error: task `counts` failed: failure 151; restart limit reached (150 restarts within 60 min"),
        "{}",
        end.output
    );
}

fn rule_73_a_setup_that_fails_as_a_signal_comes_is_a_failure_of_the_startup() {
    for how in ["fails", "panics"] {
        for (unit, code) in [(format!("{how}_as_it_stops"), 3), (format!("patient_{how}_as_it_stops"), 0)] {
            let end = ends(&format!("multi base {unit}")).exit_code(code).never_says("teardown");
            let words = if how == "fails" { "failed during setup" } else { "panicked during setup" };
            let named = format!("`{unit}` {words}");
            let _ = end.says(&["shutting down: SIGTERM", &named, &format!("after launch: {code}"), &named]);
        }
    }
}

fn rule_73_a_taken_port_at_startup_ends_the_process_with_3() {
    let end = ends("multi base binds serves").exit_code(3).never_says("serves: up");
    let _ = end.says(&["base: torn down", "after launch: 3", "startup failed and was rolled back", "`binds` failed"]);
}

fn rule_73_an_error_after_sigterm_that_the_policy_would_have_absorbed_ends_the_process_with_0() {
    for unit in ["fails_when_asked", "member_fails_when_asked"] {
        let mut process = Process::start(&format!("multi base {unit}"));
        process.wait_for(UP);
        process.signal(SIGTERM);
        let error = format!("`{unit}` failed during shutdown: as it should");
        let _ = process.end().exit_code(0).says(&["after launch: 0", &error]);
    }
}
