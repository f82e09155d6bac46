//! The cases: what a program prints and how it ends, when these signals come.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{End, Process};
use crate::runner::cases;
use crate::system::{self, SIGHUP, SIGINT, SIGTERM};

/// The log's line that says that every unit is up.
const UP: &str = "lifespan: up in";

/// What a unit says before it blocks; no directory is named like this, which the log would tell of.
pub(crate) const BLOCKING: &str = "blocking from here on";

/// Far below every limit that would end the wait otherwise, and far above what a busy machine needs.
const PROMPT: Duration = Duration::from_secs(15);

cases! {
    a_signal_stops_in_order_and_main_goes_on
    code_after_launch_decides_the_exit_code
    sigterm_while_a_setup_hangs_rolls_back_at_once
    a_second_signal_while_a_teardown_hangs_forces
    two_signals_within_300_ms_are_one
    rule_15_two_signals_within_300_ms_are_one_also_where_the_run_is_over_before_the_second
    rule_15_a_second_signal_ends_a_process_that_hangs_after_the_run
    rule_48_a_handler_that_is_installed_right_after_a_signal_has_stopped_the_run_stays
    exit_code_0_when_all_tasks_have_finished
    exit_code_1_when_a_task_fails
    exit_code_2_when_the_plan_is_wrong_and_nothing_ran
    exit_code_3_when_a_setup_fails
    rule_44_an_error_of_many_lines_is_one_in_the_log_and_one_in_the_report
    exit_code_4_when_a_teardown_fails
    the_exit_code_that_was_asked_for
    a_body_that_blocks_the_only_thread_is_named_and_the_process_ended
    a_body_that_blocks_a_worker_is_named_and_the_drop_of_the_runtime_ended
    a_setup_that_ignores_its_timeout_does_not_hold_up_the_end
    a_thread_that_does_not_return_is_named_and_main_ends_the_process
    a_task_without_a_thread_to_run_on_fails_with_the_reason
    a_unit_that_blocks_is_named_whenever_it_is_polled_first
    rule_49_without_a_file_descriptor_the_launch_is_refused_and_a_later_one_is_not
    rule_49_without_a_thread_the_launch_is_refused_and_a_later_one_is_not
    rule_49_a_runtime_without_timers_is_one_problem_and_no_panic
    rule_90_without_threads_for_its_runtime_run_is_refused
    rule_90_without_a_thread_to_ask_the_runtime_a_clean_stop_stays_clean
    rule_90_without_a_thread_to_watch_a_reading_the_reload_is_refused
    never_exit_leaves_the_end_to_the_caller
    an_empty_app_leaves_the_end_to_the_caller
    a_child_that_blocks_is_named_and_the_process_ended
    a_body_that_blocks_does_not_keep_signals_from_the_caller
    what_blocks_the_only_thread_and_is_no_unit_ends_with_code_4
    a_blocked_runtime_that_may_not_be_ended_is_left_alone
    a_second_signal_while_the_only_thread_is_blocked_forces
    handlers_are_there_before_the_first_setup
    after_the_run_the_earlier_dispositions_are_back
    a_second_run_handles_signals_again
    rule_48_the_programs_own_listener_hears_before_during_and_after_a_run
    rule_48_handlers_that_come_and_go_during_runs_are_heard_and_left_alone
    rule_48_a_handler_that_is_put_back_after_the_run_leaves_the_default
    rule_48_what_was_ignored_is_ignored_after_the_run
    rule_48_a_child_process_has_what_it_would_have_without_an_app
    a_hang_up_that_was_ignored_stays_ignored
    a_hang_up_that_was_sent_has_the_file_read_again
    a_hang_up_of_the_terminal_stops_all_the_same
    rule_53_a_file_that_became_a_pipe_is_refused_and_read_once_it_is_a_file_again
    rule_53_a_reading_that_does_not_come_back_is_given_up
    rule_53_a_reading_that_does_not_come_back_holds_up_no_stop
    without_signals_the_default_stays
    an_empty_app_installs_no_handlers
    dropping_launch_half_way_still_tears_down
}

