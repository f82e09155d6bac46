//! The cases of a process that is to end: what holds up the runtime's drop, the log or the whole process does not keep it.

use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::cases::BLOCKING;
use crate::process::{PROGRAM, Process};
use crate::runner::cases;
use crate::system::{self, SIGCONT, SIGSTOP, SIGTERM};

/// The log's line that says that every unit is up.
const UP: &str = "lifespan: up in";

/// No test waits longer; on a busy machine all of them are far below.
const PATIENCE: Duration = Duration::from_secs(60);

cases! {
    rule_50_a_thread_that_outlives_the_run_does_not_keep_the_process
    rule_50_run_shuts_its_runtime_down_with_a_limit
    rule_50_what_main_awaits_after_the_run_is_not_limited
    rule_50_a_runtime_that_was_dropped_has_no_deadline
    rule_50_never_exit_leaves_the_drop_of_the_runtime_alone
    rule_50_a_run_that_no_signal_stopped_leaves_the_drop_of_the_runtime_alone
    rule_51_a_log_without_a_reader_does_not_hold_up_the_hard_deadline
    rule_51_a_log_without_a_reader_does_not_hold_up_a_second_signal
    rule_51_a_log_without_a_reader_is_named_in_the_report
    rule_95_a_subscriber_that_holds_its_lock_does_not_hold_up_a_second_signal
    rule_52_a_suspended_process_gets_its_time_once_it_goes_on
    rule_52_the_drop_of_a_runtime_gets_its_time_once_it_goes_on
    rule_52_an_idle_app_is_not_woken
    rule_91_a_program_that_has_left_its_runtime_goes_on
    rule_91_threads_with_numbers_in_their_names_are_found
    rule_91_a_thread_that_is_not_known_by_name_does_not_keep_the_process
    rule_92_a_destructor_that_blocks_does_not_keep_the_process
    rule_92_a_destructor_that_blocks_does_not_keep_run
    rule_92_a_run_that_was_refused_leaves_the_next_launch_watched
    rule_93_a_report_without_a_reader_does_not_keep_the_process
}

fn rule_50_a_thread_that_outlives_the_run_does_not_keep_the_process() {
    for options in ["current", "multi", "drops multi"] {
        let mut process = Process::start(&format!("short {options} base leaves_a_thread"));
        process.wait_for(BLOCKING);
        process.signal(SIGTERM);
        let _ = process
            .end()
            .exit_code(4)
            .says(&["base: torn down", "after launch: 0", "shutdown was incomplete", "(SIGTERM), exit code 4"])
            .says(&["the runtime's threads did not return within", "thread `tokio-rt-worker` (", "spawn_blocking"]);
    }
}

fn rule_50_run_shuts_its_runtime_down_with_a_limit() {
    for flavor in ["current", "multi"] {
        for (unit, code, says) in [("leaves_a_thread", 4, "did not return within"), ("serves", 0, "stopped in order")] {
            let mut process = Process::start(&format!("owned short {flavor} base {unit}"));
            process.wait_for(if unit == "serves" { UP } else { BLOCKING });
            process.signal(SIGTERM);
            let _ = process.end().exit_code(code).says(&["base: torn down", "lifespan: s", says]);
        }
    }
}

fn rule_50_what_main_awaits_after_the_run_is_not_limited() {
    let mut process = Process::start("short awaits multi base leaves_a_thread");
    process.wait_for(BLOCKING);
    process.signal(SIGTERM);
    let _ = process.end().exit_code(4).says(&["after launch: 0", "awaited", "did not return within"]);
}

fn rule_50_a_runtime_that_was_dropped_has_no_deadline() {
    let mut process = Process::start("short drops multi base serves");
    process.wait_for(UP);
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0).says(&["after launch: 0", "past the deadline", "stopped in order"]);
}

fn rule_50_never_exit_leaves_the_drop_of_the_runtime_alone() {
    for options in ["never-exit", "empty"] {
        let mut process = Process::start(&format!("short {options} multi base leaves_a_thread"));
        process.wait_for(BLOCKING);
        process.send("stop");
        process.wait_for("after launch: 0");
        // Nothing is to happen: what there is to see of that is a second after which it could have.
        sleep(Duration::from_secs(3));
        assert!(process.is_running());
    }
}

fn rule_50_a_run_that_no_signal_stopped_leaves_the_drop_of_the_runtime_alone() {
    let mut process = Process::start("short multi base leaves_a_thread");
    process.wait_for(BLOCKING);
    process.send("stop");
    process.wait_for("after launch: 0");
    sleep(Duration::from_secs(3));
    assert!(process.is_running());
}

