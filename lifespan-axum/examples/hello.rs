//! A web server with a resource in its handlers, health endpoints, and event streams that end when it stops.
//!
//! `cargo run -p lifespan-axum --example hello`, then `curl 127.0.0.1:3000`, `curl -N 127.0.0.1:3000/ticks`, and Ctrl-C.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_core::Stream;
use lifespan::prelude::*;
use lifespan_axum::{Server, ShutdownExt};
use tokio::time::{Interval, interval};

/// The state that handlers share.
#[derive(Default)]
struct Visits(AtomicU64);

/// Counts visits, and prints their number after the last handler has ended.
#[lifespan_context]
async fn visits(scope: Scope<Visits>) {
    let visits = scope.provide_until_shutdown(Visits::default()).await;
    println!("{} visits", visits.0.load(Ordering::Relaxed));
}

async fn hello(visits: Res<Visits>) -> String {
    format!("hello, visitor {}\n", visits.0.fetch_add(1, Ordering::Relaxed) + 1)
}

/// A stream with one event per second.
struct Ticks(Interval);

impl Stream for Ticks {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_tick(context).map(|_| Some(Ok(Event::default().data("tick"))))
    }
}

async fn ticks(shutdown: Shutdown) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(shutdown.wrap_stream(Ticks(interval(Duration::from_secs(1)))))
}

fn main() -> Result<Report, RegisterError> {
    tracing_subscriber::fmt().init();
    let app = App::new();
    let router = Router::new().route("/", get(hello)).route("/ticks", get(ticks));
    // The address may be set in `[tasks.server]` or in LIFESPAN__TASKS__SERVER__BIND; the default is 127.0.0.1:3000.
    app.register(Server::new(router).needs::<Visits>().health())?;
    Ok(app.run())
}