fn a_signal_stops_in_order_and_main_goes_on() {
    for (signal, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")] {
        for flavor in ["current", "multi"] {
            let mut process = Process::start(&format!("{flavor} base serves"));
            process.wait_for(UP);
            process.signal(signal);
            let order = [&format!("shutting down: {name}"), "serves: notified", "base: torn down", "after launch: 0"];
            let _ = process.end().exit_code(0).says(&order).says(&["after launch", "stopped in order", name]);
        }
    }
}

fn code_after_launch_decides_the_exit_code() {
    let mut process = Process::start("multi own-code base serves");
    process.wait_for(UP);
    process.signal(SIGTERM);
    let _ = process.end().says(&["base: torn down", "after launch: 0"]).exit_code(9);
}

fn sigterm_while_a_setup_hangs_rolls_back_at_once() {
    for flavor in ["current", "multi"] {
        let mut process = Process::start(&format!("{flavor} base hangs_in_setup serves"));
        process.wait_for("hangs_in_setup: waiting");
        let began = Instant::now();
        process.signal(SIGTERM);
        let end = process.end();
        assert!(began.elapsed() < PROMPT, "took {:?}", began.elapsed());
        let _ = end
            .says(&["shutting down: SIGTERM", "hangs_in_setup: dropped", "base: torn down", "after launch: 0"])
            .never_says("serves: up")
            .exit_code(0);
    }
}

fn a_second_signal_while_a_teardown_hangs_forces() {
    for (first, second, code) in [(SIGINT, SIGINT, 130), (SIGTERM, SIGTERM, 143), (SIGINT, SIGTERM, 143)] {
        let mut process = Process::start("multi base hangs_in_teardown serves");
        process.wait_for(UP);
        process.signal(first);
        process.wait_for("hangs_in_teardown: waiting");
        // The interval is the subject: after 300 ms a signal is a second one.
        sleep(Duration::from_millis(350));
        process.signal(second);
        let _ = process
            .end()
            .says(&["serves: notified", "hangs_in_teardown: dropped", "after launch"])
            .never_says("base: torn down")
            .exit_code(code);
    }
}

fn two_signals_within_300_ms_are_one() {
    // The interval is the subject: an attempt in which it became too long shows nothing.
    for _ in 0..10 {
        let mut process = Process::start("multi base slow_in_teardown serves");
        process.wait_for(UP);
        let began = Instant::now();
        process.signal(SIGINT);
        // Only then was the first one taken: both at once would be one to the system too.
        process.wait_for("slow_in_teardown: begins");
        process.signal(SIGINT);
        process.send("ping");
        process.wait_for("pong");
        if began.elapsed() > Duration::from_millis(250) {
            continue;
        }
        let _ = process.end().exit_code(0).says(&["slow_in_teardown: ends", "base: torn down", "after launch: 0"]);
        return;
    }
    panic!("this machine is too busy to send two signals within 250 ms");
}

fn rule_15_two_signals_within_300_ms_are_one_also_where_the_run_is_over_before_the_second() {
    for program in ["raises multi base serves", "owned multi base serves"] {
        // The interval is the subject: an attempt in which it became too long shows nothing.
        let mut shows = (0..20).filter_map(|_| {
            let mut process = Process::start(program);
            process.wait_for(UP);
            let began = Instant::now();
            process.signal(SIGTERM);
            if program.starts_with("owned") {
                process.wait_for("base: torn down");
                // It may have ended already, and keeps its number until it is waited for.
                system::kill(process.id(), SIGTERM);
            }
            let end = process.end();
            (began.elapsed() < Duration::from_millis(250)).then_some(end)
        });
        let end = shows.next().expect("this machine is too busy to stop a program within 250 ms");
        let _ = end.exit_code(0).says(&["base: torn down", "lifespan: stopped in order"]);
    }
}