/// A program whose standard output is full, since no process reads it.
struct Flooded {
    child: Child,
    stdout: PipeReader,
    /// What it writes to standard error, if that is another pipe.
    stderr: Option<PipeReader>,
}

impl Flooded {
    fn start(program: &str, one_pipe: bool) -> Self {
        let (stdout, writer) = std::io::pipe().expect("a pipe");
        let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
        command.env_remove("LIFESPAN_CONFIG").env(PROGRAM, program).stdin(Stdio::piped());
        let stderr = if one_pipe {
            command.stderr(writer.try_clone().expect("a pipe"));
            None
        } else {
            let (stderr, writer) = std::io::pipe().expect("a pipe");
            command.stderr(writer);
            Some(stderr)
        };
        let full = writer.try_clone().expect("a pipe");
        let mut child = command.stdout(writer).spawn().expect("the program starts");
        drop(command);
        let mut lines = BufReader::new(stdout);
        let mut line = String::new();
        while !line.contains(UP) {
            line.clear();
            assert!(lines.read_line(&mut line).expect("the program writes") > 0, "it ended");
        }
        writeln_to(&mut child, "flood");
        // From here on the test does not read.
        let until = Instant::now() + PATIENCE;
        while !system::is_full(&full) {
            assert!(Instant::now() < until, "it does not write");
            sleep(Duration::from_millis(5));
        }
        Self { child, stdout: lines.into_inner(), stderr }
    }

    fn signal(&self, signal: i32) {
        system::kill(self.child.id(), signal);
    }

    /// Waits for its end, and returns what it wrote to standard error.
    fn end(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        if let Some(stderr) = &mut self.stderr {
            stderr.read_to_string(&mut said).expect("text");
        }
        let status = wait_for_end(&mut self.child);
        drop(self.stdout);
        (status, said)
    }
}

fn wait_for_end(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return status;
        }
        if Instant::now() > until {
            let _ = child.kill();
            panic!("it does not end");
        }
        sleep(Duration::from_millis(20));
    }
}

fn writeln_to(child: &mut Child, line: &str) {
    writeln!(child.stdin.as_mut().expect("open"), "{line}").expect("the program reads");
}

fn rule_51_a_log_without_a_reader_does_not_hold_up_the_hard_deadline() {
    for flavor in ["current", "multi"] {
        let process = Flooded::start(&format!("flood short {flavor} base serves"), true);
        process.signal(SIGTERM);
        let (status, _) = process.end();
        assert_eq!(status.code(), Some(4), "{status}");
    }
}

fn rule_51_a_log_without_a_reader_does_not_hold_up_a_second_signal() {
    // Its own limits are far off.
    let process = Flooded::start("flood multi base serves", true);
    process.signal(SIGTERM);
    // The interval is the subject: after 300 ms a signal is a second one.
    sleep(Duration::from_millis(350));
    process.signal(SIGTERM);
    let (status, _) = process.end();
    assert_eq!(status.code(), Some(143), "{status}");
}

fn rule_51_a_log_without_a_reader_is_named_in_the_report() {
    let process = Flooded::start("flood short multi base serves", false);
    process.signal(SIGTERM);
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(4), "{status}");
    for part in ["shutdown was incomplete", "base", "the log could not be written for", "non_blocking"] {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
}

fn rule_95_a_subscriber_that_holds_its_lock_does_not_hold_up_a_second_signal() {
    for flavor in ["current", "multi"] {
        let mut process = Process::start(&format!("one-lock {flavor} base serves"));
        process.wait_for("message: up in");
        process.signal(SIGTERM);
        process.wait_for("message: shutting down");
        // The interval is the subject: after 300 ms a signal is a second one.
        sleep(Duration::from_millis(350));
        process.signal(SIGTERM);
        let _ = process.end().exit_code(143).says(&["the log could not be written for"]);
    }
}

/// Suspends a process for so long.
fn suspend(process: &mut Process, time: Duration) {
    process.signal(SIGSTOP);
    sleep(time);
    process.signal(SIGCONT);
}

/// The intervals are the subject: one that leaves a deadline of two and a half seconds little time, and one that is past all
/// deadlines.
const SUSPENSIONS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(8)];

fn rule_52_a_suspended_process_gets_its_time_once_it_goes_on() {
    for unit in ["slow_in_teardown", "slow_at_shutdown"] {
        for time in SUSPENSIONS {
            let mut process = Process::start(&format!("five-seconds multi base {unit} serves"));
            process.wait_for(UP);
            process.signal(SIGTERM);
            process.wait_for(&format!("{unit}: begins"));
            suspend(&mut process, time);
            let ends = format!("{unit}: ends");
            let _ = process.end().exit_code(0).says(&[&ends, "base: torn down", "stopped in order"]);
        }
    }
}

