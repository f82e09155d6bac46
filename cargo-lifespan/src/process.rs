//! One process of the program: started on the sockets, told to stop, killed with all that it has started.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::binaries::Binary;
use crate::cycle::{Ending, Generation};
use crate::dev::{Notice, Notices};
use crate::readiness::Readiness;
use crate::screen::{Copying, Screen, Stream};
use crate::sockets::Sockets;

/// A process that has not been waited for: nothing else can have its number.
pub(crate) struct Process {
    child: Child,
    output: Vec<Copying>,
    /// Open for as long as it lives.
    _readiness: Option<Readiness>,
}

impl Process {
    /// Starts it. Its end is a [`Notice::Exited`].
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
                    "cannot hear the program say that it is up ({error}): it counts as up after a second"
                ));
            })
            .ok();
        let mut command = sockets.command(binary.path())?;
        command
            .args(arguments)
            .stdin(Stdio::null())
            // Of its own, so that Ctrl-C reaches us alone, and that all it starts can be killed.
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
            // It writes to a pipe, and yet to a terminal.
            command.env("CLICOLOR_FORCE", "1").env("FORCE_COLOR", "1");
        }
        let child = command.spawn().context("cannot start the program")?;
        // It holds our ends of the pipes, which would then never be closed.
        drop(command);
        let output = pipes.into_iter().map(|(stream, pipe)| screen.copy(stream, pipe)).collect();
        let (pid, notices) = (Pid::from_child(&child), notices.clone());
        std::thread::spawn(move || {
            // It is only looked at here, and waited for by whoever may still send it a signal.
            while let Err(rustix::io::Errno::INTR) =
                waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
            notices.send(Notice::Exited(generation));
        });
        Ok(Self { child, output, _readiness: readiness })
    }

    /// Tells it to read its configuration anew.
    pub(crate) fn reload(&self) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.child), Signal::HUP);
    }

    /// Tells it to stop; what it has started is its own affair.
    pub(crate) fn terminate(&self) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }

    /// Kills it, and all that it has started.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    /// It has ended: clears away what it has left running, and tells how it ended.
    pub(crate) fn finish(mut self) -> anyhow::Result<Ending> {
        self.kill();
        let status = self.child.wait().context("cannot learn how the program ended")?;
        // Its last lines come before the first of the next.
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