fn rule_15_a_second_signal_ends_a_process_that_hangs_after_the_run() {
    let mut process = Process::start("hangs multi base serves");
    process.wait_for(UP);
    process.signal(SIGTERM);
    process.wait_for("after launch: 0");
    process.wait_for("handlers are back");
    process.signal(SIGTERM);
    let _ = process.end().killed_by(SIGTERM);
}

fn rule_48_a_handler_that_is_installed_right_after_a_signal_has_stopped_the_run_stays() {
    let end = ends("own handler after a signal").exit_code(0);
    let _ = end.says(&["own handler hears", "the second app hears", "own handler is back"]);
}

fn exit_code_0_when_all_tasks_have_finished() {
    let _ = ends("multi base batch").exit_code(0).says(&["batch: done", "base: torn down", "after launch: 0"]);
}

fn exit_code_1_when_a_task_fails() {
    let end = ends("multi base serves fails").exit_code(1);
    let _ = end.says(&["serves: notified", "base: torn down", "after launch: 1", "task `fails` failed: as it should"]);
}

fn exit_code_2_when_the_plan_is_wrong_and_nothing_ran() {
    let end = ends("multi base serves needs").exit_code(2).says(&["after launch: 2", "nothing was started", "`needs`"]);
    let _ = end.never_says("base: set up").never_says("serves: up");
}

fn exit_code_3_when_a_setup_fails() {
    let end = ends("multi base fails_in_setup serves").exit_code(3).never_says("serves: up");
    let _ = end.says(&["base: torn down", "after launch: 3", "`fails_in_setup` failed during setup: as it should"]);
}

fn rule_44_an_error_of_many_lines_is_one_in_the_log_and_one_in_the_report() {
    let end = ends("multi base fails_in_many_lines").exit_code(3).never_says("\nREADY=1");
    let line = "`fails_in_many_lines` failed during setup: one\\nREADY=1\\nthree";
    let _ = end.says(&["ERROR", line, "after launch: 3", "error: context", line]);
}

fn exit_code_4_when_a_teardown_fails() {
    let end = ends("multi base fails_in_teardown batch").exit_code(4);
    let _ = end.says(&["base: torn down", "after launch: 4", "`fails_in_teardown` failed during teardown"]);
}

fn the_exit_code_that_was_asked_for() {
    let _ = ends("multi base exits").exit_code(7).says(&["base: torn down", "after launch: 7"]);
}

fn ends(program: &str) -> End {
    Process::start(program).end()
}

fn a_body_that_blocks_the_only_thread_is_named_and_the_process_ended() {
    for (unit, flavor, when) in [
        ("blocks_at_once", "current", " during startup"),
        ("blocks_when_up", "current", ""),
        ("blocks_when_up", "one-worker", ""),
        ("blocks_at_shutdown", "current", " during shutdown"),
        ("blocks_in_teardown", "current", " during teardown"),
    ] {
        let mut process = Process::start(&format!("{flavor} short serves {unit}"));
        stop_when_blocked(&mut process, unit);
        let end = process.end().exit_code(4).never_says("after launch");
        let _ = end.says(&["shutdown was incomplete", unit, &format!("`{unit}` does not yield{when}: ")]);
    }
}

fn a_body_that_blocks_a_worker_is_named_and_the_drop_of_the_runtime_ended() {
    for unit in ["blocks_when_up", "blocks_at_shutdown", "blocks_in_teardown"] {
        let mut process = Process::start(&format!("multi short serves {unit}"));
        stop_when_blocked(&mut process, unit);
        let end = process.end().exit_code(4);
        let (_, report) = end.output.split_once("after launch: 4").expect("the launch returns");
        assert_eq!(report.matches("took longer than").count(), 0, "{report}");
        // One without `Shutdown` is dropped at once.
        let limit = if unit == "blocks_when_up" { "" } else { "its limit was" };
        let _ = end.says(&["after launch: 4", "shutdown was incomplete", unit, "does not yield", limit]);
    }
}

