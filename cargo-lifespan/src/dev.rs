//! Runs `cargo lifespan dev`: passes events to the cycle, and carries out the actions that it returns.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::arguments::Arguments;
use crate::binaries::{Binaries, Binary};
use crate::build::Build;
use crate::cycle::{Action, Cycle, Ending, Input};
use crate::notice::{self, Notice, Notices};
use crate::process::Process;
use crate::screen::{Screen, Tone};
use crate::sockets::Sockets;
use crate::status::{self, About};
use crate::watch::{Watch, Watched};
use crate::workspace::{Program, Workspace};

/// The interval for redrawing the status line.
const REDRAWN: Duration = Duration::from_millis(100);

/// Runs until it is interrupted, and returns the exit code.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let workspace = Workspace::read(&arguments)?;
    let (listen, origin) = if arguments.listen.is_empty() {
        (&workspace.listen, format!("[package.metadata.lifespan.dev] in {}", workspace.manifest.display()))
    } else {
        (&arguments.listen, "--listen".to_owned())
    };
    let sockets = Sockets::bind(listen, &origin)?;

    let (notices, heard) = notice::channel();
    interrupts(notices.clone())?;

    let screen = Screen::new();
    let watch = Watch::new(watched(&workspace)?)?;
    let packages =
        if workspace.packages == 1 { "1 package".to_owned() } else { format!("{} packages", workspace.packages) };
    let addresses: Vec<_> = sockets.addresses().iter().map(ToString::to_string).collect();
    let about = About {
        name: workspace.program.name.clone(),
        watched: format!("{} files of {packages}", watch.files()),
        addresses: addresses.join(", "),
    };
    if addresses.is_empty() {
        screen.warn(
            "no listening sockets are configured, so connections during a restart are refused; list them in [package.metadata.lifespan.dev] (listen = [\"127.0.0.1:3000\"]) or use --listen",
        );
    } else {
        screen.say(Tone::Plain, "Listening", &format!("on {}", about.addresses));
    }
    screen.say(Tone::Plain, "Watching", &about.watched);
    let reread = {
        let arguments = arguments.clone();
        // An unreadable manifest is reported by the build.
        move || Workspace::read_quietly(&arguments).and_then(|workspace| watched(&workspace)).ok()
    };
    watch.start(reread, screen.clone(), notices.clone());

    let binaries = Binaries::below(&workspace.target_directory);
    let program = workspace.program;
    let mut session =
        Session { arguments, program, sockets, binaries, screen, about, notices, build: None, process: None };
    let code = session.run(&heard);
    session.screen.close();
    code
}

/// Forwards Ctrl-C and the other signals that ask a process to stop.
fn interrupts(notices: Notices) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot handle signals")?;
    std::thread::spawn(move || signals.forever().all(|_| notices.send(Notice::Interrupted)));
    Ok(())
}

/// Returns the files to watch: the sources of the program and its config file.
fn watched(workspace: &Workspace) -> anyhow::Result<Watched> {
    let config = match std::env::var_os("LIFESPAN_CONFIG") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from("lifespan.toml"),
    };
    Ok(Watched {
        sources: workspace.watched.clone(),
        config: vec![std::path::absolute(config).context("cannot read the working directory")?],
        target_directory: workspace.target_directory.clone(),
    })
}

/// The running session: build, process, sockets and screen.
struct Session {
    arguments: Arguments,
    program: Program,
    sockets: Sockets,
    binaries: Binaries,
    screen: Screen,
    about: About,
    notices: Notices,
    build: Option<Build>,
    process: Option<Process>,
}

impl Session {
    fn run(&mut self, heard: &Receiver<Notice>) -> anyhow::Result<u8> {
        let (mut cycle, mut actions) = Cycle::begin(Instant::now());
        loop {
            for action in actions {
                if let Some(code) = self.act(action)? {
                    return Ok(code);
                }
            }
            let now = Instant::now();
            if self.screen.has_status() {
                let (tone, text) = status::status(&cycle.status(now), &self.about);
                self.screen.status(tone, text);
            }
            let deadline = cycle.deadline().into_iter().chain(self.screen.has_status().then(|| now + REDRAWN)).min();
            let notice = match deadline {
                Some(deadline) => heard.recv_timeout(deadline.saturating_duration_since(now)),
                None => heard.recv().map_err(RecvTimeoutError::from),
            };
            let input = match notice {
                Ok(notice) => self.input(notice)?,
                Err(_) => Input::Tick,
            };
            actions = cycle.handle(Instant::now(), input);
        }
    }

    fn input(&mut self, notice: Notice) -> anyhow::Result<Input<Binary>> {
        Ok(match notice {
            Notice::Changed(change) => Input::Changed(change),
            Notice::BuildEnded(executable) => {
                let succeeded = self.build.take().map_or(Ok(false), Build::finish)?;
                let executable = executable.filter(|_| succeeded);
                Input::Built(executable.and_then(|path| self.heed(|session| session.binaries.keep(&path))))
            }
            Notice::Announces(generation) => Input::Announces(generation),
            Notice::Reloads(generation) => Input::Reloads(generation),
            Notice::Ready(generation) => Input::Ready(generation),
            Notice::Exited(generation) => {
                let ending = match self.process.take() {
                    Some(process) => process.finish()?,
                    None => Ending { success: false, how: "not started".to_owned() },
                };
                Input::Exited(generation, ending)
            }
            Notice::Interrupted => Input::Interrupted,
        })
    }

    fn act(&mut self, action: Action<Binary>) -> anyhow::Result<Option<u8>> {
        match action {
            Action::Build => {
                self.screen.say(Tone::Busy, "Building", &self.about.name);
                self.build = Some(Build::start(&self.program, &self.arguments.build, &self.screen, &self.notices)?);
            }
            Action::CancelBuild => self.build.iter().for_each(Build::cancel),
            Action::Start(binary, generation) => {
                self.process = self.heed(|session| {
                    let (arguments, sockets) = (&session.arguments.program, &session.sockets);
                    Process::start(&binary, arguments, sockets, generation, &session.screen, &session.notices)
                });
                if self.process.is_none() {
                    self.notices.send(Notice::Exited(generation));
                }
            }
            Action::Reload => self.process.iter().for_each(Process::reload),
            Action::Terminate => self.process.iter().for_each(Process::terminate),
            Action::Kill => self.process.iter().for_each(Process::kill),
            Action::Say(fact) => {
                let (tone, word, text) = status::line(&fact, &self.about);
                self.screen.say(tone, word, &text);
            }
            Action::Exit(code) => return Ok(Some(code)),
        }
        Ok(None)
    }

    /// Runs work whose failure is only a warning: it may succeed after the next change.
    fn heed<T>(&mut self, work: impl FnOnce(&mut Self) -> anyhow::Result<T>) -> Option<T> {
        work(self).inspect_err(|error| self.screen.warn(&format!("{error:#}"))).ok()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // After an error or a forced end, no process is left running.
        if let Some(build) = self.build.take() {
            build.kill();
            let _ = build.finish();
        }
        if let Some(process) = self.process.take() {
            let _ = process.finish();
        }
    }
}
