//! The extractors of handlers, and the responses when their resources are not available.

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use common::{Log, fetch, server};
use lifespan::{App, Health, Live, ProblemKind, Res, Scope, Shutdown, lifespan_context, lifespan_task};
use lifespan_axum::{HealthServer, Server};
use tokio::sync::Semaphore;

struct Model(u32);

/// A context that waits for a permit in its setup.
#[lifespan_context(manual)]
async fn model(#[config(code)] may_set_up: Arc<Semaphore>, scope: Scope<Model>) {
    may_set_up.acquire().await.expect("the semaphore is open").forget();
    scope.provide_until_shutdown(Model(42)).await;
}

fn router() -> Router {
    Router::new()
        .route("/res", get(async |model: Res<Model>| model.0.to_string()))
        .route(
            "/option",
            get(async |model: Option<Res<Model>>| model.map_or("none".to_owned(), |model| model.0.to_string())),
        )
        .route("/live", get(async |model: Live<Model>| model.get().await.0.to_string()))
        .route("/app", get(async |app: App, shutdown: Shutdown| format!("{} {}", app.state(), shutdown.is_requested())))
        .route("/other", get(async |_: Res<Vec<String>>| "never"))
        .route("/other_live", get(async |_: Live<Vec<String>>| "never"))
}

#[tokio::test]
async fn a_handler_takes_resources_without_router_state() {
    let (server, address) = server(router());
    let app = App::empty();
    app.register(server.needs::<Model>()).unwrap();
    app.register(ModelConfig { may_set_up: Arc::new(Semaphore::new(1)) }).unwrap();
    let order: Vec<String> = app.check().unwrap().in_start_order().iter().map(ToString::to_string).collect();
    assert_eq!(order, ["model", "server"]);
    assert_eq!(app.registered()[0].needs(), ["Model"]);
    let running = app.start().await.unwrap();
    for (path, body) in [("/res", "42"), ("/option", "42"), ("/live", "42"), ("/app", "up false")] {
        let answer = fetch(address, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
    assert!(running.stop().await.is_success());
}

#[tokio::test]
async fn while_a_resource_is_restarted_the_status_is_503_and_the_server_keeps_running() {
    let (server, address) = server(router());
    let app = App::empty();
    let may_set_up = Arc::new(Semaphore::new(1));
    app.register(ModelConfig { may_set_up: Arc::clone(&may_set_up) }).unwrap();
    app.register(server.needs::<Model>().health()).unwrap();
    let running = app.start().await.unwrap();
    assert!(app.is_ready());
    let restart = tokio::spawn({
        let app = app.clone();
        async move { app.restart(model).await }
    });
    while app.resource::<Model>().is_some() {
        tokio::task::yield_now().await;
    }
    let answer = fetch(address, "/res").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "temporarily unavailable; try again"));
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert_eq!(fetch(address, "/option").await.body, "none");
    let waiting = tokio::spawn(fetch(address, "/live"));
    assert!(!app.is_ready());
    assert_eq!(fetch(address, "/readyz").await.status, 503);
    assert_eq!(
        fetch(address, "/readyz?verbose").await.body,
        "[+] app: up\n[-] resource Model: not available\n[-] context model: not up, or recovering from a failure\n"
    );
    assert_eq!(fetch(address, "/livez").await.status, 200);
    may_set_up.add_permits(1);
    restart.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().body, "42");
    assert_eq!(fetch(address, "/res").await.body, "42");
    assert_eq!(fetch(address, "/readyz").await.body, "ok\n");
    let report = running.stop().await;
    assert_eq!((report.unit("model").unwrap().restarts, report.unit("server").unwrap().restarts), (1, 0), "{report}");
}

#[tokio::test]
async fn a_missing_resource_is_500_and_the_log_says_what_to_do() {
    let log = Log::default();
    // With one subscriber in the process: a line that another test's thread writes first, without a subscriber, would be
    // switched off for this one too.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::fmt().with_writer(std::io::sink).finish());
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (server, address) = server(router());
    let app = App::empty();
    app.register(server).unwrap();
    let running = app.start().await.unwrap();
    for path in ["/other", "/other_live"] {
        let answer = fetch(address, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, "internal server error"));
    }
    assert!(running.stop().await.is_success());
    let log = log.text();
    for part in [
        "answered GET /other with 500: its handler takes `Res<Vec<String>>`, but nothing provides that",
        "answered GET /other_live with 500: its handler takes `Live<Vec<String>>`",
        "call `app.provide(…)` before launch",
        "`Server::needs`",
        &format!("listening on http://{address}"),
    ] {
        assert!(log.contains(part), "{part}\n{log}");
    }
}

#[tokio::test]
async fn a_router_without_an_app_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router().route("/alone", get(async |_: App| "never"));
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper_util::service::TowerToHyperService::new(router);
        hyper::server::conn::http1::Builder::new()
            .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
            .await
            .unwrap();
    });
    let mut client = common::Client::connect(address).await;
    for (path, status) in [("/alone", 500), ("/res", 500), ("/option", 200)] {
        client.ask(path).await;
        assert_eq!(client.answer().await.status, status, "{path}");
    }
    drop(client);
    serving.await.unwrap();
}

#[test]
fn a_resource_that_the_server_needs_and_nothing_provides_is_a_problem_of_the_plan() {
    let app = App::empty();
    app.register(Server::new(Router::new()).needs::<Model>()).unwrap();
    let line = line!() - 1;
    let error = app.check().unwrap_err();
    let [problem] = error.problems() else { panic!("one problem: {error}") };
    assert_eq!(problem.kind(), ProblemKind::MissingProvider);
    assert_eq!(problem.what(), "task `server` takes `Live<Model>`, but nothing provides a `Model`");
    assert!(problem.places()[0].contains(&format!("handlers.rs:{line}:")), "{error}");
    assert!(error.to_string().contains("`model` at "), "{error}");
}

