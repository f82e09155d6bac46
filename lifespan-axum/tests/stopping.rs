//! Graceful shutdown of a server: requests in flight are answered completely, and nothing delays the stop past the grace
//! period.

mod common;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use common::{Client, LONG, SHORT, SOON, cancelled, fetch, server, stop, up, wait_for};
use futures_core::Stream;
use hyper::body::Body as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lifespan::{App, Children, Outcome, Shutdown, State};
use lifespan_axum::ShutdownExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

const SIZE: usize = 200_000;

/// Counts requests; each waits for the stop, and a little longer, before it answers.
fn slow(arrived: &Arc<Semaphore>) -> Router {
    let arrived = Arc::clone(arrived);
    let answer = async move |shutdown: Shutdown| {
        arrived.add_permits(1);
        shutdown.requested().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        "x".repeat(SIZE)
    };
    Router::new().route("/", get(answer))
}

/// An endless stream of events.
struct Endless(bool);

impl Stream for Endless {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Pending
        } else {
            Poll::Ready(Some(Ok(Event::default().data("one"))))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_requests_in_flight_are_all_answered_completely() {
    let arrived = Arc::new(Semaphore::new(0));
    let (server, address) = server(slow(&arrived));
    let running = up(server.grace(LONG)).await;
    let clients: Vec<_> = (0..200)
        .map(|_| {
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                client.ask("/").await;
                let answer = client.answer().await;
                assert!(answer.head.contains("connection: close"), "{}", answer.head);
                assert_eq!(client.rest().await, "");
                (answer.status, answer.body.len())
            })
        })
        .collect();
    wait_for(&arrived, 200).await;
    let report = stop(running).await;
    for client in clients {
        assert_eq!(client.await.unwrap(), (200, SIZE));
    }
    assert!(report.is_success(), "{report}");
    assert_eq!(cancelled(&report), 0, "{report}");
}

/// A body whose frames are slow once shutdown is requested.
struct Slow {
    left: usize,
    next: Pin<Box<tokio::time::Sleep>>,
}

const PAUSE: Duration = Duration::from_millis(150);

impl Stream for Slow {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        std::task::ready!(self.next.as_mut().poll(context));
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.next.as_mut().reset(tokio::time::Instant::now() + PAUSE);
        Poll::Ready(Some(Ok(Bytes::from_static(b"frame"))))
    }
}

#[tokio::test]
async fn a_slow_answer_and_an_answer_to_a_slow_client_are_sent_completely() {
    const LARGE: usize = 30_000_000;
    let arrived = Arc::new(Semaphore::new(0));
    let slow = {
        let arrived = Arc::clone(&arrived);
        async move |shutdown: Shutdown| {
            arrived.add_permits(1);
            shutdown.requested().await;
            Body::from_stream(Slow { left: 6, next: Box::pin(tokio::time::sleep(PAUSE)) })
        }
    };
    let large = {
        let arrived = Arc::clone(&arrived);
        async move || {
            arrived.add_permits(1);
            "x".repeat(LARGE)
        }
    };
    let (server, address) = server(Router::new().route("/slow", get(slow)).route("/large", get(large)));
    let running = up(server.grace(LONG)).await;
    let mut client = Client::connect(address).await;
    client.ask("/large").await;
    let slow = tokio::spawn(async move {
        let mut client = Client::connect(address).await;
        client.ask("/slow").await;
        client.rest().await
    });
    wait_for(&arrived, 2).await;
    let stopping = tokio::spawn(stop(running));
    // This client reads nothing until the other response is sent, which takes longer than the limit for idle connections.
    let text = slow.await.unwrap();
    assert!(text.ends_with("0\r\n\r\n") && text.matches("frame").count() == 6, "{text}");
    assert_eq!(client.answer().await.body.len(), LARGE);
    let report = stopping.await.unwrap();
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
}

/// Connects and sends a request at the moment of the shutdown request, when its line is logged.
#[derive(Clone)]
struct LastMoment {
    address: SocketAddr,
    clients: Arc<Mutex<Vec<std::net::TcpStream>>>,
}

