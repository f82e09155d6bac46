//! The settings of a server from code, file, environment and parent process, and the errors for bad input. The tests use
//! real processes, since these sources belong to a process.
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

/// The program itself, which stops as soon as it is up; does nothing without `PROGRAM`.
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

/// The output and the exit status of the program.
struct Ran {
    text: String,
    code: i32,
}

impl Program {
    /// Runs directly, or through a shell that passes its standard input as a socket.
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
fn settings_not_set_in_code_come_from_the_file_and_a_variable_has_precedence() {
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
        .expect(0, &["serving health endpoints on unix:health.sock"]);
}

#[test]
fn errors_in_the_sources_are_reported_before_any_unit_runs() {
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
    Program::new("only", "nothing", None).file("[tasks.server]\nbind = '127.0.0.1:0'\n").run().expect(
        2,
        &["`[tasks.server]` has no effect: task `server` is manual", "pass its config to `app.register(…)`"],
    );
}

#[test]
fn an_inherited_socket_is_selected_by_number_or_by_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let listening = format!("listening on http://{address}");
    for asked in ["inherited:0", &address] {
        let socket = OwnedFd::from(listener.try_clone().unwrap());
        Program::new("inherited", "bound", Some(socket.into())).env(ADDRESS, asked).run().expect(0, &[&listening]);
    }
    // The parent still has it open.
    Program::new("beside", "bound", None).env(ADDRESS, &address).run().expect(3, &["the address is in use"]);
}

#[test]
fn an_inherited_file_or_a_missing_inherited_socket_is_an_error() {
    Program::new("null", "bound", Some(Stdio::null()))
        .env(ADDRESS, "inherited:0")
        .run()
        .expect(3, &[r#"can't listen on "inherited:0": the inherited socket is not a listening TCP socket"#]);
    Program::new("none", "bound", None)
        .env(ADDRESS, "inherited:0")
        .run()
        .expect(3, &["0 sockets were inherited, counted from 0 (LISTEN_FDS)", "start it with socket activation"]);
}

#[test]
fn an_unusable_inherited_socket_is_an_error_with_the_reason() {
    let file = std::env::temp_dir().join(format!("lifespan-axum-{}.txt", std::process::id()));
    std::fs::write(&file, "no socket").unwrap();
    let regular = std::fs::File::open(&file).unwrap();
    let datagrams = OwnedFd::from(std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    // Like a parent that communicates with its child.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = OwnedFd::from(std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let mut cases = vec![
        ("regular", Stdio::from(regular), "fd 3 is not a socket"),
        ("datagrams", datagrams.into(), "fd 3 is not a valid tcp socket"),
    ];
    if cfg!(target_os = "linux") {
        cases.push(("connection", connection.into(), "it is not listening"));
    }
    for (name, handed_down, why) in cases {
        let ran = Program::new(name, "bound", Some(handed_down)).env(ADDRESS, "inherited:0").run();
        let what = "can't listen on \"inherited:0\": the inherited socket is not a listening TCP socket";
        ran.expect(3, &[&format!("{what} ({why})"), "start it with socket activation"]);
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
async fn a_port_in_use_is_an_error_with_the_process_that_uses_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let text = refused(&address).await.to_string();
    let by = if cfg!(target_os = "linux") { " by this process itself" } else { "" };
    assert!(
        text.contains(&format!("can't listen on \"{address}\": the address is in use{by}; stop that process")),
        "{text}"
    );
}

/// Another process has the socket open as its standard input.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_process_that_listens_is_named() {
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
            text.contains(&format!("the address is in use by process {number} (sleep); stop that process")),
            "{text}"
        );
    }
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_a_socket_is_not_removed() {
    let path = std::env::temp_dir().join(format!("lifespan-axum-file-{}", std::process::id()));
    std::fs::write(&path, "precious").unwrap();
    let text = refused(&format!("unix:{}", path.display())).await.to_string();
    assert!(
        text.contains("there is a file at this path that is not a socket; move it away, or choose another address"),
        "{text}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_missing_permission_is_an_error_with_advice() {
    use std::os::unix::fs::PermissionsExt;
    let closed = std::env::temp_dir().join(format!("lifespan-axum-closed-{}", std::process::id()));
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Root can write to every directory, but can't create a socket in these special file systems.
    let directories = [closed.as_path(), "/dev/pts".as_ref(), "/sys".as_ref()];
    let mut refusing = directories.iter().map(|directory| directory.join("lifespan.sock")).filter(|path| {
        let bound = std::os::unix::net::UnixListener::bind(path);
        let refused = bound.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
        // Remove the socket if it was created.
        let _ = std::fs::remove_file(path);
        refused
    });
    let path = refusing.next().expect("a directory in which this user can't create a socket").display().to_string();
    let text = refused(&format!("unix:{path}")).await.to_string();
    let what = "permission denied; a Unix socket needs write access to its directory: grant that, or choose another address: `bind(…)`";
    assert!(text.contains(&format!("can't listen on \"unix:{path}\": {what}")), "{text}");
    std::fs::remove_dir(closed).unwrap();
}

#[tokio::test]
async fn an_invalid_address_is_an_error_with_the_valid_formats() {
    for address in
        ["300", "", "127.0.0.1", "127.0.0.1:99999", ":80", "unix", "unix:", "http://127.0.0.1:80", "inherited:x"]
    {
        let text = refused(address).await.to_string();
        assert!(text.contains(&format!("can't listen on {address:?}: invalid ")), "{text}");
        assert!(text.contains("write \"127.0.0.1:3000\""), "{text}");
    }
    let text = refused("unix:/nowhere/at/all.sock").await.to_string();
    assert!(text.contains("can't listen on \"unix:/nowhere/at/all.sock\": No such file"), "{text}");
    // This address is reserved for documentation: no machine has it.
    let text = refused("192.0.2.1:80").await.to_string();
    assert!(text.contains("this machine does not have that address"), "{text}");
}
