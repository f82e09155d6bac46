//! Shared parts of the tests: a minimal HTTP client, and servers.
#![allow(dead_code, reason = "each theme uses what it needs")]

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use lifespan::{App, Report, Running};
use lifespan_axum::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing_subscriber::fmt::MakeWriter;

/// A limit far above the duration of a passing test, and far below the waits that must not happen.
pub const SOON: Duration = Duration::from_secs(20);
pub const LONG: Duration = Duration::from_secs(600);
pub const SHORT: Duration = Duration::from_millis(200);

/// Creates a server for this router on its own port.
pub fn server(router: Router) -> (Server, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (Server::new(router).listener(listener), address)
}

/// Starts an app with only this server.
pub async fn up(server: Server) -> Running {
    let app = App::empty();
    app.register(server).unwrap();
    app.start().await.unwrap()
}

/// Stops the app, which must not hang.
pub async fn stop(running: Running) -> Report {
    timeout(SOON, running.stop()).await.expect("the stop ends")
}

/// Returns the number of the server's children that were closed by force.
pub fn cancelled(report: &Report) -> u64 {
    report.unit("server").unwrap().children.as_ref().unwrap().cancelled
}

/// Waits until this many requests have arrived.
pub async fn wait_for(arrived: &Semaphore, count: u32) {
    arrived.acquire_many(count).await.unwrap().forget();
}

/// A client connection.
pub struct Client(pub TcpStream);

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a request, and leaves the connection open.
    pub async fn ask(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
    }

    /// Reads one response with a known length.
    pub async fn answer(&mut self) -> Answer {
        let mut text = Vec::new();
        let head = loop {
            if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            let read = self.0.read_buf(&mut text).await.unwrap();
            assert!(read > 0, "the connection was closed in a head: {:?}", String::from_utf8_lossy(&text));
        };
        let head = String::from_utf8(text.drain(..head).collect()).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect(&head);
        let length: usize = length.parse().unwrap();
        while text.len() < length {
            let read = self.0.read_buf(&mut text).await.unwrap();
            assert!(read > 0, "the connection was closed in a body, after {} of {length}", text.len());
        }
        Answer { status: head[9..12].parse().unwrap(), head, body: String::from_utf8(text).unwrap() }
    }

    /// Reads until the received text contains a pattern.
    pub async fn read_until(&mut self, wanted: &str) -> String {
        let mut text = Vec::new();
        while !String::from_utf8_lossy(&text).contains(wanted) {
            let read = self.0.read_buf(&mut text).await.unwrap();
            assert!(read > 0, "closed before {wanted:?}: {:?}", String::from_utf8_lossy(&text));
        }
        String::from_utf8(text).unwrap()
    }

    /// Reads until the server closes the connection, possibly with a reset.
    pub async fn rest(mut self) -> String {
        let mut text = Vec::new();
        while let Ok(1..) = self.0.read_buf(&mut text).await {}
        String::from_utf8(text).unwrap()
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Sends a request on a new connection.
pub async fn fetch(address: SocketAddr, path: &str) -> Answer {
    let mut client = Client::connect(address).await;
    client.ask(path).await;
    client.answer().await
}

/// The output of a subscriber.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