impl io::Write for LastMoment {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if String::from_utf8_lossy(line).contains("`server` stopping") {
            for _ in 0..5 {
                let mut client = std::net::TcpStream::connect(self.address)?;
                client.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")?;
                self.clients.lock().unwrap().push(client);
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_client_in_the_accept_backlog_at_shutdown_is_answered() {
    let (server, address) = server(Router::new().route("/", get(async || "late")));
    let clients = Arc::new(Mutex::new(Vec::new()));
    let last = LastMoment { address, clients: Arc::clone(&clients) };
    // With one subscriber in the process: a line that another test's thread writes first, without a subscriber, would be
    // switched off for this one too.
    let sink = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(io::sink).finish();
    let _ = tracing::subscriber::set_global_default(sink);
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || last.clone());
    let _guard = tracing::subscriber::set_default(log.finish());
    let running = up(server.grace(LONG)).await;
    assert!(stop(running).await.is_success());
    let clients = std::mem::take(&mut *clients.lock().unwrap());
    assert_eq!(clients.len(), 5);
    for mut client in clients {
        let mut text = String::new();
        io::Read::read_to_string(&mut client, &mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("late"), "{text}");
    }
}

#[tokio::test]
async fn an_idle_connection_and_a_half_sent_head_do_not_wait_for_the_grace_period() {
    let (server, address) = server(Router::new().route("/", get(async || "hello")));
    let running = up(server.grace(LONG).header_read_timeout(LONG)).await;
    let mut idle = Client::connect(address).await;
    idle.ask("/").await;
    assert_eq!(idle.answer().await.body, "hello");
    let silent = Client::connect(address).await;
    let mut half = Client::connect(address).await;
    half.send("GET / HTTP/1.1\r\nhost: te").await;
    let mut half_later = Client::connect(address).await;
    half_later.ask("/").await;
    half_later.answer().await;
    half_later.send("GET / HT").await;
    let report = stop(running).await;
    assert!(report.is_success(), "{report}");
    assert_eq!(cancelled(&report), 0, "{report}");
    for client in [idle, silent, half, half_later] {
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_wrapped_event_stream_ends_and_an_unwrapped_one_is_closed() {
    let router = Router::new()
        .route("/wrapped", get(async |shutdown: Shutdown| Sse::new(shutdown.wrap_stream(Endless(false)))))
        .route("/endless", get(async || Sse::new(Endless(false))));
    for (path, grace, cut) in [("/wrapped", LONG, 0), ("/endless", SHORT, 1)] {
        let (server, address) = server(router.clone());
        let running = up(server.grace(grace)).await;
        let mut client = Client::connect(address).await;
        client.ask(path).await;
        client.read_until("data: one").await;
        let report = stop(running).await;
        let whole = client.rest().await.ends_with("0\r\n\r\n");
        assert_eq!((cancelled(&report), whole), (cut, cut == 0), "{report}");
        assert_eq!(report.unit("server").unwrap().outcome, Outcome::Stopped, "{report}");
        assert!(report.is_success(), "{report}");
    }
}

/// Switches to an echo protocol in a task that is not a child of the server, as axum does for a WebSocket.
fn echo(said: mpsc::UnboundedSender<&'static str>) -> Router {
    let upgrade = async move |shutdown: Shutdown, mut request: Request| {
        let (said, polite) = (said.clone(), request.uri().path() == "/polite");
        tokio::spawn(async move {
            let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
            let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
            let copy = tokio::io::copy(&mut read, &mut write);
            let how = if polite { shutdown.or(copy).await } else { Some(copy.await) };
            let _ = said.send(match how {
                None => "told",
                Some(Ok(_)) => "ended",
                Some(Err(_)) => "cut off",
            });
        });
        (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
    };
    Router::new().fallback(upgrade)
}

#[tokio::test]
async fn an_upgraded_socket_is_awaited_and_then_closed() {
    for (path, grace, end) in [("/polite", LONG, "told"), ("/rude", SHORT, "cut off")] {
        let (said, mut hears) = mpsc::unbounded_channel();
        let (server, address) = server(echo(said));
        let running = up(server.grace(grace)).await;
        let mut client = Client::connect(address).await;
        client
            .send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n"))
            .await;
        client.read_until("\r\n\r\n").await;
        client.send("hello").await;
        assert_eq!(client.read_until("hello").await, "hello");
        let report = stop(running).await;
        assert!(report.is_success(), "{report}");
        assert_eq!(timeout(SOON, hears.recv()).await.expect("its task ends"), Some(end));
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_child_that_a_handler_spawns_outlives_its_request_and_ends_with_the_server() {
    struct Alive(Arc<AtomicUsize>);
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let alive = Arc::new(AtomicUsize::new(1));
    let guard = Arc::new(Mutex::new(Some(Alive(Arc::clone(&alive)))));
    let spawn = async move |children: Children| {
        let guard = guard.lock().unwrap().take();
        children.spawn("socket", async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
    };
    let (server, address) = server(Router::new().route("/", get(spawn)));
    let running = up(server).await;
    assert_eq!(fetch(address, "/").await.status, 200);
    assert_eq!(alive.load(Ordering::Relaxed), 1);
    let report = stop(running).await;
    assert_eq!((alive.load(Ordering::Relaxed), cancelled(&report)), (0, 1), "{report}");
}

#[tokio::test]
async fn it_keeps_serving_during_the_drain_delay_and_is_not_ready() {
    let (server, address) = server(Router::new().route("/", get(async || "still here")));
    let running = up(server.drain_delay(Duration::from_secs(2)).grace(LONG).health()).await;
    assert_eq!(fetch(address, "/readyz").await.status, 200);
    let app = running.app().clone();
    app.shutdown();
    let mut events = app.events();
    while app.state() != State::Draining {
        events.next().await.unwrap();
    }
    assert_eq!(fetch(address, "/readyz?verbose").await.body, "[-] app: draining\n");
    for _ in 0..3 {
        // Longer than accepting the backlog takes.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(fetch(address, "/livez").await.status, 200);
        assert_eq!(fetch(address, "/").await.body, "still here");
    }
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn a_request_over_http_2_is_answered_completely_and_a_hanging_one_is_closed() {
    async fn whole(address: SocketAddr, path: &str) -> Result<usize, hyper::Error> {
        let socket = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), socket).await?;
        tokio::spawn(connection);
        let request = Request::builder().uri(format!("http://test{path}")).body(Body::empty()).unwrap();
        let mut body = std::pin::pin!(sender.send_request(request).await?.into_body());
        let mut length = 0;
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            length += frame?.data_ref().map_or(0, Bytes::len);
        }
        Ok(length)
    }
    let arrived = Arc::new(Semaphore::new(0));
    let hangs = {
        let arrived = Arc::clone(&arrived);
        async move || {
            arrived.add_permits(1);
            std::future::pending::<()>().await;
        }
    };
    let router = slow(&arrived).route("/hangs", get(hangs));
    let (server, address) = server(router);
    let running = up(server.grace(Duration::from_secs(2))).await;
    let fine = tokio::spawn(whole(address, "/"));
    let hanging = tokio::spawn(whole(address, "/hangs"));
    wait_for(&arrived, 2).await;
    let report = stop(running).await;
    assert_eq!(fine.await.unwrap().unwrap(), SIZE);
    assert!(hanging.await.unwrap().is_err());
    // The connection and its stream.
    assert_eq!(cancelled(&report), 2, "{report}");
    assert!(report.is_success(), "{report}");
}

#[tokio::test]
async fn a_panic_in_a_handler_or_a_body_fails_only_its_request() {
    struct Panics(bool);
    impl Stream for Panics {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            assert!(!std::mem::replace(&mut self.0, true), "meant to panic");
            Poll::Ready(Some(Ok(Bytes::from_static(b"begun"))))
        }
    }
    async fn panics() -> Response {
        tokio::task::yield_now().await;
        panic!("meant to panic");
    }
    let router = Router::new()
        .route("/", get(async || "fine"))
        .route("/handler", get(panics))
        .route("/body", get(async || Body::from_stream(Panics(false)).into_response()));
    let (server, address) = server(router);
    let running = up(server).await;
    let mut client = Client::connect(address).await;
    client.ask("/handler").await;
    assert_eq!(client.answer().await.status, 500);
    client.ask("/").await;
    assert_eq!(client.answer().await.body, "fine");
    client.ask("/body").await;
    let text = client.rest().await;
    assert!(!text.ends_with("0\r\n\r\n"), "{text}");
    assert_eq!(fetch(address, "/").await.body, "fine");
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn connections_are_limited_and_the_rest_wait() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move || {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let (server, address) = server(Router::new().route("/", get(count)));
    let running = up(server.max_connections(2)).await;
    let clients: Vec<_> = (0..10).map(|_| tokio::spawn(fetch(address, "/"))).collect();
    for client in clients {
        assert_eq!(timeout(SOON, client).await.unwrap().unwrap().status, 200);
    }
    assert_eq!(most.load(Ordering::Relaxed), 2);
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn a_missing_request_head_times_out() {
    let (server, address) = server(Router::new().route("/", get(async || "hello")));
    let running = up(server.header_read_timeout(SHORT)).await;
    for text in ["", "GET / HTTP/1.1\r\nhost: te"] {
        let mut client = Client::connect(address).await;
        client.send(text).await;
        timeout(SOON, client.rest()).await.expect("the server closes");
    }
    let mut second = Client::connect(address).await;
    second.ask("/").await;
    second.answer().await;
    second.send("GET / HTTP/1.1\r\nhost: te").await;
    timeout(SOON, second.rest()).await.expect("the server closes");
    assert!(stop(running).await.is_success());
}

#[tokio::test]
async fn a_restart_of_the_server_refuses_no_client_and_listens_on_the_same_socket() {
    let (server, address) = server(Router::new().route("/", get(async || "hello")));
    let app = App::empty();
    app.register(server).unwrap();
    let running = app.start().await.unwrap();
    for _ in 0..3 {
        app.restart(lifespan_axum::server).await.unwrap();
        assert_eq!(fetch(address, "/").await.body, "hello");
    }
    let report = stop(running).await;
    assert_eq!(report.unit("server").unwrap().restarts, 3, "{report}");
    assert!(report.is_success(), "{report}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_file_is_removed_with_the_server_and_a_stale_one_is_replaced() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let path = std::env::temp_dir().join(format!("lifespan-axum-{}.sock", std::process::id()));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let address = format!("unix:{}", path.display());
    let running = up(lifespan_axum::Server::new(Router::new().route("/", get(async || "hello"))).bind(address)).await;
    let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("hello"), "{text}");
    assert!(stop(running).await.is_success());
    assert!(!path.exists());
}
