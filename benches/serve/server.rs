//! The servers that are compared, each in a process of its own.

use std::future::Future;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use lifespan::{App, Res, Scope, lifespan_context};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Says that this process is to serve.
pub const FLAG: &str = "--server";
pub const NAMES: [&str; 2] = ["axum::serve", "lifespan"];

/// What the handlers answer with.
struct Greeting(String);

impl Greeting {
    fn new() -> Self {
        Self("hello, whoever you are".to_owned())
    }
}

#[lifespan_context]
async fn greeting(scope: Scope<Greeting>) {
    scope.provide_until_shutdown(Greeting::new()).await;
}

/// Serves until its input is closed. Its first line is where.
pub fn run(name: &str) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let serving: std::pin::Pin<Box<dyn Future<Output = ()>>> = match name {
        "axum::serve" => Box::pin(plain()),
        "lifespan" => Box::pin(ours()),
        other => panic!("no server {other:?}"),
    };
    Builder::new_current_thread().enable_all().build().expect("a runtime can be made").block_on(serving);
}

async fn plain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    println!("{}", listener.local_addr().expect("it is bound"));
    let hello = async |State(greeting): State<Arc<Greeting>>| greeting.0.clone();
    let router = Router::new().route("/", get(hello)).with_state(Arc::new(Greeting::new()));
    // Else a small answer on a connection that is kept may wait for its acknowledgement; ours sets it too.
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router)
        .await
        .expect("it serves");
}

async fn ours() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    println!("{}", listener.local_addr().expect("it is bound"));
    let router = Router::new().route("/", get(async |greeting: Res<Greeting>| greeting.0.clone()));
    let app = App::new();
    let server = lifespan_axum::Server::new(router).listener(listener).needs::<Greeting>();
    app.register(server).expect("before launch");
    let report = app.launch().await;
    eprintln!("{report}");
}

/// A process that serves.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(name: &str) -> Self {
        Self::spawn(Command::new(std::env::current_exe().expect("the path of this program")), name)
    }

    /// With a command that runs this program.
    pub fn spawn(mut command: Command, name: &str) -> Self {
        command.args([FLAG, name]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is a pipe");
        BufReader::new(output).read_line(&mut line).expect("it says where it serves");
        Self { child, address: line.trim().parse().expect("an address") }
    }

    /// The CPU that its thread which serves has used, user's and system's, in microseconds; zero where the system does not
    /// say.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 nanoseconds")]
    pub fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).unwrap_or_default();
        text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or_default() as f64 / 1e3
    }

    /// Ends it, and gives what it wrote as errors, where that is piped.
    pub fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut errors = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut errors).expect("text");
        }
        self.child.wait().expect("it ends");
        errors
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
