//! Web sockets as children of the server, with a library on both ends: asked to stop, awaited, and closed by force.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::routing::get;
use common::{LONG, SHORT, SOON, cancelled, server, stop};
use futures_util::{SinkExt, StreamExt};
use lifespan::{App, Children, Report, Res, Scope, Shutdown, lifespan_context};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, protocol};

/// The names of what has ended, in order.
#[derive(Clone, Debug, Default)]
struct Ends(Arc<Mutex<Vec<&'static str>>>);

impl Ends {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

/// A resource of the sockets; no socket holds it at its teardown.
struct Prices(Ends);

#[lifespan_context(manual)]
async fn prices(#[config(code)] ends: Ends, scope: Scope<Prices>) {
    let prices = scope.provide_until_shutdown(Prices(ends)).await;
    match prices.into_inner() {
        Ok(Prices(ends)) => ends.note("prices"),
        Err(held) => held.resource.0.note("prices, while somebody held them"),
    }
}

/// Records the end of a socket's task when it is dropped.
struct Talk(Res<Prices>);

impl Drop for Talk {
    fn drop(&mut self) {
        self.0.0.note("socket");
    }
}

/// Echoes messages.
async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

fn router() -> Router {
    let polite = async |upgrade: WebSocketUpgrade, prices: Res<Prices>, children: Children, shutdown: Shutdown| {
        upgrade.on_upgrade(async move |mut socket| {
            children.spawn("socket", async move {
                let _talk = Talk(prices);
                shutdown.or(echo(&mut socket)).await;
                // Longer than the limit for an idle connection.
                tokio::time::sleep(Duration::from_millis(600)).await;
                let close = CloseFrame { code: close_code::AWAY, reason: "restarting".into() };
                socket.send(Message::Text("goodbye".into())).await.unwrap();
                socket.send(Message::Close(Some(close))).await.unwrap();
                while let Some(Ok(_)) = socket.recv().await {}
            });
        })
    };
    let rude = async |upgrade: WebSocketUpgrade, prices: Res<Prices>, children: Children| {
        upgrade.on_upgrade(async move |mut socket| {
            children.spawn("socket", async move {
                let _talk = Talk(prices);
                echo(&mut socket).await;
            });
        })
    };
    // Not a child of the server, and it does not read its socket either.
    let stuck = async |upgrade: WebSocketUpgrade| -> Response {
        upgrade.on_upgrade(async |mut socket| {
            let message = socket.recv().await.unwrap().unwrap();
            socket.send(message).await.unwrap();
            std::future::pending::<()>().await;
        })
    };
    Router::new().route("/polite", get(polite)).route("/rude", get(rude)).route("/stuck", get(stuck))
}

type Client = WebSocketStream<TcpStream>;

/// Opens a socket, which answers, and stops the app; returns the message that the client receives.
async fn stopped(path: &str, grace: Duration) -> (Report, Ends, Client) {
    let (server, address) = server(router());
    let (app, ends) = (App::empty(), Ends::default());
    app.register(PricesConfig { ends: ends.clone() }).unwrap();
    app.register(server.needs::<Prices>().grace(grace)).unwrap();
    let running = app.start().await.unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, _) = tokio_tungstenite::client_async(format!("ws://{address}{path}"), stream).await.unwrap();
    client.send(protocol::Message::text("hello")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), protocol::Message::text("hello"));
    // The client answers the close frame of the server.
    let stopping = tokio::spawn(stop(running));
    if path != "/polite" {
        return (stopping.await.unwrap(), ends, client);
    }
    assert_eq!(client.next().await.unwrap().unwrap(), protocol::Message::text("goodbye"));
    let protocol::Message::Close(Some(close)) = client.next().await.unwrap().unwrap() else { panic!("it closes") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (close_code::AWAY, "restarting"));
    assert!(client.next().await.is_none());
    (stopping.await.unwrap(), ends, client)
}

#[tokio::test]
async fn a_socket_that_observes_shutdown_sends_a_close_frame_and_is_awaited() {
    let (report, ends, _) = stopped("/polite", LONG).await;
    assert_eq!(*ends.0.lock().unwrap(), ["socket", "prices"]);
    assert_eq!((cancelled(&report), report.is_success()), (0, true), "{report}");
}

#[tokio::test]
async fn a_socket_that_ignores_shutdown_is_closed_before_its_resources_are_torn_down() {
    let (report, ends, mut client) = stopped("/rude", SHORT).await;
    assert_eq!(*ends.0.lock().unwrap(), ["socket", "prices"]);
    assert_eq!((cancelled(&report), report.is_success()), (1, true), "{report}");
    let end = timeout(SOON, client.next()).await.expect("the socket is closed");
    assert!(matches!(end, None | Some(Err(tungstenite::Error::Io(_) | tungstenite::Error::Protocol(_)))), "{end:?}");
}

#[tokio::test]
async fn a_hanging_task_that_is_not_a_child_does_not_delay_the_stop() {
    let (report, ends, _client) = stopped("/stuck", SHORT).await;
    assert_eq!(*ends.0.lock().unwrap(), ["prices"]);
    assert!(report.is_success(), "{report}");
}
