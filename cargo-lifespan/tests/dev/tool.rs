//! Runs `cargo lifespan dev` on a copy of the fixture: reads its lines, edits files, sends signals, and waits for its end.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The longest time that a test waits; even on a busy machine tests need much less.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running `cargo lifespan dev`.
pub(crate) struct Tool {
    child: Child,
    folder: PathBuf,
    lines: Receiver<String>,
    /// The lines read so far.
    seen: String,
}

impl Tool {
    /// Starts it on a copy of the fixture.
    pub(crate) fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    /// Starts it with arguments.
    pub(crate) fn start_with(name: &str, arguments: &[&str]) -> Self {
        // One pipe for all outputs keeps their lines in order.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        Self::spawn(name, arguments, reader, writer.into())
    }

    /// Starts it on a terminal of this width.
    pub(crate) fn start_on_a_terminal(name: &str, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal");
        let path = ptsname(&master, Vec::new()).expect("its name");
        let terminal = open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("opened");
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).expect("its size");
        Self::spawn(name, &[], File::from(master), terminal)
    }

    fn spawn(name: &str, arguments: &[&str], reader: impl Read + Send + 'static, writer: OwnedFd) -> Self {
        let folder = copy_of_the_fixture(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lifespan"));
        command.args(["lifespan", "dev"]).args(arguments).current_dir(&folder);
        for variable in ["CARGO_TARGET_DIR", "LIFESPAN_CONFIG", "LISTEN_FDS", "LISTEN_PID", "NO_COLOR"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let child = command.spawn().expect("the tool starts");
        // The command holds this end of the pipe, which would otherwise stay open.
        drop(command);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut line = Vec::new();
            // A terminal whose other side is closed ends with an error; the text before it is a line.
            while reader.read_until(b'\n', &mut line).is_ok() || !line.is_empty() {
                let whole = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
                // The receiver may be dropped earlier: then the rest is not needed.
                if line.is_empty() || sender.send(whole).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self { child, folder, lines, seen: String::new() }
    }

    /// Waits for a line that contains this, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen += &line;
            self.seen.push('\n');
            if line.contains(part) {
                return line;
            }
        }
        panic!("no line with {part:?} came:\n{}", self.seen);
    }

    /// Waits for lines that contain these, in this order.
    #[track_caller]
    pub(crate) fn wait_for_all(&mut self, parts: &[&str]) {
        for part in parts {
            self.wait_for(part);
        }
    }

    /// Waits until the first program is up, and returns its address.
    pub(crate) fn wait_until_up(&mut self) -> String {
        let listening = self.wait_for("Listening on ");
        self.wait_for("Up fixture");
        listening.split_whitespace().last().expect("an address").to_owned()
    }

    /// Writes a file of the copy.
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.join(file), text).expect("written");
    }

    /// Edits the program with all these replacements in one write.
    #[track_caller]
    pub(crate) fn edit(&self, replacements: &[(&str, &str)]) {
        let mut text = fs::read_to_string(self.folder.join("src/main.rs")).expect("read");
        for (from, to) in replacements {
            assert!(text.contains(from), "{text}");
            text = text.replace(from, to);
        }
        self.write("src/main.rs", &text);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Sends a signal repeatedly until a line contains this.
    #[track_caller]
    pub(crate) fn signal_until(&mut self, signal: Signal, part: &str) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            // It may have ended while the line is still unread.
            let _ = kill_process(Pid::from_child(&self.child), signal);
            while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(50)) {
                self.seen += &line;
                self.seen.push('\n');
                if line.contains(part) {
                    return;
                }
            }
        }
        panic!("no line with {part:?} came:\n{}", self.seen);
    }

    /// Waits for the end of the tool and its child processes; returns its status and all lines.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen += &line;
            self.seen.push('\n');
        }
        assert!(Instant::now() < until, "it does not end:\n{}", self.seen);
        (self.child.wait().expect("its status"), std::mem::take(&mut self.seen))
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // After `end` no process is left. Otherwise the program ends with the tool, and a build after the gate opens.
        let _ = fs::write(self.folder.join("gate"), "open");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connects to a program, and returns its answer.
pub(crate) fn ask(address: &str) -> std::io::Result<String> {
    let mut answer = String::new();
    TcpStream::connect(address)?.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Copies the fixture into its own folder.
fn copy_of_the_fixture(name: &str) -> PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dev").join(name);
    fs::create_dir_all(folder.join("src")).expect("a folder");
    // Remove the files of an earlier run, except cargo's build output.
    for left in ["README", "lifespan.toml"] {
        let _ = fs::remove_file(folder.join(left));
    }
    for file in ["Cargo.toml", "build.rs", "gate", "src/main.rs"] {
        fs::write(folder.join(file), fs::read(fixture.join(file)).expect("read")).expect("written");
    }
    folder
}