#[tokio::test]
async fn a_check_that_is_not_healthy_is_reported_only_at_readyz() {
    #[lifespan_task(manual)]
    async fn follows(#[config(code)] given: Arc<Mutex<Option<Health>>>, health: Health, shutdown: Shutdown) {
        *given.lock().unwrap() = Some(health);
        shutdown.requested().await;
    }
    let (server, address) = server(router());
    let (app, given) = (App::empty(), Arc::default());
    app.register(server.health()).unwrap();
    app.register(FollowsConfig { given: Arc::clone(&given) }).unwrap();
    let running = app.start().await.unwrap();
    let health = given.lock().unwrap().take().unwrap();
    let replica = health.named("replica\n[+] b");
    assert_eq!(fetch(address, "/readyz").await.status, 200);
    replica.set_unhealthy("lags behind\n[+] or not\u{9b}\u{202e}");
    let answer = fetch(address, "/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "not ok\n"));
    let verbose =
        "[+] app: up\n[+] check follows\n[-] check follows/replica\\n[+] b: lags behind\\n[+] or not\\u{9b}\\u{202e}\n";
    assert_eq!(fetch(address, "/readyz?verbose").await.body, verbose);
    for path in ["/livez", "/startupz"] {
        assert_eq!(fetch(address, path).await.status, 200, "{path}");
    }
    replica.set_healthy();
    assert_eq!(fetch(address, "/readyz").await.status, 200);
    assert!(running.stop().await.is_success());
}

#[tokio::test]
async fn a_health_server_answers_from_the_start_to_the_end() {
    // The system does not reuse a port this soon, so no other process takes it.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = App::empty();
    let may_set_up = Arc::new(Semaphore::new(0));
    app.register(ModelConfig { may_set_up: Arc::clone(&may_set_up) }).unwrap();
    app.register(HealthServer::new(address.to_string())).unwrap();
    let started = tokio::spawn({
        let app = app.clone();
        async move { app.start().await }
    });
    let mut events = app.events();
    while events.next().await.is_some_and(|event| event.to_string() != "up health_server") {}
    for (path, status, body) in [
        ("/livez", 200, "ok\n"),
        ("/startupz", 503, "not ok\n"),
        ("/startupz?verbose", 503, "[-] app: starting\n"),
        ("/readyz", 503, "not ok\n"),
        ("/", 404, ""),
    ] {
        let answer = fetch(address, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path}");
        assert!(status == 404 || answer.head.contains("cache-control: no-store"), "{}", answer.head);
    }
    may_set_up.add_permits(1);
    let running = started.await.unwrap().unwrap();
    assert_eq!(fetch(address, "/startupz").await.status, 200);
    assert_eq!(fetch(address, "/readyz?verbose").await.body, "[+] app: up\n");
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
}

mod bound {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use lifespan::{Children, Shutdown, State};
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(router: &Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    fn ok(body: &str) -> (StatusCode, String) {
        (StatusCode::OK, body.to_owned())
    }

    #[tokio::test]
    async fn rule_138_a_router_that_is_bound_to_an_app_is_called_in_place() {
        let app = App::empty();
        app.provide(Model(7)).unwrap();
        let bound = lifespan_axum::with_app(router(), &app);
        assert_eq!(ask(&bound, "/res").await, ok("7"));
        assert_eq!(ask(&bound, "/live").await, ok("7"));
        let (status, _) = ask(&router(), "/res").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "it is not bound");
    }

    #[tokio::test]
    async fn rule_138_a_context_is_missing_until_it_has_provided_and_shutdown_is_that_of_the_app() {
        let may_set_up = Arc::new(Semaphore::new(0));
        let app = App::empty();
        app.register(ModelConfig { may_set_up: Arc::clone(&may_set_up) }).unwrap();
        let waits = router().route(
            "/shutdown",
            get(async |shutdown: Shutdown| {
                shutdown.requested().await;
                "asked to stop"
            }),
        );
        let bound = lifespan_axum::with_app(waits, &app);
        let launch = tokio::spawn(app.launch());
        assert_eq!(ask(&bound, "/option").await, ok("none"));
        while app.state() == State::New {
            tokio::task::yield_now().await;
        }
        may_set_up.add_permits(1);
        assert_eq!(ask(&bound, "/live").await, ok("42"));
        assert!(app.when_up().await);
        let waiting = tokio::spawn(async move { ask(&bound, "/shutdown").await });
        app.shutdown();
        assert_eq!(waiting.await.unwrap(), ok("asked to stop"));
        assert!(launch.await.unwrap().is_success());
    }

    #[tokio::test]
    async fn rule_138_children_of_a_bound_router_end_with_it() {
        struct Ends(Option<tokio::sync::oneshot::Sender<()>>);
        impl Drop for Ends {
            fn drop(&mut self) {
                let _ = self.0.take().unwrap().send(());
            }
        }
        let (ends, ended) = tokio::sync::oneshot::channel();
        let ends = Arc::new(Mutex::new(Some(Ends(Some(ends)))));
        let router = Router::new().route(
            "/",
            get(async move |children: Children| {
                let ends = ends.lock().unwrap().take();
                children.spawn("job", async move {
                    let _ends = ends;
                    std::future::pending::<()>().await;
                });
            }),
        );
        let bound = lifespan_axum::with_app(router, &App::empty());
        assert_eq!(ask(&bound, "/").await.0, StatusCode::OK);
        drop(bound);
        ended.await.unwrap();
    }
}