fn a_child_that_blocks_is_named_and_the_process_ended() {
    for flavor in ["current", "one-worker", "multi"] {
        let mut process = Process::start(&format!("{flavor} short base child_blocks"));
        process.wait_for(BLOCKING);
        process.signal(SIGTERM);
        let named = "child `stuck` of task `child_blocks` does not yield";
        let _ = process.end().exit_code(4).says(&["shutdown was incomplete", named]);
    }
}

/// Sends SIGTERM: at once for a unit that blocks when it is asked to stop, else when it blocks.
fn stop_when_blocked(process: &mut Process, unit: &str) {
    process.wait_for(if unit.contains("_at_once") || unit.ends_with("_up") { BLOCKING } else { UP });
    process.signal(SIGTERM);
}

fn a_setup_that_ignores_its_timeout_does_not_hold_up_the_end() {
    let end = ends("multi short impatient base blocks_in_setup serves").exit_code(3).never_says("serves: up");
    let _ = end.says(&[
        "base: torn down",
        "after launch: 3",
        "`blocks_in_setup` does not yield during setup",
        "its limit was 200 ms",
    ]);
    // Nothing runs here but the watch thread.
    let end = ends("current short impatient base blocks_in_setup serves").exit_code(4);
    let _ = end.never_says("after launch").says(&["`blocks_in_setup`", "does not yield"]);
}

fn a_thread_that_does_not_return_is_named_and_main_ends_the_process() {
    for flavor in ["current", "multi"] {
        let mut process = Process::start(&format!("{flavor} short base blocks_its_own_thread"));
        process.wait_for(BLOCKING);
        process.signal(SIGTERM);
        // Not by the watch thread: the code after `launch` runs.
        let end = process.end().exit_code(4).says(&["base: torn down", "after launch: 4", "shutdown was incomplete"]);
        let _ = end.says(&["not yielding", "`blocks_its_own_thread` does not return during shutdown"]);
    }
    let mut process = Process::start("current short own-code base blocks_its_own_thread");
    process.wait_for(BLOCKING);
    process.signal(SIGTERM);
    let _ = process.end().says(&["after launch: 4"]).exit_code(9);
}

fn a_task_without_a_thread_to_run_on_fails_with_the_reason() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let end = ends("no thread").exit_code(3).never_says(BLOCKING);
    assert_eq!(end.output.matches(UP).count(), 1, "only the run before comes up:\n{}", end.output);
    let failed = "`blocks_its_own_thread` failed during startup: could not start a thread";
    let _ = end.says(&[UP, failed, "as io::Error: true"]);
}

fn a_unit_that_blocks_is_named_whenever_it_is_polled_first() {
    let mut process = Process::start("late first poll");
    process.wait_for("`blocks_when_up` has blocked its thread for");
}

fn rule_49_without_a_file_descriptor_the_launch_is_refused_and_a_later_one_is_not() {
    if cfg!(target_os = "linux") {
        refused_and_then_not(&mut Process::start("few files"), "Too many open files");
    }
}

fn rule_49_without_a_thread_the_launch_is_refused_and_a_later_one_is_not() {
    if cfg!(target_os = "linux") {
        refused_and_then_not(&mut Process::start("little memory"), "Resource temporarily unavailable");
    }
}

fn refused_and_then_not(process: &mut Process, why: &str) {
    process.wait_for("first run: 3 [System] New");
    process.wait_for("nothing was started: 1 problem, exit code 3");
    process.wait_for(&format!("cannot watch for signals and deadlines: {why}"));
    process.wait_for(UP);
    process.signal(SIGTERM);
    process.wait_for("base: torn down");
    process.wait_for("second run: 0");
}

