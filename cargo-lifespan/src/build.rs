//! Runs `cargo build`: shows its messages as they arrive, and reads the path of the executable from its output.

use std::io::{BufRead, BufReader, PipeReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use crate::notice::{Notice, Notices};
use crate::screen::{Copying, Screen, Stream};
use crate::workspace::{Program, cargo};

/// A running build.
pub(crate) struct Build {
    child: Child,
    messages: Option<Copying>,
}

impl Build {
    /// Starts a build. When it ends, [`Notice::BuildEnded`] is sent.
    pub(crate) fn start(
        program: &Program,
        passed_on: &[std::ffi::OsString],
        screen: &Screen,
        notices: &Notices,
    ) -> anyhow::Result<Self> {
        let (reader, writer) = std::io::pipe().context("cannot create a pipe")?;
        let mut command = Command::new(cargo());
        command
            .args(["build", "--message-format", "json-render-diagnostics", "--package", &program.package])
            .args([if program.example { "--example" } else { "--bin" }, &program.name])
            .args(passed_on)
            .stdin(Stdio::null())
            .stdout(writer)
            // Ctrl-C reaches only us: we decide when cargo and its child processes end.
            .process_group(0);
        let stderr = screen.capture(Stream::Stderr, &mut command)?;
        if stderr.is_some() {
            command.args(["--color", "always"]);
        }
        let child = command.spawn().context("cannot run `cargo build`; is cargo installed and in PATH?")?;
        // The command holds our ends of the pipes, which would otherwise stay open.
        drop(command);
        let messages = stderr.map(|pipe| screen.copy(Stream::Stderr, pipe));
        let (program, notices) = (program.clone(), notices.clone());
        std::thread::spawn(move || notices.send(Notice::BuildEnded(executable(reader, &program))));
        Ok(Self { child, messages })
    }

    /// Asks cargo and its child processes to end.
    pub(crate) fn cancel(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills cargo and its child processes.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // The process may have ended already. Until it is waited for, no other process gets its id.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }

    /// Waits for cargo, which has closed its output; returns true if the build succeeded.
    pub(crate) fn finish(mut self) -> anyhow::Result<bool> {
        let status = self.child.wait().context("cannot read the exit status of `cargo build`")?;
        if let Some(messages) = self.messages {
            messages.finish();
        }
        Ok(status.success())
    }
}

/// Reads all messages of cargo, and returns the path of the executable if it was built.
fn executable(messages: PipeReader, program: &Program) -> Option<PathBuf> {
    let mut found = None;
    for line in BufReader::new(messages).lines().map_while(Result::ok) {
        // A build script or a linker may have written other lines.
        match serde_json::from_str(&line) {
            Ok(Message::CompilerArtifact { target, executable: Some(path) }) if target.is(program) => {
                found = Some(path);
            }
            // A process that outlives cargo may keep the pipe open.
            Ok(Message::BuildFinished { success }) => return found.filter(|_| success),
            _ => {}
        }
    }
    None
}

/// The messages of cargo that are read here.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        target: Target,
        executable: Option<PathBuf>,
    },
    BuildFinished {
        success: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Target {
    fn is(&self, program: &Program) -> bool {
        let kind = if program.example { "example" } else { "bin" };
        self.name == program.name && self.kind.iter().any(|own| own == kind)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIBRARY: &str = r#"{"reason":"compiler-artifact","target":{"name":"web","kind":["lib"]},"executable":null}"#;
    const SCRIPT: &str =
        r#"{"reason":"compiler-artifact","target":{"name":"web","kind":["custom-build"]},"executable":"/script"}"#;
    const PROGRAM: &str =
        r#"{"reason":"compiler-artifact","target":{"name":"web","kind":["bin"]},"executable":"/web"}"#;
    const OTHER: &str = r#"{"reason":"build-script-executed","linked_libs":[]}"#;
    const FINISHED: &str = r#"{"reason":"build-finished","success":true}"#;
    const FAILED: &str = r#"{"reason":"build-finished","success":false}"#;

    fn read(lines: &[&str]) -> Option<PathBuf> {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writeln!(writer, "{}", lines.join("\n")).expect("written");
        drop(writer);
        let program = Program { package: "web".to_owned(), name: "web".to_owned(), example: false };
        executable(reader, &program)
    }

    #[test]
    fn the_executable_is_the_program_s_own() {
        assert_eq!(read(&[LIBRARY, SCRIPT, PROGRAM, OTHER, "not cargo's", FINISHED]), Some(PathBuf::from("/web")));
        assert_eq!(read(&[PROGRAM, FAILED]), None);
        assert_eq!(read(&[PROGRAM]), None, "cut off");
        assert_eq!(read(&[LIBRARY, SCRIPT, FINISHED]), None);
    }
}