fn rule_52_the_drop_of_a_runtime_gets_its_time_once_it_goes_on() {
    for options in ["multi", "current", "owned multi"] {
        let mut process = Process::start(&format!("five-seconds {options} base leaves_a_slow_thread"));
        process.wait_for(UP);
        process.signal(SIGTERM);
        process.wait_for("base: torn down");
        // Most of the time the drop has begun by then; the promise holds before, too.
        sleep(Duration::from_millis(300));
        suspend(&mut process, SUSPENSIONS[1]);
        let _ = process.end().exit_code(0).says(&["leaves_a_slow_thread: ends"]).says(&["stopped in order"]);
    }
}

fn rule_52_an_idle_app_is_not_woken() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let mut process = Process::start("multi base serves");
    process.wait_for(UP);
    // Far less than the startup limit, to which the watch thread would have looked.
    let until = Instant::now() + Duration::from_secs(30);
    let mut before = times_slept(process.id(), "lifespan-watch");
    loop {
        // The interval is the subject: it is several steps of the watch thread.
        sleep(Duration::from_secs(1));
        let now = times_slept(process.id(), "lifespan-watch");
        if now == before {
            return;
        }
        assert!(Instant::now() < until, "it is woken: {now} times so far");
        before = now;
    }
}

/// Returns how often this thread of a process has gone to sleep.
fn times_slept(process: u32, thread: &str) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("its threads");
    // A thread may end before it is looked at.
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let status = { statuses }.find(|status| status.contains(thread)).expect("the thread is there");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("the count");
    line.trim().parse().expect("a number")
}

fn rule_91_a_program_that_has_left_its_runtime_goes_on() {
    for options in ["background multi", "background computes multi", "other-runtime drops multi"] {
        let unit = if options.starts_with("background") { "leaves_a_thread" } else { "serves" };
        let mut process = Process::start(&format!("short {options} base {unit}"));
        process.wait_for(if unit == "serves" { UP } else { BLOCKING });
        process.signal(SIGTERM);
        let end = process.end().exit_code(0).never_says("did not return within");
        let _ = end.says(&["after launch: 0", "past the deadline", "stopped in order"]);
    }
}

fn rule_91_threads_with_numbers_in_their_names_are_found() {
    let mut process = Process::start("short numbered reaps multi base leaves_a_thread");
    process.wait_for(BLOCKING);
    process.signal(SIGTERM);
    let _ = process.end().exit_code(4).says(&["after launch: 0", "did not return within", "thread `pool-"]);
}

fn rule_91_a_thread_that_is_not_known_by_name_does_not_keep_the_process() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let mut process = Process::start("short current base leaves_a_thread");
    process.wait_for(BLOCKING);
    process.starve("starve");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(4).says(&["after launch: 0"]);
}

fn rule_92_a_destructor_that_blocks_does_not_keep_the_process() {
    for options in ["reaps current", "multi"] {
        let mut process = Process::start(&format!("short {options} base leaves_a_destructor"));
        process.wait_for(UP);
        process.signal(SIGTERM);
        let _ = process.end().exit_code(4).says(&["after launch: 0", BLOCKING, "shutdown was incomplete"]);
    }
}

fn rule_92_a_destructor_that_blocks_does_not_keep_run() {
    for flavor in ["current", "multi"] {
        let mut process = Process::start(&format!("owned short {flavor} base leaves_a_destructor"));
        process.wait_for(UP);
        process.signal(SIGTERM);
        let _ = process.end().exit_code(4).says(&["base: torn down", BLOCKING, "shutdown was incomplete"]);
    }
}

fn rule_92_a_run_that_was_refused_leaves_the_next_launch_watched() {
    let mut process = Process::start("refused-before short multi base leaves_a_thread");
    process.wait_for("before launch: 2");
    process.wait_for(BLOCKING);
    process.signal(SIGTERM);
    let _ = process.end().exit_code(4).says(&["after launch: 0", "did not return within"]);
}

fn rule_93_a_report_without_a_reader_does_not_keep_the_process() {
    for options in ["current", "multi", "owned multi"] {
        let (stderr, mut writer) = std::io::pipe().expect("a pipe");
        while !system::is_full(&writer) {
            writer.write_all(&[b'.'; 4096]).expect("there is room");
        }
        let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
        command.env_remove("LIFESPAN_CONFIG").env(PROGRAM, format!("short {options} base serves"));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(writer).spawn();
        drop(command);
        let mut child = child.expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains(UP) {
            line.clear();
            assert!(lines.read_line(&mut line).expect("the program writes") > 0, "it ended");
        }
        system::kill(child.id(), SIGTERM);
        assert_eq!(wait_for_end(&mut child).code(), Some(0));
        drop(stderr);
    }
}
