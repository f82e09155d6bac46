//! Where a server listens and how, from code, file, environment and parent, and what bad input gets: real processes, since
//! these belong to one.
//!
//! The test binary runs itself again as the program: with `PROGRAM` set, the test of that name is `main`.
#![cfg(unix)]

mod common;

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::Router;
use lifespan::{App, Cause, Report, Stage};
use lifespan_axum::{ListenError, Server};

const PROGRAM: &str = "LIFESPAN_TEST_PROGRAM";
const ADDRESS: &str = "LIFESPAN_TEST_ADDRESS";

/// The program itself, which stops as soon as it is up; nothing where it is not asked to be.
#[test]
fn program() {
    let Ok(how) = std::env::var(PROGRAM) else { return };
    tracing_subscriber::fmt().with_ansi(false).init();
    let app = App::new().without_signals();
    let server = Server::new(Router::new());
    match how.as_str() {
        "open" => drop(app.register(server).unwrap()),
        "bound" => drop(app.register(server.bind(std::env::var(ADDRESS).unwrap())).unwrap()),
        "full" => drop(app.register(server.bind("127.0.0.1:0").grace(Duration::from_secs(1))).unwrap()),
        "two" => {
            app.register(server.clone()).unwrap();
            app.register(server).unwrap();
        }
        "nothing" => {}
        how => panic!("there is no program {how}"),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let report = runtime.block_on(async {
        match app.start().await {
            Ok(running) => running.stop().await,
            Err(error) => error.into_report(),
        }
    });
    println!("{report}");
    std::process::exit(report.exit_code().into());
}

struct Program {
    command: Command,
    directory: PathBuf,
}

/// What it wrote, and how it ended.
struct Ran {
    text: String,
    code: i32,
}

impl Program {
    /// Directly, or by way of a shell that hands its standard input down as a socket.
    fn new(name: &str, how: &str, hands_down: Option<Stdio>) -> Self {
        let directory = std::env::temp_dir().join(format!("lifespan-axum-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let me = std::env::current_exe().unwrap();
        let mut command = match hands_down {
            None => Command::new(me),
            Some(input) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" 3<&0"#]).arg(me).stdin(input);
                shell
            }
        };
        command.args(["program", "--exact", "--nocapture"]).env(PROGRAM, how).current_dir(&directory);
        Self { command, directory }
    }

    fn file(self, text: &str) -> Self {
        std::fs::write(self.directory.join("lifespan.toml"), text).unwrap();
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn run(mut self) -> Ran {
        let output = self.command.output().unwrap();
        std::fs::remove_dir_all(&self.directory).unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        Ran { text, code: output.status.code().unwrap() }
    }
}

impl Ran {
    #[track_caller]
    fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "{part}\n{}", self.text);
        }
    }
}

#[test]
fn what_code_leaves_open_stands_in_the_file_and_a_variable_goes_before_it() {
    let file = "[tasks.server]\nbind = 'unix:file.sock'\ngrace = '2s'\ndrain_delay = '1ms'\nmax_connections = 5\n";
    Program::new("file", "open", None).file(file).run().expect(0, &["listening on unix:file.sock"]);
    let variable = "LIFESPAN__TASKS__SERVER__BIND";
    Program::new("variable", "open", None)
        .file(file)
        .env(variable, "unix:variable.sock")
        .run()
        .expect(0, &["listening on unix:variable.sock"]);
    let tables = "[[tasks.server]]\nbind = 'unix:one.sock'\n[[tasks.server]]\nbind = 'unix:two.sock'\n";
    Program::new("tables", "two", None)
        .file(tables)
        .run()
        .expect(0, &["listening on unix:one.sock", "listening on unix:two.sock"]);
    Program::new("health", "nothing", None)
        .file("[tasks.health_server]\nbind = 'unix:health.sock'\n")
        .run()
        .expect(0, &["answers for its health on unix:health.sock"]);
}

