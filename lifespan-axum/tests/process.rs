//! A program with a server that receives a real SIGTERM, observed from outside.
//!
//! The test binary runs itself again as the program: with `PROGRAM` set, the test of that name is `main`.
#![cfg(unix)]

mod common;

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use common::{Client, SOON, fetch};
use lifespan::{App, Shutdown};
use lifespan_axum::Server;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const PROGRAM: &str = "LIFESPAN_TEST_PROGRAM";
const CLIENTS: usize = 200;
const SIZE: usize = 200_000;
const ALL: &str = "all are in flight";

/// The program itself, which runs until it receives a signal; does nothing without `PROGRAM`.
#[test]
fn program() {
    let Some(which) = std::env::var_os(PROGRAM) else { return };
    if which == "unlogged" {
        return unlogged();
    }
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stdout).init();
    let arrived = Arc::new(AtomicUsize::new(0));
    let answer = async move |shutdown: Shutdown| {
        if arrived.fetch_add(1, Ordering::Relaxed) + 1 == CLIENTS {
            println!("{ALL}");
        }
        shutdown.requested().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        "x".repeat(SIZE)
    };
    let router = Router::new().route("/", get(answer)).route("/now", get(async || "now"));
    let app = App::new();
    app.register(Server::new(router).bind("127.0.0.1:0")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let report = runtime.block_on(app.launch());
    println!("{report}");
    std::process::exit(report.exit_code().into());
}

/// A program without a subscriber, whose handlers fail.
fn unlogged() {
    let unprovided = async |_: lifespan::Res<u8>| "never";
    let panics = async || -> &str { panic!("meant to panic") };
    let router = Router::new().route("/unprovided", get(unprovided)).route("/panics", get(panics));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    println!("bound {}", listener.local_addr().unwrap());
    let app = App::new();
    app.register(Server::new(router).listener(listener)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::process::exit(runtime.block_on(app.launch()).exit_code().into());
}

#[tokio::test]
async fn rule_72_failures_of_handlers_are_written_without_a_subscriber() {
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["program", "--exact", "--nocapture"])
        .env(PROGRAM, "unlogged")
        .env_remove("LIFESPAN_CONFIG")
        .current_dir(std::env::temp_dir())
        // A backtrace would take longer than the second in which a line is written once.
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let address: SocketAddr = loop {
        let line = timeout(SOON, lines.next_line()).await.unwrap().unwrap().expect("it prints its address");
        if let Some((_, address)) = line.split_once("bound ") {
            break address.parse().unwrap();
        }
    };
    for path in ["/unprovided", "/panics", "/unprovided", "/unprovided"] {
        assert_eq!(fetch(address, path).await.status, 500);
    }
    let kill = ["-c", "kill -TERM $0", &program.id().unwrap().to_string()];
    assert!(Command::new("sh").args(kill).status().await.unwrap().success());
    let output = timeout(SOON, program.wait_with_output()).await.unwrap().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    let told: Vec<&str> = errors.lines().filter(|line| line.starts_with("lifespan: error: ")).collect();
    assert!(told.iter().any(|line| line.contains("answered GET /unprovided with 500")), "{errors}");
    assert!(told.iter().any(|line| line.contains("the handler of GET /panics panicked")), "{errors}");
    assert!(told.iter().any(|line| line.ends_with("(1 earlier line of it was left out)")), "{errors}");
    assert_eq!(told.len(), 3, "one line per second and kind, and the last one at the end: {errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sigterm_loses_none_of_two_hundred_requests_and_the_exit_code_is_0() {
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["program", "--exact", "--nocapture"])
        .env(PROGRAM, "serves")
        .env_remove("LIFESPAN_CONFIG")
        .current_dir(std::env::temp_dir())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut seen = String::new();
    let mut wait_for = async |part: &str| {
        while let Some(line) = timeout(SOON, lines.next_line()).await.expect(part).unwrap() {
            seen = seen.clone() + &line + "\n";
            if let Some((_, rest)) = line.split_once(part) {
                return rest.to_owned();
            }
        }
        panic!("no line with {part:?} came:\n{seen}");
    };
    let address: SocketAddr = wait_for("listening on http://").await.parse().unwrap();
    let mut idle = Client::connect(address).await;
    idle.ask("/now").await;
    assert_eq!(idle.answer().await.body, "now");
    let mut half = Client::connect(address).await;
    half.send("GET / HTTP/1.1\r\nhost: te").await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                client.ask("/").await;
                let answer = client.answer().await;
                assert_eq!(client.rest().await, "");
                (answer.status, answer.body.len())
            })
        })
        .collect();
    wait_for(ALL).await;
    let kill = ["-c", "kill -TERM $0", &program.id().unwrap().to_string()];
    assert!(Command::new("sh").args(kill).status().await.unwrap().success());
    for client in clients {
        assert_eq!(client.await.unwrap(), (200, SIZE));
    }
    wait_for("stopped in order").await;
    // The log already has this; the assertion is about the report.
    wait_for("stopped in order").await;
    assert_eq!(timeout(SOON, program.wait()).await.unwrap().unwrap().code(), Some(0));
}
