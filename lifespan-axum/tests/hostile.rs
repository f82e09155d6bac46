//! A server survives hostile clients, handlers and settings.

mod common;

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use common::{Client, LONG, Log, SHORT, SOON, cancelled, fetch, server, stop, up, wait_for};
use futures_core::Stream;
use lifespan::{App, Res, Shutdown};
use lifespan_axum::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Reports its request, and waits for the stop, or forever.
fn slow(arrived: &Arc<Semaphore>) -> Router {
    let noted = Arc::clone(arrived);
    let answer = async move |shutdown: Shutdown| {
        noted.add_permits(1);
        shutdown.requested().await;
        "whole"
    };
    let hangs = {
        let arrived = Arc::clone(arrived);
        async move || {
            arrived.add_permits(1);
            pending::<()>().await;
        }
    };
    Router::new().route("/slow", get(answer)).route("/hangs", get(hangs)).route("/", get(async || "fine"))
}

#[tokio::test]
async fn an_endless_upload_and_a_client_that_reads_nothing_are_closed_after_the_grace_period() {
    let arrived = Arc::new(Semaphore::new(0));
    let (uploads, downloads) = (Arc::clone(&arrived), Arc::clone(&arrived));
    let upload = async move |body: Body| {
        uploads.add_permits(1);
        axum::body::to_bytes(body, usize::MAX).await.map(|all| all.len().to_string()).unwrap_or_default()
    };
    let download = async move || {
        downloads.add_permits(1);
        "x".repeat(50_000_000)
    };
    let (server, address) = server(Router::new().route("/up", post(upload)).route("/down", get(download)));
    let running = up(server.grace(SHORT)).await;
    let mut uploading = Client::connect(address).await;
    uploading.send("POST /up HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\nbegun").await;
    let mut chunked = Client::connect(address).await;
    chunked.send("POST /up HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n").await;
    let mut reads_nothing = Client::connect(address).await;
    reads_nothing.ask("/down").await;
    wait_for(&arrived, 3).await;
    let report = stop(running).await;
    assert_eq!((cancelled(&report), report.is_success()), (3, true), "{report}");
    assert_eq!(uploading.rest().await, "");
    assert_eq!(chunked.rest().await, "");
    assert!(reads_nothing.rest().await.len() < 50_000_000);
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_receives_it_also_during_the_stop() {
    let arrived = Arc::new(Semaphore::new(0));
    let noted = Arc::clone(&arrived);
    let upload = async move |shutdown: Shutdown, body: Body| {
        noted.add_permits(1);
        shutdown.requested().await;
        axum::body::to_bytes(body, usize::MAX).await.map(|all| all.len().to_string()).unwrap_or_default()
    };
    let (server, address) = server(Router::new().route("/", post(upload)));
    let running = up(server.grace(LONG)).await;
    let mut client = Client::connect(address).await;
    client.send("POST / HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n").await;
    wait_for(&arrived, 1).await;
    let stopping = tokio::spawn(stop(running));
    assert_eq!(client.read_until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "5"));
    assert!(stopping.await.unwrap().is_success());
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("meant to panic");
    }
}

impl Stream for Bomb {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}

#[tokio::test]
async fn what_panics_as_it_is_dropped_ends_only_its_connection() {
    let log = Log::default();
    // Set for all threads: otherwise a concurrent test that logs first disables these lines.
    tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).init();
    let arrived = Arc::new(Semaphore::new(0));
    let explodes = {
        let arrived = Arc::clone(&arrived);
        async move || {
            let _bomb = Bomb;
            arrived.add_permits(1);
            pending::<()>().await;
        }
    };
    let router = slow(&arrived)
        .route("/explodes", get(explodes))
        .route("/body", get(async || Body::from_stream(Bomb)))
        .route("/panics/{name}", get(async || -> &str { panic!("meant to panic") }));
    let (server, address) = server(router);
    let app = App::empty();
    app.register(server.grace(SHORT)).unwrap();
    let running = app.start().await.unwrap();
    // The body is dropped after it is sent.
    let mut client = Client::connect(address).await;
    client.ask("/body").await;
    client.rest().await;
    // The handler is dropped with its client, and with the server.
    for _ in 0..2 {
        let mut client = Client::connect(address).await;
        client.ask("/explodes").await;
        wait_for(&arrived, 1).await;
    }
    let mut last = Client::connect(address).await;
    last.ask("/explodes").await;
    wait_for(&arrived, 1).await;
    assert_eq!(fetch(address, "/").await.body, "fine");
    // A path is untrusted text.
    assert_eq!(fetch(address, "/panics/\u{9b}2J\u{202e}").await.status, 500);
    let report = stop(running).await;
    assert!(report.is_success(), "{report}");
    assert!(log.text().contains(r"GET /panics/\u{9b}2J\u{202e} panicked"), "{}", log.text());
    // The log has one line per second; the report counts all.
    assert!(log.text().contains("child `connection` of task `server` panicked"), "{}", log.text());
    let children = report.unit("server").unwrap().children.as_ref().unwrap();
    assert!(children.failed >= 2, "{report}");
}