fn rule_49_a_runtime_without_timers_is_one_problem_and_no_panic() {
    let end = ends("no timers").exit_code(2).never_says("panicked").never_says("own hook: timers");
    // The program's own panics are printed as before, and I/O is none of the runtime's duties.
    let _ = end.says(&["the tokio runtime has no timers", "own hook: mine", "without I/O: 0"]);
}

fn rule_90_without_threads_for_its_runtime_run_is_refused() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let end = ends("no runtime").exit_code(0).never_says("panicked").never_says("base: set up");
    let refused = ["run: 3 [System]", "nothing was started: 1 problem", "cannot create a tokio runtime"];
    let _ = end.says(&[refused, refused].concat());
}

fn rule_90_without_a_thread_to_ask_the_runtime_a_clean_stop_stays_clean() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    for options in ["current", "multi", "owned current", "owned multi"] {
        let mut process = Process::start(&format!("{options} base serves"));
        process.wait_for(UP);
        process.starve("starve");
        process.signal(SIGTERM);
        let end = process.end().exit_code(0).never_says("panicked");
        let _ = end.says(&["base: torn down", "stopped in order"]);
    }
}

fn rule_90_without_a_thread_to_watch_a_reading_the_reload_is_refused() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    for starve in ["starve", "starve but one"] {
        let directory = directory(&format!("hang-up-{}", starve.replace(' ', "-")), "[tasks.reads]\n");
        let mut process = Process::start_in(&directory, "current base", None);
        process.wait_for(UP);
        process.starve(starve);
        process.signal(SIGHUP);
        process.wait_for("cannot start a thread to read it");
        process.signal(SIGTERM);
        let end = process.end().exit_code(0).never_says("panicked").never_says(BLOCKING);
        let _ = end.says(&["shutting down: SIGTERM", "base: torn down", "after launch: 0"]);
    }
}

fn never_exit_leaves_the_end_to_the_caller() {
    for flavor in ["multi", "one-worker"] {
        let mut process = Process::start(&format!("{flavor} short never-exit stays serves blocks_when_up"));
        process.wait_for(BLOCKING);
        process.signal(SIGTERM);
        let _ = process.end().says(&["after launch: 4", "past the deadline"]).exit_code(42);
    }
}

fn an_empty_app_leaves_the_end_to_the_caller() {
    for flavor in ["multi", "one-worker"] {
        let mut process = Process::start(&format!("{flavor} empty short stays serves blocks_when_up"));
        process.wait_for(BLOCKING);
        process.send("stop");
        let _ = process.end().says(&["after launch: 4", "past the deadline"]).exit_code(42);
    }
}

fn a_body_that_blocks_does_not_keep_signals_from_the_caller() {
    for flavor in ["multi", "one-worker"] {
        let mut process = Process::start(&format!("{flavor} short never-exit raises stays serves blocks_when_up"));
        process.wait_for(BLOCKING);
        process.signal(SIGTERM);
        let _ = process.end().says(&["after launch: 4"]).never_says("past the deadline").killed_by(SIGTERM);
    }
}

fn what_blocks_the_only_thread_and_is_no_unit_ends_with_code_4() {
    let mut process = Process::start("current short stranger base serves");
    process.wait_for(BLOCKING);
    process.signal(SIGTERM);
    let end = process.end().exit_code(4).never_says("base: torn down").never_says("not yielding");
    let _ = end.says(&["shutdown was incomplete", "base", "thread was blocked", "serves", "thread was blocked"]);
}

fn a_blocked_runtime_that_may_not_be_ended_is_left_alone() {
    let mut process = Process::start("current short never-exit serves blocks_when_up");
    process.wait_for(BLOCKING);
    process.signal(SIGTERM);
    // The interval is the subject: it is twice the hard deadline, at which nothing happens.
    sleep(Duration::from_secs(3));
    assert!(process.is_running());
}

