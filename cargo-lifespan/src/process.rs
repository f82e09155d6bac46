//! One process of the program: starts it with the sockets, asks it to stop, and kills it with its child processes.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::binaries::Binary;
use crate::cycle::{Ending, Generation};
use crate::notice::{Notice, Notices};
use crate::readiness::Readiness;
use crate::screen::{Copying, Screen, Stream};
use crate::sockets::Sockets;

/// A process that has not been waited for, so that no other process can get its id.
pub(crate) struct Process {
    child: Child,
    output: Vec<Copying>,
    /// The socket for readiness messages, open while the process runs.
    _readiness: Option<Readiness>,
}

impl Process {
    /// Starts a process. When it ends, [`Notice::Exited`] is sent.
    pub(crate) fn start(
        binary: &Binary,
        arguments: &[OsString],
        sockets: &Sockets,
        generation: Generation,
        screen: &Screen,
        notices: &Notices,
    ) -> anyhow::Result<Self> {
        let readiness = Readiness::listen(generation, notices)
            .inspect_err(|error| {
                screen.warn(&format!(
                    "cannot receive readiness messages of the program ({error}): it counts as up after one second"
                ));
            })
            .ok();
        let mut command = sockets.command(binary.path())?;
        command
            .args(arguments)
            .stdin(Stdio::null())
            // Its own process group: Ctrl-C reaches only us, and its child processes can be killed with it.
            .process_group(0);
        match &readiness {
            Some(readiness) => command.env("NOTIFY_SOCKET", readiness.path()),
            None => command.env_remove("NOTIFY_SOCKET"),
        };
        let streams = [Stream::Stdout, Stream::Stderr];
        let mut pipes = Vec::new();
        for stream in streams {
            pipes.extend(screen.capture(stream, &mut command)?.map(|pipe| (stream, pipe)));
        }
        if !pipes.is_empty() && std::env::var_os("NO_COLOR").is_none() {
            // Its output goes to a terminal, although it writes to a pipe.
            command.env("CLICOLOR_FORCE", "1").env("FORCE_COLOR", "1");
        }
        let child = command.spawn().context("cannot start the program")?;
        // The command holds our ends of the pipes, which would otherwise stay open.
        drop(command);
        let output = pipes.into_iter().map(|(stream, pipe)| screen.copy(stream, pipe)).collect();
        let (pid, notices) = (Pid::from_child(&child), notices.clone());
        std::thread::spawn(move || {
            // This thread only observes the exit. `finish` reaps the process, so that signals can't reach a reused process id.
            while let Err(rustix::io::Errno::INTR) =
                waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
            notices.send(Notice::Exited(generation));
        });
        Ok(Self { child, output, _readiness: readiness })
    }

    /// Asks the process to reload its configuration.
    pub(crate) fn reload(&self) {
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::HUP);
    }

    /// Asks the process to stop. It has to stop its child processes itself.
    pub(crate) fn terminate(&self) {
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }

    /// Kills the process and its child processes.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    /// Kills the child processes that an ended process left running, and returns how it ended.
    pub(crate) fn finish(mut self) -> anyhow::Result<Ending> {
        self.kill();
        let status = self.child.wait().context("cannot read the exit status of the program")?;
        // Its last lines are written before the first line of the next process.
        self.output.into_iter().for_each(Copying::finish);
        Ok(Ending { success: status.success(), how: words(status) })
    }
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}
