//! An echo server whose connections are children of the task that accepts them.
//!
//! Each connection is its own task, runs concurrently with the others, and cannot outlive the server. There are at most
//! 100. The failure of a connection concerns only its client, so connections are isolated: a failed one is counted and
//! logged, and does not stop the server. When the server is asked to stop, it accepts no more connections, and those that
//! are open end after their present answer. Then the resources that they use, here the count of all traffic, are torn
//! down. A few clients in the same program create the traffic.
//!
//! ```text
//! cargo run --example children
//! ```

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lifespan::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Counts the echoed bytes. It is torn down after the last connection has ended.
#[derive(Default)]
struct Traffic {
    bytes: AtomicUsize,
}

#[lifespan_context]
async fn traffic(scope: Scope<Traffic>) {
    let traffic = scope.provide_until_shutdown(Traffic::default()).await;
    println!("traffic: {} bytes in all", traffic.bytes.load(Ordering::Relaxed));
}

/// Listens on a free port before the server and the clients start.
#[lifespan_context]
async fn listener() -> io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await
}

/// Accepts connections until shutdown is requested, at most 100 at once. Those that are open may then end, within the
/// grace of this task.
#[lifespan_task]
async fn serve(
    listener: Res<TcpListener>,
    traffic: Res<Traffic>,
    children: Children,
    shutdown: Shutdown,
) -> io::Result<()> {
    let connections = children.isolated().at_most(100);
    while let Some(room) = shutdown.or(connections.room()).await
        && let Some(accepted) = shutdown.or(listener.accept()).await
    {
        let (stream, client) = accepted?;
        let (traffic, shutdown) = (traffic.clone(), shutdown.clone());
        room.spawn("conn", async move {
            echo(stream, &traffic, &shutdown).await?;
            println!("server:  {client} is done");
            Ok::<_, io::Error>(())
        });
    }
    println!("server:  accepts no more connections; {} connections have failed", connections.failed());
    connections.drained().await;
    Ok(())
}

async fn echo(mut stream: TcpStream, traffic: &Traffic, shutdown: &Shutdown) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while let Some(read) = shutdown.or(stream.read(&mut buffer)).await {
        let read = read?;
        if read == 0 {
            break;
        }
        traffic.bytes.fetch_add(read, Ordering::Relaxed);
        stream.write_all(&buffer[..read]).await?;
    }
    Ok(())
}

/// Four concurrent clients: two send a few words, one is silent, and one never stops sending.
#[lifespan_task]
async fn clients(listener: Res<TcpListener>, children: Children, shutdown: Shutdown) -> io::Result<()> {
    let server = listener.local_addr()?;
    for (name, words, pause) in
        [("short", 2, 100), ("longer", 5, 150), ("quiet", 1, 60_000), ("talkative", usize::MAX, 50)]
    {
        // If the child failed, this task would fail too. A server that stops is not a failure.
        children.spawn(name, async move {
            match talk(server, words, Duration::from_millis(pause)).await {
                Ok(()) => println!("{name}: goodbye"),
                Err(error) => println!("{name}: {error}"),
            }
        });
    }
    // The clients should see the server stop, and they would end with this task.
    shutdown.requested().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    Ok(())
}

async fn talk(server: std::net::SocketAddr, words: usize, pause: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    let mut answer = [0; 5];
    for _ in 0..words {
        stream.write_all(b"hello").await?;
        stream.read_exact(&mut answer).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Prints the open connections, and shuts the app down gracefully.
#[lifespan_task(last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    let _ = shutdown.sleep(Duration::from_millis(500)).await;
    for (unit, children) in &app.events().so_far().children {
        let alive: Vec<String> = children.iter().map(|(name, count)| format!("{name} ×{count}")).collect();
        println!("{unit} has {}", alive.join(", "));
    }
    if shutdown.sleep(Duration::from_millis(500)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    App::new().run()
}