fn a_second_signal_while_the_only_thread_is_blocked_forces() {
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        let mut process = Process::start("current serves blocks_when_up");
        process.wait_for(BLOCKING);
        let began = Instant::now();
        process.signal(signal);
        // The interval is the subject; nothing in the program can tell that the first one was taken, so it is ample.
        sleep(Duration::from_secs(1));
        process.signal(signal);
        let end = process.end().exit_code(code);
        assert!(began.elapsed() < PROMPT, "took {:?}", began.elapsed());
        let _ = end.says(&["stopped by force", "`blocks_when_up`", "does not yield"]);
    }
}

fn handlers_are_there_before_the_first_setup() {
    let _ = ends("current raises_in_setup").says(&["raises_in_setup: survived", "after launch: 0"]).exit_code(0);
}

fn after_the_run_the_earlier_dispositions_are_back() {
    let _ = ends("dispositions").says(&["batch: done", "own handler is back"]).killed_by(SIGTERM);
}

fn a_second_run_handles_signals_again() {
    let mut process = Process::start("two runs");
    for run in ["first", "second"] {
        process.wait_for(UP);
        process.signal(SIGINT);
        process.wait_for(&format!("{run} run: 0"));
    }
    let _ = process.end().exit_code(0);
}

fn rule_48_the_programs_own_listener_hears_before_during_and_after_a_run() {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        for when in ["before", "during", "after"] {
            let mut process = Process::start(&format!("listens {when} {signal}"));
            process.wait_for("listening after the first run");
            process.signal(signal);
            process.wait_for("heard");
            process.wait_for(UP);
            process.signal(signal);
            process.wait_for("second run: 0");
            process.wait_for("heard");
            process.wait_for("listening after the second run");
            process.signal(signal);
            process.wait_for("heard");
            let _ = process.end().exit_code(0);
        }
    }
}

fn rule_48_handlers_that_come_and_go_during_runs_are_heard_and_left_alone() {
    let _ = ends("handlers during runs").exit_code(0).says(&["6 handlers", "none of them ends"]);
}

fn rule_48_a_handler_that_is_put_back_after_the_run_leaves_the_default() {
    let _ = ends("handler put back").says(&["noted during the run"]).killed_by(SIGTERM);
}

fn rule_48_what_was_ignored_is_ignored_after_the_run() {
    let process = Process::start_ignoring("INT TERM HUP", "ignores");
    let _ = process.end().exit_code(0).says(&["batch: done", "still there"]);
}

fn rule_48_a_child_process_has_what_it_would_have_without_an_app() {
    let _ = ends("child process").exit_code(0).says(&["the same", "killed by 15"]);
}

fn a_hang_up_that_was_ignored_stays_ignored() {
    let mut process = Process::start_ignoring("HUP", "multi base serves");
    process.wait_for(UP);
    process.signal(SIGHUP);
    process.send("ping");
    process.wait_for("pong");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0).says(&["shutting down: SIGTERM", "after launch: 0"]).never_says("SIGHUP");
}

/// A directory with this file.
pub(crate) fn directory(name: &str, file: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    // An earlier run may have left what can't be written to, such as a FIFO.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("lifespan.toml"), file).expect("a file in it");
    directory
}

fn a_hang_up_that_was_sent_has_the_file_read_again() {
    let directory = directory("hang-up-sent", "[lifespan]\ngrace = '5s'\n");
    let mut process = Process::start_in(&directory, "multi base serves", None);
    process.wait_for(UP);
    std::fs::write(directory.join("lifespan.toml"), "[lifespan]\ngrace = '6s'\n").expect("written");
    process.signal(SIGHUP);
    process.wait_for("changed: the app's `grace` (lifespan.toml:2:1)");
    process.wait_for("configuration in effect");
    std::fs::write(directory.join("lifespan.toml"), "[lifespan]\ngrace = 6\n").expect("written");
    process.signal(SIGHUP);
    process.wait_for("cannot reload the configuration, the previous one stays in use: 1 problem");
    process.signal(SIGTERM);
    let order = ["shutting down: SIGTERM", "serves: notified", "base: torn down", "after launch: 0"];
    let _ = process.end().exit_code(0).says(&order).never_says("SIGHUP");
}

