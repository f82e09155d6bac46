//! Rule 71: an app with a server is ready while all units that the server needs are up and have recovered, and degraded
//! while another unit has not. For an app without a server, the units with `readiness = "required"` decide.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use common::{fetch, server};
use lifespan::{App, Event, Events, Res, Running, Scope, Shutdown, lifespan_context, lifespan_task};
use lifespan_axum::HealthServer;
use tokio::sync::Notify;
use tokio::time::sleep;

/// Fails on request, and then waits an hour for its restart.
#[lifespan_task(manual, restart(transient, backoff = "1h", jitter = 0.0))]
async fn worker(#[config(code)] fails: Arc<Notify>) -> Result<(), String> {
    fails.notified().await;
    Err("it broke".to_owned())
}

struct Model;

/// Is not restarted with the worker, which restarts in place.
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
    let (ready, degraded) = (running.app().is_ready(), running.app().is_degraded());
    let readyz = fetch(address, "/readyz?verbose").await;
    drop(running.stop().await);
    assert!(ready && degraded);
    assert!(readyz.status == 200 && readyz.body.contains("worker"), "{}", readyz.body);
}

struct Pool;

/// Loses its connection on request, and reconnects immediately.
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
    // `stable_after` is 10 s by default.
    assert_eq!(ready, [false, false, true, true]);
}

/// The same four units, which fail and wait an hour for their restart.
macro_rules! units {
    ($($readiness:tt)*) => {
        use super::*;

        #[lifespan_task(manual, restart(transient, backoff = "1h", jitter = 0.0), $($readiness)*)]
        async fn works(#[config(code)] fails: Arc<Notify>) -> Result<(), String> {
            fails.notified().await;
            Err("it broke".to_owned())
        }

        #[lifespan_context(manual, restart(transient, backoff = "1h", jitter = 0.0), $($readiness)*)]
        async fn connects(#[config(code)] fails: Arc<Notify>, scope: Scope<Pool>) -> Result<(), String> {
            let lost = scope.provide_until_shutdown_or(Pool, fails.notified()).await.1;
            lost.map_or(Ok(()), |()| Err("connection reset".to_owned()))
        }

        /// Fails at its second start.
        #[lifespan_task(manual, once, restart(transient, backoff = "1h", jitter = 0.0), $($readiness)*)]
        async fn computes(#[config(code)] starts: Arc<AtomicU32>) -> Result<u8, String> {
            if starts.fetch_add(1, Ordering::Relaxed) == 1 { Err("it broke".to_owned()) } else { Ok(1) }
        }

        #[lifespan_task(manual, blocking, restart(transient, backoff = "1h", jitter = 0.0), $($readiness)*)]
        fn blocks(#[config(code)] fails: Arc<(std::sync::Mutex<bool>, std::sync::Condvar)>) -> Result<(), String> {
            let (told, tells) = &*fails;
            drop(tells.wait_while(told.lock().unwrap(), |told| !*told).unwrap());
            Err("it broke".to_owned())
        }

        /// Each unit, how it is registered and what makes it fail.
        pub(super) fn cases() -> [(&'static str, Case); 4] {
            [
                ("works", |app| {
                    let fails = Arc::new(Notify::new());
                    app.register(WorksConfig { fails: fails.clone() }).unwrap();
                    Box::new(move |_| fails.notify_one())
                }),
                ("connects", |app| {
                    let fails = Arc::new(Notify::new());
                    app.register(ConnectsConfig { fails: fails.clone() }).unwrap();
                    Box::new(move |_| fails.notify_one())
                }),
                ("computes", |app| {
                    app.register(ComputesConfig { starts: Arc::default() }).unwrap();
                    Box::new(|app| {
                        let app = app.clone();
                        tokio::spawn(async move { app.restart(computes).await });
                    })
                }),
                ("blocks", |app| {
                    let fails: Arc<(std::sync::Mutex<bool>, std::sync::Condvar)> = Arc::default();
                    app.register(BlocksConfig { fails: fails.clone() }).unwrap();
                    Box::new(move |_| {
                        *fails.0.lock().unwrap() = true;
                        fails.1.notify_all();
                    })
                }),
            ]
        }

        pub(super) async fn restart_works(app: &App) {
            app.restart(works).await.unwrap();
        }
    };
}

mod required {
    units!(readiness = "required");
}

mod plain {
    units!();
}

/// Registers a unit, and returns a function that makes it fail.
type Case = fn(&App) -> Box<dyn FnOnce(&App)>;

/// Answers of `/readyz?verbose` by a health server of its own: before a unit fails, while it waits for its restart, and after
/// it has been restarted.
async fn readyz(case: Case, restart: impl AsyncFn(&App)) -> [common::Answer; 3] {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let app = App::empty().stay_up();
    let fail = case(&app);
    app.register(HealthServer::new(address.to_string())).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    let before = fetch(address, "/readyz?verbose").await;
    fail(&app);
    waits_for_its_restart(&mut events).await;
    let waits = fetch(address, "/readyz?verbose").await;
    restart(&app).await;
    let restarted = fetch(address, "/readyz?verbose").await;
    drop(running.stop().await);
    [before, waits, restarted]
}

#[tokio::test]
async fn rule_71_a_required_unit_that_waits_for_its_restart_is_named_and_readyz_says_no() {
    for (name, case) in required::cases() {
        let [before, waits, _] = readyz(case, async |_: &App| {}).await;
        assert!(before.status == 200 && !before.body.contains(name), "{}", before.body);
        assert!(waits.status == 503 && waits.body.contains(name), "{name}: {} {}", waits.status, waits.body);
    }
}

#[tokio::test]
async fn rule_71_any_other_unit_that_waits_for_its_restart_is_named_and_readyz_says_yes() {
    for (name, case) in plain::cases() {
        let [before, waits, _] = readyz(case, async |_: &App| {}).await;
        assert!(before.status == 200 && !before.body.contains(name), "{}", before.body);
        assert!(waits.status == 200 && waits.body.contains(name), "{name}: {} {}", waits.status, waits.body);
    }
}

#[tokio::test]
async fn rule_71_a_unit_that_recovers_is_named_and_readyz_says_no_where_it_is_required() {
    let [(name, required), ..] = required::cases();
    let [.., recovers] = readyz(required, required::restart_works).await;
    assert!(recovers.status == 503 && recovers.body.contains(name), "{} {}", recovers.status, recovers.body);
    let [(name, plain), ..] = plain::cases();
    let [.., recovers] = readyz(plain, plain::restart_works).await;
    assert!(recovers.status == 200 && recovers.body.contains(name), "{} {}", recovers.status, recovers.body);
}

#[lifespan_task(manual, once)]
async fn migrate() {}

#[tokio::test]
async fn rule_115_a_health_server_keeps_no_batch_open() {
    let app = App::empty();
    app.register(HealthServer::new("127.0.0.1:0")).unwrap();
    app.register(MigrateConfig {}).unwrap();
    let report = tokio::time::timeout(Duration::from_secs(10), app.launch()).await.expect("it ends by itself");
    assert!(report.is_success(), "{report}");
}