#[tokio::test]
async fn zero_and_infinite_limits_work() {
    let arrived = Arc::new(Semaphore::new(0));
    for limit in [Duration::ZERO, Duration::MAX] {
        let (server, address) = server(slow(&arrived));
        let running = up(server.header_read_timeout(limit).grace(Duration::MAX).max_connections(usize::MAX)).await;
        let mut client = Client::connect(address).await;
        client.send("GET / HT").await;
        // Longer than the limit for an idle connection during the stop.
        tokio::time::sleep(SHORT * 3).await;
        client.send("TP/1.1\r\nhost: test\r\n\r\n").await;
        assert_eq!(client.answer().await.body, "fine");
        assert!(stop(running).await.is_success());
    }
    // One connection at a time, and no time to end.
    let (server, address) = server(slow(&arrived));
    let running = up(server.max_connections(0).grace(Duration::ZERO)).await;
    drop(fetch(address, "/").await);
    let mut client = Client::connect(address).await;
    client.ask("/hangs").await;
    wait_for(&arrived, 1).await;
    let report = stop(running).await;
    assert_eq!((cancelled(&report), report.is_success()), (1, true), "{report}");
    // The app limits an infinite delay.
    let (server, address) = common::server(slow(&arrived));
    let app = App::empty().shutdown_timeout(Duration::from_millis(500));
    app.register(server.drain_delay(Duration::MAX)).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(fetch(address, "/").await.body, "fine");
    let report = stop(running).await;
    assert_eq!(report.exit_code(), 4, "{report}");
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_head() {
    let limit = Duration::from_millis(50);
    let slow = async move || {
        tokio::time::sleep(limit * 6).await;
        "slow"
    };
    let (server, address) = server(Router::new().route("/", get(slow)));
    let running = up(server.header_read_timeout(limit)).await;
    let mut client = Client::connect(address).await;
    client.ask("/").await;
    assert_eq!(client.answer().await.body, "slow");
    client.ask("/").await;
    assert_eq!(client.answer().await.body, "slow");
    assert_eq!(timeout(SOON, client.rest()).await.expect("the server closes"), "");
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn a_client_that_waits_at_the_connection_limit_is_answered_during_the_stop() {
    let arrived = Arc::new(Semaphore::new(0));
    let (server, address) = server(slow(&arrived));
    let running = up(server.max_connections(1).grace(LONG)).await;
    let mut first = Client::connect(address).await;
    first.ask("/slow").await;
    wait_for(&arrived, 1).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut client = Client::connect(address).await;
        client.ask("/").await;
        waiting.push(client);
    }
    let stopping = tokio::spawn(stop(running));
    assert_eq!(first.answer().await.body, "whole");
    for mut client in waiting {
        assert_eq!(timeout(SOON, client.answer()).await.expect("it is answered").body, "fine");
    }
    let report = stopping.await.unwrap();
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
}

#[tokio::test]
async fn a_client_that_has_just_connected_can_still_send_a_request() {
    // The system does not reuse a port this soon, so no other process takes it.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arrived = Arc::new(Semaphore::new(0));
    let running = up(Server::new(slow(&arrived)).bind(address.to_string()).grace(LONG)).await;
    let mut first = Client::connect(address).await;
    first.ask("/slow").await;
    wait_for(&arrived, 1).await;
    let mut fresh = Client::connect(address).await;
    let stopping = tokio::spawn(stop(running));
    assert_eq!(first.answer().await.body, "whole");
    // No listener is left: connections are being closed.
    while TcpStream::connect(address).await.is_ok() {}
    fresh.ask("/").await;
    assert_eq!(fresh.answer().await.body, "fine");
    assert!(stopping.await.unwrap().is_success());
}

#[tokio::test]
async fn a_need_that_is_declared_twice_counts_once() {
    let app = App::empty();
    app.provide(String::from("hello")).unwrap();
    let (server, address) = server(Router::new().route("/", get(async |text: Res<String>| text.to_string())));
    app.register(server.needs::<String>().needs::<String>().health()).unwrap();
    assert_eq!(app.registered()[0].needs(), ["String"]);
    let running = app.start().await.unwrap();
    assert_eq!(fetch(address, "/").await.body, "hello");
    assert_eq!(fetch(address, "/readyz?verbose").await.body, "[+] app: up\n");
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn two_servers_in_one_app_both_stop_and_a_failure_of_one_stops_the_other() {
    let arrived = Arc::new(Semaphore::new(0));
    let ((one, first), (two, second)) = (server(slow(&arrived)), server(slow(&arrived)));
    let app = App::empty();
    app.register(one.grace(LONG)).unwrap().named("public").unwrap();
    app.register(two.grace(LONG)).unwrap().named("internal").unwrap();
    let running = app.start().await.unwrap();
    let mut clients = [Client::connect(first).await, Client::connect(second).await];
    for client in &mut clients {
        client.ask("/slow").await;
    }
    wait_for(&arrived, 2).await;
    let report = stop(running).await;
    for mut client in clients {
        assert_eq!(client.answer().await.body, "whole");
    }
    assert!(report.is_success(), "{report}");

    let (one, first) = server(slow(&arrived));
    let app = App::empty();
    app.register(one).unwrap().named("public").unwrap();
    app.register(Server::new(Router::new()).bind(first.to_string())).unwrap().named("internal").unwrap();
    let report = app.launch().await;
    assert_eq!(report.exit_code(), 3, "{report}");
    let text = report.to_string();
    assert!(text.contains("`internal`") && text.contains(&format!("can't listen on \"{first}\"")), "{text}");
}

#[tokio::test]
async fn a_router_with_state_nests_fallbacks_and_layers_takes_resources_everywhere() {
    async fn layer(text: Res<String>, request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-layer", text.parse().unwrap());
        response
    }
    let inner = Router::new()
        .route("/{name}", get(async |State(state): State<u32>, text: Res<String>| format!("{state} {}", *text)));
    let router = Router::new()
        .nest("/inner", inner)
        .nest_service("/service", Router::new().route("/", get(async |text: Res<String>| text.to_string())))
        .fallback(async |text: Res<String>| format!("no {}", *text))
        .layer(middleware::from_fn(layer))
        .with_state(7);
    let app = App::empty();
    app.provide(String::from("hello")).unwrap();
    let (server, address) = server(router);
    app.register(server.needs::<String>()).unwrap();
    let running = app.start().await.unwrap();
    for (path, body) in [("/inner/name", "7 hello"), ("/service", "hello"), ("/nowhere", "no hello")] {
        let answer = fetch(address, path).await;
        assert_eq!(answer.body, body);
        assert!(answer.head.contains("x-layer: hello"), "{}", answer.head);
    }
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn a_restart_of_the_server_first_finishes_requests_in_flight() {
    let arrived = Arc::new(Semaphore::new(0));
    let (server, address) = server(slow(&arrived));
    let app = App::empty();
    app.register(server.grace(LONG)).unwrap();
    let running = app.start().await.unwrap();
    let mut client = Client::connect(address).await;
    client.ask("/slow").await;
    wait_for(&arrived, 1).await;
    let restart = tokio::spawn({
        let app = app.clone();
        async move { app.restart(lifespan_axum::server).await }
    });
    assert_eq!(client.answer().await.body, "whole");
    restart.await.unwrap().unwrap();
    assert_eq!(fetch(address, "/").await.body, "fine");
    let report = stop(running).await;
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
}

#[tokio::test]
async fn an_answer_arrives_completely_also_while_its_client_keeps_sending() {
    const LARGE: usize = 3_000_000;
    let (server, address) = server(Router::new().route("/", post(async || "x".repeat(LARGE))));
    let running = up(server).await;
    let mut client = Client::connect(address).await;
    // The handler does not read the body, so the server closes the connection after its response.
    client.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 900000000\r\n\r\n").await;
    let (mut read, mut write) = client.0.into_split();
    let sending = tokio::spawn(async move { while write.write_all(&[0; 10_000]).await.is_ok() {} });
    let mut head = Vec::new();
    while head.len() < 1000 {
        read.read_buf(&mut head).await.unwrap();
    }
    // Much of the response is still unread long after the server has sent it.
    tokio::time::sleep(SHORT).await;
    let mut length = head.len();
    let mut rest = vec![0; 1 << 16];
    while let Ok(1..) = read.read(&mut rest).await.inspect(|read| length += read) {}
    assert!(length > LARGE, "{length}");
    sending.abort();
    assert!(stop(running).await.is_success());
}

/// A body with a known length, which is slow once shutdown is requested.
#[tokio::test]
async fn a_slow_body_of_a_known_length_is_sent_completely_or_is_visibly_truncated() {
    struct Drip(usize, Pin<Box<tokio::time::Sleep>>);
    impl Stream for Drip {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            std::task::ready!(self.1.as_mut().poll(context));
            if self.0 == 0 {
                return Poll::Ready(None);
            }
            self.0 -= 1;
            self.1.as_mut().reset(tokio::time::Instant::now() + Duration::from_millis(150));
            Poll::Ready(Some(Ok(Bytes::from_static(b"drop"))))
        }
    }
    for (drops, grace, whole) in [(6, LONG, true), (600, SHORT, false)] {
        let arrived = Arc::new(Semaphore::new(0));
        let noted = Arc::clone(&arrived);
        let drip = async move |shutdown: Shutdown| {
            noted.add_permits(1);
            shutdown.requested().await;
            let body = Body::from_stream(Drip(drops, Box::pin(tokio::time::sleep(Duration::ZERO))));
            Response::builder().header("content-length", drops * 4).body(body).unwrap()
        };
        let (server, address) = server(Router::new().route("/", get(drip)));
        let running = up(server.grace(grace)).await;
        let mut client = Client::connect(address).await;
        client.ask("/").await;
        wait_for(&arrived, 1).await;
        let report = stop(running).await;
        let text = client.rest().await;
        let sent = text.split_once("\r\n\r\n").unwrap().1.len();
        assert_eq!((sent == drops * 4, cancelled(&report)), (whole, u64::from(!whole)), "{text}\n{report}");
        assert!(report.is_success(), "{report}");
    }
}
