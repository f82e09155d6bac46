//! A program under test as a process: its output, line by line as it comes, signals to it, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::system;

/// The variable that makes this binary a program.
pub(crate) const PROGRAM: &str = "LIFESPAN_TEST_PROGRAM";

/// No test waits longer for anything; on a busy machine all of them are far below.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What was read of its output so far.
    seen: String,
}

/// How a program ended.
pub(crate) struct End {
    status: ExitStatus,
    pub(crate) output: String,
}

/// Without the file that the variables of the user may name.
fn this_binary() -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    command.env_remove("LIFESPAN_CONFIG");
    command
}

impl Process {
    pub(crate) fn start(program: &str) -> Self {
        Self::spawn(this_binary(), program)
    }

    /// With variables of the environment.
    pub(crate) fn start_with(program: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = this_binary();
        command.envs(variables.iter().copied());
        Self::spawn(command, program)
    }

    /// With signals ignored, as `nohup` starts a program with the hang-up ignored.
    pub(crate) fn start_ignoring(signals: &str, program: &str) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("trap '' {signals}; exec \"$0\"")])
            .arg(std::env::current_exe().expect("the path of this binary"));
        Self::spawn(command, program)
    }

    /// In this directory, with a terminal for its standard input or without.
    pub(crate) fn start_in(directory: &Path, program: &str, terminal: Option<OwnedFd>) -> Self {
        let mut command = this_binary();
        command.current_dir(directory).stdin(terminal.map_or_else(Stdio::piped, Stdio::from));
        Self::spawn_with_input(command, program)
    }

    /// With a standard error of its own that nothing reads: the ends of that pipe.
    pub(crate) fn start_unread(program: &str) -> (Self, PipeReader, PipeWriter) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = this_binary();
        command.stdin(Stdio::piped());
        let process = Self::spawn_with(command, program, Some(writer.try_clone().expect("a pipe")));
        (process, reader, writer)
    }

    fn spawn(mut command: Command, program: &str) -> Self {
        command.stdin(Stdio::piped());
        Self::spawn_with_input(command, program)
    }

    fn spawn_with_input(command: Command, program: &str) -> Self {
        Self::spawn_with(command, program, None)
    }

    fn spawn_with(mut command: Command, program: &str, stderr: Option<PipeWriter>) -> Self {
        // One pipe for both outputs keeps their lines in order.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let stderr = stderr.unwrap_or_else(|| writer.try_clone().expect("a pipe"));
        let mut child =
            command.env(PROGRAM, program).stdout(writer).stderr(stderr).spawn().expect("the program starts");
        // It holds this end of the pipe, which would then never be closed.
        drop(command);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // The receiver may be dropped before: then the rest is not needed.
            BufReader::new(reader).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, seen: String::new() }
    }

    /// Waits for a line that contains this.
    pub(crate) fn wait_for(&mut self, part: &str) {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen += &line;
            self.seen.push('\n');
            if line.contains(part) {
                return;
            }
        }
        panic!("no line with {part:?} came:\n{}", self.seen);
    }

    pub(crate) fn signal(&mut self, signal: i32) {
        assert!(self.is_running(), "ended before it got signal {signal}:\n{}", self.seen);
        system::kill(self.child.id(), signal);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_none()
    }

    /// Returns its number in the system.
    /// Takes memory or threads away from the program, once its watch thread waits: one that only begins would need some.
    pub(crate) fn starve(&mut self, how: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        let is_asleep = |status: String| status.contains("lifespan-watch") && status.contains("State:\tS");
        let tasks = format!("/proc/{}/task", self.id());
        // No event reports that a thread of another process has begun to wait.
        while !fs::read_dir(&tasks).expect("its threads").any(|task| {
            task.ok().and_then(|task| fs::read_to_string(task.path().join("status")).ok()).is_some_and(is_asleep)
        }) {
            assert!(Instant::now() < until, "the watch thread does not wait");
            thread::sleep(Duration::from_millis(1));
        }
        self.send(how);
        self.wait_for("starved");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to the program.
    pub(crate) fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{line}").expect("the program reads");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> End {
        let until = Instant::now() + PATIENCE;
        // The pipe is closed when the process has ended.
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen += &line;
            self.seen.push('\n');
        }
        assert!(Instant::now() < until, "it does not end:\n{}", self.seen);
        let status = self.child.wait().expect("its status");
        End { status, output: std::mem::take(&mut self.seen) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `end` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl End {
    #[track_caller]
    pub(crate) fn exit_code(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{}\n{}", self.status, self.output);
        self
    }

    #[track_caller]
    pub(crate) fn killed_by(self, signal: i32) -> Self {
        assert_eq!(self.status.signal(), Some(signal), "{}\n{}", self.status, self.output);
        self
    }

    /// The output has these parts, in this order.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        let mut rest = self.output.as_str();
        for part in parts {
            let Some(position) = rest.find(part) else {
                panic!("no {part:?}, or not in its place:\n{}", self.output);
            };
            rest = &rest[position + part.len()..];
        }
        self
    }

    #[track_caller]
    pub(crate) fn never_says(self, part: &str) -> Self {
        assert!(!self.output.contains(part), "{part:?}:\n{}", self.output);
        self
    }
}
