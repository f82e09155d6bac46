//! Tasks that are started again when they end, in the words of Erlang's supervisors.
//!
//! `transient` is started again after an error or a panic, `permanent` also after it has returned. In between lies a
//! delay that doubles each time. More than `intensity` restarts within `period` are too many: then the failure is the
//! app's, or, as here, is ignored and kept in the report. A task with a `Ready` says itself when it is up, and until then
//! what is `after` it waits, however often it is started.
//!
//! ```text
//! cargo run --example restarts
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifespan::{App, Ready, Report, Res, Shutdown, lifespan_context, lifespan_task};

/// A server that turns the first two connections away, and breaks the third after a while.
#[derive(Default)]
struct Server {
    connections: AtomicU32,
}

#[lifespan_context]
async fn server() -> Server {
    Server::default()
}

/// Every start gets fresh arguments and resources, and a `Ready` of its own.
#[lifespan_task(restart(transient, backoff = "200ms..2s", jitter = 0.0))]
async fn receive(server: Res<Server>, ready: Ready, shutdown: Shutdown) -> Result<(), String> {
    let connection = server.connections.fetch_add(1, Ordering::Relaxed) + 1;
    println!("receive:   connection {connection}");
    if connection <= 2 {
        return Err("the server turned us away".to_owned());
    }
    ready.notify();
    if connection == 3 && shutdown.sleep(Duration::from_millis(300)).await.is_elapsed() {
        return Err("the connection broke".to_owned());
    }
    shutdown.requested().await;
    println!("receive:   connection {connection} closed");
    Ok(())
}

/// Starts when `receive` is ready, which takes it three connections.
#[lifespan_task(after(receive), restart(permanent, intensity = 1_000, backoff = "250ms", jitter = 0.0))]
async fn heartbeat(shutdown: Shutdown) {
    println!("heartbeat: beats, and returns");
    let _ = shutdown.sleep(Duration::from_millis(50)).await;
}

/// Given up after two restarts; the app does without.
#[lifespan_task(after(receive), restart(transient, intensity = 2, backoff = "100ms"), on_failure = "ignore")]
async fn statistics() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("the statistics server does not answer".to_owned())
}

/// Ends the run in order.
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
