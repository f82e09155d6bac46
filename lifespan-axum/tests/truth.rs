//! Rule 71, for an app with a server: it is ready while all that the server needs is up and has recovered, and degraded
//! while anything else has not.
//!
//! What is ignored waits for the engine: its reason says what happens until then.

mod common;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use common::{fetch, server};
use lifespan::{App, Event, Events, Res, Running, Scope, Shutdown, lifespan_context, lifespan_task};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Fails when it is told to, and then waits an hour for its restart.
#[lifespan_task(manual, restart(transient, backoff = "1h", jitter = 0.0))]
async fn worker(#[config(code)] fails: Arc<Notify>) -> Result<(), String> {
    fails.notified().await;
    Err("it broke".to_owned())
}

struct Model;

/// Is restarted with nobody: the worker restarts in place.
#[lifespan_context(manual, after(worker))]
async fn model(scope: Scope<Model>) {
    scope.provide_until_shutdown(Model).await;
}

/// A server that needs the model, which is after the worker, or another that needs nothing.
async fn start(needs: bool, fails: &Arc<Notify>) -> (Running, Events, std::net::SocketAddr) {
    let (server, address) = server(Router::new().route("/", get(async || "here")));
    let app = App::empty();
    app.register(WorkerConfig { fails: fails.clone() }).unwrap();
    app.register(ModelConfig {}).unwrap();
    let server = if needs { server.needs::<Model>() } else { server };
    app.register(server.health()).unwrap();
    let events = app.events();
    (app.start().await.unwrap(), events, address)
}

async fn waits_for_its_restart(events: &mut Events) {
    while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
}

#[tokio::test]
async fn rule_71_the_app_is_not_ready_while_what_its_server_needs_waits_for_a_restart() {
    let fails = Arc::new(Notify::new());
    let (running, mut events, address) = start(true, &fails).await;
    assert!(running.app().is_ready());
    fails.notify_one();
    waits_for_its_restart(&mut events).await;
    let (ready, readyz) = (running.app().is_ready(), fetch(address, "/readyz?verbose").await);
    drop(running.stop().await);
    assert!(!ready && readyz.body.contains("worker"), "{ready} {}", readyz.body);
    assert_eq!(readyz.status, 503);
}

#[tokio::test]
async fn rule_71_what_the_server_does_not_need_makes_the_app_degraded_and_is_named() {
    let fails = Arc::new(Notify::new());
    let (running, mut events, address) = start(false, &fails).await;
    fails.notify_one();
    waits_for_its_restart(&mut events).await;
    // With the engine: `app.is_degraded()`, and `Snapshot::degraded` names it.
    let (ready, readyz) = (running.app().is_ready(), fetch(address, "/readyz?verbose").await);
    drop(running.stop().await);
    assert!(ready && readyz.status == 200 && readyz.body.contains("worker"), "{ready} {}", readyz.body);
}

struct Pool;

/// Loses its connection as often as it is told to, and has another at once.
#[lifespan_context(manual, restart(transient, intensity = 100, backoff = "0s"))]
async fn pool(#[config(code)] fails: Arc<Notify>, scope: Scope<Pool>) -> Result<(), String> {
    let lost = scope.provide_until_shutdown_or(Pool, fails.notified()).await.1;
    lost.map_or(Ok(()), |()| Err("connection reset".to_owned()))
}

#[lifespan_task(manual)]
async fn uses_pool(_pool: Res<Pool>, shutdown: Shutdown) {
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn rule_71_a_resource_that_was_lost_has_to_stay_up_before_the_app_is_ready_again() {
    let fails = Arc::new(Notify::new());
    let (server, _) = server(Router::new());
    let app = App::empty();
    app.register(PoolConfig { fails: fails.clone() }).unwrap();
    app.register(UsesPoolConfig {}).unwrap();
    app.register(server.needs::<Pool>()).unwrap();
    let running = app.start().await.unwrap();
    assert!(app.is_ready());
    fails.notify_one();
    let mut ready = Vec::new();
    for _ in 0..4 {
        sleep(Duration::from_secs(4)).await;
        ready.push(app.is_ready());
    }
    drop(running.stop().await);
    // With the engine: `stable_after`, 10 s by default.
    assert_eq!(ready, [false, false, true, true]);
}