fn a_hang_up_of_the_terminal_stops_all_the_same() {
    let directory = directory("hang-up-of-terminal", "[lifespan]\ngrace = '5s'\n");
    let (ours, programs) = system::terminal();
    let mut process = Process::start_in(&directory, "multi base serves", Some(programs));
    process.wait_for(UP);
    process.signal(SIGHUP);
    process.wait_for("nothing has changed");
    drop(ours);
    process.signal(SIGHUP);
    let _ = process.end().exit_code(0).says(&["shutting down: SIGHUP", "serves: notified", "after launch: 0"]);
}

fn rule_53_a_file_that_became_a_pipe_is_refused_and_read_once_it_is_a_file_again() {
    let directory = directory("hang-up-pipe", "[lifespan]\ngrace = '5s'\n");
    let file = directory.join("lifespan.toml");
    let mut process = Process::start_in(&directory, "multi base serves", None);
    process.wait_for(UP);
    std::fs::remove_file(&file).expect("it was there");
    let made = std::process::Command::new("mkfifo").arg(&file).status().expect("mkfifo");
    assert!(made.success());
    process.signal(SIGHUP);
    process.wait_for("lifespan.toml can't be read: it is a FIFO");
    std::fs::remove_file(&file).expect("it was there");
    std::fs::write(&file, "[lifespan]\ngrace = '6s'\n").expect("written");
    process.signal(SIGHUP);
    process.wait_for("changed: the app's `grace`");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0).says(&["shutting down: SIGTERM", "after launch: 0"]);
}

fn rule_53_a_reading_that_does_not_come_back_is_given_up() {
    let directory = directory("hang-up-stuck", "[tasks.reads]\n");
    let mut process = Process::start_in(&directory, "multi base", None);
    process.wait_for(UP);
    process.signal(SIGHUP);
    process.wait_for(BLOCKING);
    process.wait_for("reading it timed out after 5s");
    process.signal(SIGHUP);
    process.wait_for("an earlier read timed out");
    process.send("storm");
    process.wait_for("an earlier read timed out");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0).says(&["shutting down: SIGTERM", "base: torn down", "after launch: 0"]);
    assert_eq!(end.output.matches(BLOCKING).count(), 1, "one thread is stuck, and no second one");
}

fn rule_53_a_reading_that_does_not_come_back_holds_up_no_stop() {
    for flavor in ["current", "multi"] {
        let directory = directory(&format!("hang-up-stop-{flavor}"), "[tasks.reads]\n");
        let mut process = Process::start_in(&directory, &format!("{flavor} base"), None);
        process.wait_for(UP);
        process.signal(SIGHUP);
        process.wait_for(BLOCKING);
        process.signal(SIGTERM);
        let end = process.end().exit_code(0).says(&["shutting down: SIGTERM", "base: torn down", "after launch: 0"]);
        let _ = end.never_says("takes longer");
    }
}

fn without_signals_the_default_stays() {
    let mut process = Process::start("multi without-signals base serves");
    process.wait_for(UP);
    process.signal(SIGTERM);
    let _ = process.end().killed_by(SIGTERM).never_says("serves: notified");
}

fn an_empty_app_installs_no_handlers() {
    let mut process = Process::start("multi empty base serves");
    process.wait_for(UP);
    process.signal(SIGTERM);
    let _ = process.end().killed_by(SIGTERM).never_says("serves: notified");
}

fn dropping_launch_half_way_still_tears_down() {
    for (program, reached) in [("multi base serves", UP), ("current base hangs_in_setup", "hangs_in_setup: waiting")] {
        let mut process = Process::start(program);
        process.wait_for(reached);
        process.send("drop");
        let _ = process.end().says(&["base: torn down"]).says(&["launch was dropped"]).exit_code(0);
    }
}
