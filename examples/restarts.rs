//! Tasks that are restarted when they end, with the policies of Erlang's supervisors.
//!
//! A `transient` task is restarted after an error or a panic, a `permanent` one also after it returns. The delay before a
//! restart doubles each time. More than `intensity` restarts within `period` exceed the restart limit: then the app fails,
//! or, as here, the failure is ignored and kept in the report. A task with a `Ready` reports when it is up. Until then,
//! units `after` it wait, also during its restarts.
//!
//! ```text
//! cargo run --example restarts
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifespan::prelude::*;

/// A server that refuses the first two connections, and breaks the third after a while.
#[derive(Default)]
struct Server {
    connections: AtomicU32,
}

#[lifespan_context]
async fn server() -> Server {
    Server::default()
}

/// Gets fresh arguments and resources, and a new `Ready`, at each start.
#[lifespan_task(restart(transient, backoff = "200ms..2s", jitter = 0.0))]
async fn receive(server: Res<Server>, ready: Ready, shutdown: Shutdown) -> Result<(), String> {
    let connection = server.connections.fetch_add(1, Ordering::Relaxed) + 1;
    println!("receive:   connection {connection}");
    if connection <= 2 {
        return Err("the server refused the connection".to_owned());
    }
    ready.notify();
    if connection == 3 && shutdown.sleep(Duration::from_millis(300)).await.is_elapsed() {
        return Err("the connection broke".to_owned());
    }
    shutdown.requested().await;
    println!("receive:   connection {connection} closed");
    Ok(())
}

/// Starts when `receive` is ready, after three connections.
#[lifespan_task(after(receive), restart(permanent, intensity = 1_000, backoff = "250ms", jitter = 0.0))]
async fn heartbeat(shutdown: Shutdown) {
    println!("heartbeat: sends a beat and returns");
    let _ = shutdown.sleep(Duration::from_millis(50)).await;
}

/// Reaches its restart limit after two restarts; the app continues without it.
#[lifespan_task(after(receive), restart(transient, intensity = 2, backoff = "100ms"), on_failure = "ignore")]
async fn statistics() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("the statistics server does not answer".to_owned())
}

/// Shuts the app down gracefully.
#[lifespan_task(last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    if shutdown.sleep(Duration::from_millis(1200)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_ansi(colour).without_time().with_target(false).with_writer(std::io::stderr).init();
    App::new().run()
}
