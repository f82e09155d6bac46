//! Compares the duration of a sequential and a concurrent startup.
//!
//! By default units start one after another, which is easy to follow. With `App::concurrent_startup()` each unit starts as
//! soon as its dependencies are up: the startup takes as long as its longest chain, here database, then cache. Operators
//! can enable it with `concurrent_startup = true` under `[lifespan]` in `lifespan.toml`.
//!
//! ```text
//! cargo run --example concurrent_startup
//! ```

use std::time::{Duration, Instant};

use lifespan::prelude::*;

struct Database;
struct Cache;
struct Queue;
struct Mailer;

/// Simulates the handshakes of a connection.
async fn handshake() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[lifespan_context]
async fn database() -> Database {
    handshake().await;
    Database
}

/// A cache, the only context that needs another one.
#[lifespan_context]
async fn cache(_database: Res<Database>) -> Cache {
    handshake().await;
    Cache
}

#[lifespan_context]
async fn queue() -> Queue {
    handshake().await;
    Queue
}

#[lifespan_context]
async fn mailer() -> Mailer {
    handshake().await;
    Mailer
}

#[tokio::main]
async fn main() -> Report {
    println!("four contexts, 300 ms each; one of them needs another\n");
    let report = measure("one after another", App::new()).await;
    if !report.is_success() {
        return report;
    }
    measure("concurrently", App::new().concurrent_startup()).await
}

/// Starts the app, prints the duration and the time at which each unit was up, and stops it.
async fn measure(how: &str, app: App) -> Report {
    let begun = Instant::now();
    let running = match app.start().await {
        Ok(running) => running,
        Err(error) => return error.into_report(),
    };
    println!("{how}: up in {:.2} s", begun.elapsed().as_secs_f64());
    let report = running.stop().await;
    for unit in report.units() {
        let up = unit.up.map_or(0.0, |up| up.as_secs_f64());
        println!("  {:<10} up at {up:.2} s", unit.unit.name());
    }
    println!();
    report
}
