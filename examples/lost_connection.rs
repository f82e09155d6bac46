//! A context over a real TCP connection, to a server in the same program that closes connections and comes back.
//!
//! `link` provides a connection together with a future that reports its loss. When it is lost, `receive`, which holds it,
//! is stopped; `link` reconnects, as often as its restart policy allows; and `receive` is restarted with the new
//! connection. `answer` takes a `Live`: it is not restarted, and waits while there is no connection.
//!
//! ```text
//! cargo run --example lost_connection
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lifespan::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::{mpsc, watch};

/// A connection: its writer, and the last number received from the server.
struct Link {
    writer: tokio::sync::Mutex<tcp::OwnedWriteHalf>,
    number: watch::Receiver<u8>,
}

/// The address of the server.
struct Address(SocketAddr);

/// A server that sends numbers, closes the connection after every fifth, and then refuses connections for a while.
#[lifespan_context]
async fn server(scope: Scope<Address>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(serve(listener));
    scope.provide_until_shutdown(Address(address)).await;
    serving.abort();
    Ok(())
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    let mut number = 0;
    loop {
        let (mut socket, _) = listener.accept().await?;
        println!("server:   client connected");
        while number % 5 != 4 {
            number += 1;
            socket.write_all(&[number]).await?;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        number += 1;
        println!("server:   closes the connection");
        drop(socket);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Connects; while it is up, the reader of the socket reports when the server closes the connection.
#[lifespan_context(restart(transient, intensity = 10, backoff = "50ms..1s", jitter = 0.0))]
async fn link(address: Res<Address>, scope: Scope<Link>) -> io::Result<()> {
    let (mut reader, writer) = TcpStream::connect(address.0).await?.into_split();
    let (sender, number) = watch::channel(reader.read_u8().await?);
    println!("link:     connected");
    let reads = async {
        loop {
            match reader.read_u8().await {
                Ok(number) => _ = sender.send(number),
                Err(error) => return error,
            }
        }
    };
    let link = Link { writer: writer.into(), number };
    let (_link, lost) = scope.provide_until_shutdown_or(link, reads).await;
    println!("link:     disconnected");
    lost.map_or(Ok(()), Err)
}

/// Holds the connection, so it is stopped and restarted with it.
#[lifespan_task]
async fn receive(link: Res<Link>, shutdown: Shutdown) {
    let mut number = link.number.clone();
    println!("receive:  starts with number {}", *number.borrow());
    while let Some(Ok(())) = shutdown.or(number.changed()).await {
        println!("receive:  {}", *number.borrow());
    }
}

/// Uses the current connection, and waits while there is none.
#[lifespan_task]
async fn answer(link: Live<Link>, shutdown: Shutdown) {
    let (ask, mut asked) = mpsc::channel::<u32>(1);
    let asking = async {
        for question in 1..u32::MAX {
            tokio::time::sleep(Duration::from_millis(400)).await;
            if ask.send(question).await.is_err() {
                return;
            }
        }
    };
    let answering = async {
        while let Some(question) = asked.recv().await {
            let link = link.get().await;
            match link.writer.lock().await.write_all(b"hello").await {
                Ok(()) => println!("answer:   question {question} was answered"),
                Err(error) => println!("answer:   question {question} was lost: {error}"),
            }
        }
    };
    shutdown.or(async { tokio::join!(asking, answering) }).await;
}

/// Shuts the app down gracefully.
#[lifespan_task(last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    if shutdown.sleep(Duration::from_secs(2)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_ansi(colour).without_time().with_target(false).with_writer(std::io::stderr).init();
    App::new().run()
}
