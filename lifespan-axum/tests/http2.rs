//! HTTP/2: concurrent streams on one connection, and the limits of a connection without streams.

mod common;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, Response};
use axum::routing::get;
use common::{Client, LONG, SHORT, SOON, cancelled, server, stop, up, wait_for};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lifespan::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

const SIZE: usize = 300_000;

/// Opens a connection with this window size; returns it and its end.
async fn connect(address: SocketAddr, window: u32) -> (SendRequest<Body>, tokio::task::JoinHandle<hyper::Result<()>>) {
    let socket = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let mut builder = Builder::new(TokioExecutor::new());
    let (sender, connection) = builder.initial_stream_window_size(window).handshake(socket).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn request(path: &str) -> Request {
    Request::builder().uri(format!("http://test{path}")).body(Body::empty()).unwrap()
}

async fn length(response: Response<Incoming>) -> hyper::Result<usize> {
    let mut body = std::pin::pin!(response.into_body());
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        length += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(length)
}

/// Counts requests; each waits for the stop before it answers.
fn slow(arrived: &Arc<Semaphore>) -> Router {
    let arrived = Arc::clone(arrived);
    let answer = async move |shutdown: Shutdown| {
        arrived.add_permits(1);
        shutdown.requested().await;
        "x".repeat(SIZE)
    };
    Router::new().route("/", get(answer)).route("/now", get(async || "now"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_streams_of_one_connection_are_answered_completely() {
    let arrived = Arc::new(Semaphore::new(0));
    let (server, address) = server(slow(&arrived));
    let running = up(server.grace(LONG)).await;
    let (sender, connection) = connect(address, 1 << 20).await;
    let streams: Vec<_> = (0..150)
        .map(|_| {
            let mut sender = sender.clone();
            tokio::spawn(async move { length(sender.send_request(request("/")).await?).await })
        })
        .collect();
    wait_for(&arrived, 150).await;
    let report = stop(running).await;
    for stream in streams {
        assert_eq!(stream.await.unwrap().unwrap(), SIZE);
    }
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_that_waits_for_the_clients_window_is_sent_completely() {
    let arrived = Arc::new(Semaphore::new(0));
    let (server, address) = server(slow(&arrived));
    let running = up(server.grace(LONG)).await;
    let (mut sender, _connection) = connect(address, 16_384).await;
    let response = sender.send_request(request("/"));
    let reading = tokio::spawn(async move {
        let response = response.await?;
        // Longer than the limit for an idle connection.
        sleep(Duration::from_millis(800)).await;
        length(response).await
    });
    wait_for(&arrived, 1).await;
    let report = stop(running).await;
    assert_eq!(reading.await.unwrap().unwrap(), SIZE);
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
}

#[tokio::test]
async fn a_websocket_over_http_2_is_closed_after_the_grace_period() {
    for (path, grace, ends_well) in [("/polite", LONG, true), ("/rude", SHORT, false)] {
        let arrived = Arc::new(Semaphore::new(0));
        let noted = Arc::clone(&arrived);
        let upgrade = async move |shutdown: Shutdown, mut request: Request| {
            let polite = request.uri().path() == "/polite";
            tokio::spawn(async move {
                let mut socket = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
                noted.add_permits(1);
                if polite {
                    shutdown.requested().await;
                    // Longer than the limit for an idle connection.
                    sleep(Duration::from_millis(800)).await;
                    socket.write_all(b"goodbye").await.unwrap();
                    socket.shutdown().await.unwrap();
                } else {
                    std::future::pending::<()>().await;
                }
            });
        };
        let (server, address) = server(Router::new().fallback(upgrade));
        let running = up(server.grace(grace)).await;
        let (mut sender, _connection) = connect(address, 1 << 20).await;
        let mut connect = request(path);
        *connect.method_mut() = Method::CONNECT;
        connect.extensions_mut().insert(Protocol::from_static("websocket"));
        let mut response = sender.send_request(connect).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut socket = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
        wait_for(&arrived, 1).await;
        let reading = tokio::spawn(async move {
            let mut text = String::new();
            socket.read_to_string(&mut text).await.map(|_| text).ok()
        });
        let report = stop(running).await;
        assert!(report.is_success(), "{report}");
        let text = timeout(SOON, reading).await.unwrap().unwrap();
        assert_eq!(text.as_deref() == Some("goodbye"), ends_well, "{text:?}");
    }
}

#[tokio::test]
async fn a_connection_without_streams_does_not_wait_for_the_grace_period() {
    let arrived = Arc::new(Semaphore::new(0));
    let (server, address) = server(slow(&arrived));
    let running = up(server.grace(LONG)).await;
    let (mut sender, idle) = connect(address, 1 << 20).await;
    assert_eq!(length(sender.send_request(request("/now")).await.unwrap()).await.unwrap(), 3);
    // The client sends the HTTP/2 preface and then nothing more.
    let mut silent = Client::connect(address).await;
    silent.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    silent.0.readable().await.unwrap();
    let report = stop(running).await;
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
    timeout(SOON, idle).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_without_streams_has_the_header_read_timeout() {
    let (server, address) = server(Router::new().route("/now", get(async || "now")));
    let running = up(server.header_read_timeout(SHORT)).await;
    let (mut sender, idle) = connect(address, 1 << 20).await;
    assert_eq!(length(sender.send_request(request("/now")).await.unwrap()).await.unwrap(), 3);
    timeout(SOON, idle).await.expect("the server closes").unwrap().unwrap();
    assert!(stop(running).await.is_success());
}