#[test]
fn what_is_wrong_in_the_sources_is_told_before_anything_runs() {
    let file = "[tasks.server]\nbnd = '127.0.0.1:0'\ngrace = 'soon'\nmax_connections = -1\n";
    Program::new("wrong", "open", None).file(file).run().expect(
        2,
        &[
            "unknown argument `bnd`",
            "did you mean `bind`",
            "invalid value for `tasks.server.grace`",
            "`tasks.server.max_connections`",
        ],
    );
    Program::new("fixed", "full", None)
        .file("[tasks.server]\nbind = '127.0.0.1:1'\nmax_connections = 5\n")
        .env("LIFESPAN__TASKS__SERVER__GRACE", "5s")
        .run()
        .expect(
            2,
            &[
                "`tasks.server.bind` has no effect: code sets it",
                "lifespan.toml:2:1",
                "LIFESPAN__TASKS__SERVER__GRACE has no effect: code sets it",
                "leave `bind` open in code",
            ],
        );
    Program::new("three", "two", None)
        .file(&"[[tasks.server]]\nbind = 'unix:one.sock'\n".repeat(3))
        .run()
        .expect(2, &["`[[tasks.server]]` has 3 tables, but code registers 2 instances of `server`", "settings.rs:"]);
    Program::new("only", "nothing", None)
        .file("[tasks.server]\nbind = '127.0.0.1:0'\n")
        .run()
        .expect(2, &["only code can set its argument `router: axum::Router`"]);
}

#[test]
fn a_socket_that_was_handed_down_is_taken_by_number_or_by_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let listening = format!("listening on http://{address}");
    for asked in ["inherited:0", &address] {
        let socket = OwnedFd::from(listener.try_clone().unwrap());
        Program::new("inherited", "bound", Some(socket.into())).env(ADDRESS, asked).run().expect(0, &[&listening]);
    }
    // It is the parent's still.
    Program::new("beside", "bound", None).env(ADDRESS, &address).run().expect(3, &["the address is in use"]);
}

