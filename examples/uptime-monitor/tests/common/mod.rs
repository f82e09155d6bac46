//! The monitor in its own process and directory, and endpoints for it to watch.
#![allow(dead_code, reason = "each test binary uses what it needs")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The longest time that a test waits; even on a busy machine tests need much less.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that is removed after the test.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("uptime-monitor-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn configure(&self, toml: &str) {
        std::fs::write(self.0.join("lifespan.toml"), toml).unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // The system removes the remaining files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running monitor.
pub struct Monitor {
    child: Child,
    lines: Receiver<String>,
    seen: String,
    pub address: SocketAddr,
}

impl Monitor {
    /// Returns the command that runs the monitor there, without our environment variables.
    pub fn command(directory: &Directory, toml: &str) -> Command {
        directory.configure(toml);
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptime-monitor"));
        command.current_dir(&directory.0).env_remove("LIFESPAN_CONFIG").env_remove("CARGO_MANIFEST_DIR");
        command
    }

    /// Starts a monitor of these endpoints on a free port, and waits until it is up.
    pub fn start(directory: &Directory, probes: &[(&str, &str)]) -> Self {
        Self::run(Self::command(directory, &configuration(probes)))
    }

    pub fn run(mut command: Command) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .expect("the monitor starts");
        // The command holds our end of the pipe, which would otherwise stay open.
        drop(command);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // The receiver may be dropped earlier: then the rest is not needed.
            BufReader::new(reader).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut monitor = Self { child, lines, seen: String::new(), address: ([127, 0, 0, 1], 0).into() };
        let line = monitor.wait_for("listening on http://");
        monitor.address = line.rsplit("http://").next().unwrap().parse().unwrap();
        monitor.wait_for(" up in ");
        monitor
    }

    /// Waits for the next line that contains this.
    pub fn wait_for(&mut self, part: &str) -> String {
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

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; returns its exit code and its output.
    pub fn end(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        // The pipe is closed when the process has ended.
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen += &line;
            self.seen.push('\n');
        }
        assert!(Instant::now() < until, "it does not end:\n{}", self.seen);
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.seen))
    }

    /// Sends SIGTERM, and waits for a graceful shutdown.
    #[track_caller]
    pub fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (code, output) = self.end();
        assert_eq!(code, Some(0), "{output}");
        output
    }

    /// Sends a request; returns the status and the body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut answer = String::new();
        self.ask(path).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // In HTTP/1.0 the body ends with the connection and is not chunked.
        write!(stream, "GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.address).unwrap();
        stream
    }

    pub fn updates(&self) -> Updates {
        Updates(BufReader::new(self.ask("/events")))
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // After `end` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Live updates, as a browser receives them.
pub struct Updates(BufReader<TcpStream>);

impl Updates {
    /// Returns the next update; `None` when the stream has ended.
    pub fn next(&mut self) -> Option<Value> {
        let until = Instant::now() + PATIENCE;
        let mut line = String::new();
        while self.0.read_line(&mut line).expect("an update, or the end") > 0 {
            assert!(Instant::now() < until, "only keep-alive messages came");
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
            line.clear();
        }
        None
    }

    /// Waits for an update that matches.
    #[track_caller]
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        while let Some(update) = self.next() {
            if wanted(&update) {
                return update;
            }
            assert!(Instant::now() < until, "no update matched; the last one: {update:#}");
        }
        panic!("the stream ended without a matching update");
    }
}

/// An endpoint that answers with a status set by the test.
pub struct Target {
    pub url: String,
    status: Arc<AtomicU16>,
}

impl Target {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let answers = Arc::clone(&status);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A disconnected client does not matter here.
                let _ = stream.and_then(|stream| answer(stream, answers.load(Ordering::SeqCst)));
            }
        });
        Self { url, status }
    }

    pub fn say(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

/// Reads the head of a request, and answers.
pub fn answer(mut stream: impl Read + Write, status: u16) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    write!(stream, "HTTP/1.1 {status} whatever\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")?;
    stream.flush()
}

/// Returns a configuration with these endpoints, by name and URL, each with a short period.
pub fn configuration(probes: &[(&str, &str)]) -> String {
    let server = "[tasks.server]\nbind = \"127.0.0.1:0\"\n".to_owned();
    let probe =
        |(name, url): &(&str, &str)| format!("[[tasks.probe]]\nname = {name:?}\nurl = {url:?}\nperiod = \"200ms\"\n");
    server + &probes.iter().map(probe).collect::<String>()
}
