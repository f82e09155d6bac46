//! Rule 38 for a server that is configured in code: its settings in the file are reloaded, and only the server restarts.

use axum::Router;
use axum::routing::get;
use lifespan::{App, Shutdown, lifespan_task};
use lifespan_axum::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[lifespan_task]
async fn beside(shutdown: Shutdown) {
    shutdown.requested().await;
}

/// Returns addresses that are free at this moment.
async fn free<const N: usize>() -> [String; N] {
    let mut listeners = Vec::new();
    for _ in 0..N {
        listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    std::array::from_fn(|index| listeners[index].local_addr().unwrap().to_string())
}

async fn answer(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn reload(app: &App, table: &str) -> Vec<String> {
    std::fs::write("lifespan.toml", table).unwrap();
    app.reload().await.unwrap().iter().map(ToString::to_string).collect()
}

/// The only test in this file, since the working directory belongs to the process.
#[tokio::test]
async fn rule_38_a_server_listens_on_the_reloaded_address() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("axum-reload");
    std::fs::create_dir_all(&directory).unwrap();
    std::env::set_current_dir(directory).unwrap();
    let [first, second] = free().await;
    std::fs::write("lifespan.toml", format!("[tasks.server]\nbind = '{first}'\n")).unwrap();
    let app = App::new().without_signals();
    let router = Router::new().route("/", get(async || "here"));
    app.register(Server::new(router)).unwrap();
    let running = app.start().await.unwrap();
    assert!(answer(&first).await.unwrap().ends_with("here"));

    let changes = reload(&app, &format!("[tasks.server]\nbind = '{second}'\n")).await;
    assert_eq!(changes, ["`bind` of `server` (lifespan.toml:2:1)"]);
    assert!(answer(&second).await.unwrap().ends_with("here"));
    assert!(answer(&first).await.is_err(), "no server listens there any more");

    // The same address again, while it still has connections that are closing.
    let table = format!("[tasks.server]\nbind = '{second}'\ngrace = '3s'\n");
    assert_eq!(reload(&app, &table).await, ["`grace` of `server` (lifespan.toml:3:1)"]);
    assert!(answer(&second).await.unwrap().ends_with("here"));
    std::fs::write("lifespan.toml", "[tasks.server]\nbind = 3\n").unwrap();
    let error = app.reload().await.unwrap_err().to_string();
    assert!(error.contains("lifespan.toml:2:8"), "{error}");
    assert!(answer(&second).await.unwrap().ends_with("here"));

    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    let restarts = |unit| report.unit(unit).unwrap().restarts;
    assert_eq!((restarts("server"), restarts("beside")), (2, 0));
}
