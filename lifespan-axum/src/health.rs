//! What the app answers when it is asked for its health, and a server that answers nothing else.

use std::fmt::Write as _;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use lifespan_core::axum::Handles;
use lifespan_core::private::{
    Argument, Config, Descriptor, Inject, Kind, Location, Options, Output, bound, id_of, line, register_unit, runs,
};
use lifespan_core::{App, Children, HealthCheck, Ready, Shutdown, State};

use crate::listen::{ListenError, Listener, Place};
use crate::serve::{Answer, Limits, serve};

/// The answer, where that is what is asked for.
///
/// `/livez` says yes as long as anybody answers: no check counts there, since what a restart of the process can't cure is
/// no reason for one. `/startupz` says yes once the app has been up; `/readyz`, while it can do its work. With `?verbose` they
/// say why.
pub(crate) fn answer(app: &App, uri: &Uri) -> Option<Response> {
    let state = app.state();
    let (is_well, away, checks) = match uri.path() {
        "/livez" => (true, Vec::new(), Vec::new()),
        "/startupz" => (!matches!(state, State::New | State::Starting), Vec::new(), Vec::new()),
        "/readyz" => {
            let (away, checks) = (app.away(), app.health());
            (state == State::Up && away.is_empty() && checks.iter().all(HealthCheck::is_healthy), away, checks)
        }
        _ => return None,
    };
    let mut text = String::from(if is_well { "ok\n" } else { "not ok\n" });
    let is_verbose =
        uri.query().is_some_and(|query| query.split('&').any(|word| word == "verbose" || word.starts_with("verbose=")));
    if is_verbose {
        text.clear();
        // Writing into a `String` can't fail.
        let sign = if is_well || uri.path() == "/readyz" && state == State::Up { '+' } else { '-' };
        let _ = writeln!(text, "[{sign}] app: {state}");
        for name in away {
            let _ = writeln!(text, "[-] resource {name}: away");
        }
        for check in checks {
            let _ = match &check.reason {
                None => writeln!(text, "[+] check {check}"),
                Some(reason) => writeln!(text, "[-] check {check}: {}", line(reason)),
            };
        }
    }
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Some((status, [(header::CACHE_CONTROL, "no-store")], text).into_response())
}

/// Answers `/livez`, `/readyz` and `/startupz` on an address of their own, as a task that starts first and stops last of all
/// tasks: to be registered. Also registered by a table of its own, `[tasks.health_server]`.
///
/// ```
/// use lifespan_axum::HealthServer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = lifespan::App::empty();
/// app.register(HealthServer::new("127.0.0.1:0"))?;
/// let running = app.start().await?;
/// assert!(running.stop().await.is_success());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "hand it to `app.register(…)`"]
pub struct HealthServer {
    bind: String,
}

impl HealthServer {
    /// Listens there; see [`Server::bind`](crate::Server::bind) for how addresses are written.
    pub fn new(address: impl Into<String>) -> Self {
        Self { bind: address.into() }
    }
}

/// The task that a [`HealthServer`] registers.
///
/// # Errors
/// [`ListenError`], when it can't listen where it is to.
pub async fn health_server(
    server: HealthServer,
    app: App,
    shutdown: Shutdown,
    ready: Ready,
    children: Children,
) -> Result<(), ListenError> {
    let listener = Listener::open(Place::Address(server.bind)).await?;
    tracing::info!(target: crate::TARGET, "answers for its health on {listener}");
    ready.notify();
    let handles = Handles::new(app, shutdown.clone(), children.clone());
    let answer = Answer { router: Router::new(), handles, health: true };
    serve(listener, answer, Limits::OF_HEALTH, &shutdown, &children).await;
    Ok(())
}

impl Config for HealthServer {
    fn descriptor() -> &'static Descriptor {
        &UNIT
    }
}

const HERE: Location = Location { file: file!(), line: line!(), column: 1 };

static UNIT: Descriptor = Descriptor {
    kind: Kind::Task,
    name: "health_server",
    module: module_path!(),
    place: HERE,
    name_place: HERE,
    docs: "Answers for the app's health.",
    id: || id_of(health_server),
    options: Options { manual: true, first: true, ..Options::NONE },
    after: &[],
    before: &[],
    needs: &[App::need, Shutdown::need, Ready::need, Children::need],
    returns: None,
    arguments: &[Argument {
        name: "bind",
        ty: "String",
        docs: "Where to listen.",
        line: HERE.line,
        column: HERE.column,
        ..Argument::PLAIN
    }],
    bind: |binder| {
        let bind = binder.argument(0);
        bound(HealthServer { bind: bind? })
    },
    key: None,
    start: |mut start| {
        let config = start.config::<HealthServer>(|config| Some(config.clone()));
        let (app, shutdown, ready, children) = (start.inject(), start.inject(), start.inject(), start.inject());
        let future = health_server(config, app, shutdown, ready, children);
        runs(future, Output::<Result<(), ListenError>>::NEW.how())
    },
};
register_unit!(UNIT);