#[test]
fn what_was_handed_down_and_is_no_socket_or_was_not_handed_down_is_told() {
    Program::new("null", "bound", Some(Stdio::null()))
        .env(ADDRESS, "inherited:0")
        .run()
        .expect(3, &[r#"can't listen on "inherited:0": what was handed down there is no TCP socket that listens"#]);
    Program::new("none", "bound", None).env(ADDRESS, "inherited:0").run().expect(
        3,
        &["0 sockets were handed down, counted from 0 (LISTEN_FDS)", "start it under what hands sockets down"],
    );
}

#[test]
fn what_was_handed_down_and_can_not_be_listened_on_is_told_with_why() {
    let file = std::env::temp_dir().join(format!("lifespan-axum-{}.txt", std::process::id()));
    std::fs::write(&file, "no socket").unwrap();
    let regular = std::fs::File::open(&file).unwrap();
    let datagrams = OwnedFd::from(std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    // As a parent hands down that speaks to its child.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = OwnedFd::from(std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let mut cases = vec![
        ("regular", Stdio::from(regular), "fd 3 is not a socket"),
        ("datagrams", datagrams.into(), "fd 3 is not a valid tcp socket"),
    ];
    if cfg!(target_os = "linux") {
        cases.push(("connection", connection.into(), "it does not listen"));
    }
    for (name, handed_down, why) in cases {
        let ran = Program::new(name, "bound", Some(handed_down)).env(ADDRESS, "inherited:0").run();
        let what = "can't listen on \"inherited:0\": what was handed down there is no TCP socket that listens";
        ran.expect(3, &[&format!("{what} ({why})"), "start it under what hands sockets down"]);
    }
    std::fs::remove_file(file).unwrap();
}

async fn refused(address: &str) -> Report {
    let app = App::empty();
    app.register(Server::new(Router::new()).bind(address)).unwrap();
    let report = tokio::time::timeout(common::SOON, app.launch()).await.expect("it is refused");
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    assert_eq!((failure.stage(), failure.cause()), (Stage::Startup, &Cause::Error));
    assert_eq!(failure.inspect_error(|error: &ListenError| error.address().to_owned()).as_deref(), Some(address));
    assert_eq!(report.exit_code(), 3);
    report
}

#[tokio::test]
async fn a_port_in_use_is_told_with_who_uses_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let text = refused(&address).await.to_string();
    let by = if cfg!(target_os = "linux") { " by this process itself" } else { "" };
    assert!(
        text.contains(&format!("can't listen on \"{address}\": the address is in use{by}; stop what listens")),
        "{text}"
    );
}

/// The holder is another process, which has the socket as its input.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_else_listens_is_named() {
    let path = std::env::temp_dir().join(format!("lifespan-axum-held-{}.sock", std::process::id()));
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = (port.local_addr().unwrap().to_string(), OwnedFd::from(port));
    let socket = OwnedFd::from(std::os::unix::net::UnixListener::bind(&path).unwrap());
    for (address, socket) in [port, (format!("unix:{}", path.display()), socket)] {
        let mut holder = Command::new("sleep").arg("600").stdin(socket).spawn().unwrap();
        let text = refused(&address).await.to_string();
        holder.kill().unwrap();
        let number = holder.id();
        holder.wait().unwrap();
        assert!(
            text.contains(&format!("the address is in use by process {number} (sleep); stop what listens")),
            "{text}"
        );
    }
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_stays_where_it_is() {
    let path = std::env::temp_dir().join(format!("lifespan-axum-file-{}", std::process::id()));
    std::fs::write(&path, "precious").unwrap();
    let text = refused(&format!("unix:{}", path.display())).await.to_string();
    assert!(text.contains("what stands there is no socket; move it away, or choose another address"), "{text}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn no_permission_is_told_with_what_needs_it() {
    use std::os::unix::fs::PermissionsExt;
    let closed = std::env::temp_dir().join(format!("lifespan-axum-closed-{}", std::process::id()));
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Where root may do everything in a directory, it may still make no socket in a file system without files.
    let directories = [closed.as_path(), "/dev/pts".as_ref(), "/sys".as_ref()];
    let mut refusing = directories.iter().map(|directory| directory.join("lifespan.sock")).filter(|path| {
        let bound = std::os::unix::net::UnixListener::bind(path);
        let refused = bound.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
        // Where it was not refused, it is not to stay.
        let _ = std::fs::remove_file(path);
        refused
    });
    let path = refusing.next().expect("a directory in which this user may make no socket").display().to_string();
    let text = refused(&format!("unix:{path}")).await.to_string();
    let what =
        "no permission; a Unix socket needs a directory to write to: grant that, or choose another address: `bind(…)`";
    assert!(text.contains(&format!("can't listen on \"unix:{path}\": {what}")), "{text}");
    std::fs::remove_dir(closed).unwrap();
}

#[tokio::test]
async fn an_address_that_is_none_is_told_with_how_they_are_written() {
    for address in
        ["300", "", "127.0.0.1", "127.0.0.1:99999", ":80", "unix", "unix:", "http://127.0.0.1:80", "inherited:x"]
    {
        let text = refused(address).await.to_string();
        assert!(text.contains(&format!("can't listen on {address:?}: that is no ")), "{text}");
        assert!(text.contains("write \"127.0.0.1:3000\""), "{text}");
    }
    let text = refused("unix:/nowhere/at/all.sock").await.to_string();
    assert!(text.contains("can't listen on \"unix:/nowhere/at/all.sock\": No such file"), "{text}");
    // Kept for documentation: no machine has it.
    let text = refused("192.0.2.1:80").await.to_string();
    assert!(text.contains("this machine does not have that address"), "{text}");
}
