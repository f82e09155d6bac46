//! The health endpoints, and a server that serves only them.

use std::fmt::Write as _;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use lifespan_core::axum::Handles;
use lifespan_core::private::{
    Argument, Config, Descriptor, Inject, Kind, Location, Options, Output, bound, id_of, line, register_unit, runs,
};
use lifespan_core::{App, Children, Ready, Shutdown, State};

use crate::listen::{ListenError, Listener, Place};
use crate::serve::{Answer, Limits, serve};

/// Returns the response to a request for a health endpoint.
///
/// `/livez` is 200 as long as the process answers. It runs no health checks: a restart of the process would not repair
/// what they find. `/startupz` is 200 once the app has started; `/readyz` is 200 while the app is ready. With `?verbose`
/// the response lists the reasons.
pub(crate) fn answer(app: &App, uri: &Uri) -> Option<Response> {
    let state = app.state();
    let is_about_readiness = uri.path() == "/readyz";
    let is_well = match uri.path() {
        "/livez" => true,
        "/startupz" => !matches!(state, State::New | State::Starting),
        "/readyz" => app.is_ready(),
        _ => return None,
    };
    let mut text = String::from(if is_well { "ok\n" } else { "not ok\n" });
    let is_verbose =
        uri.query().is_some_and(|query| query.split('&').any(|word| word == "verbose" || word.starts_with("verbose=")));
    if is_verbose {
        text.clear();
        // Writing into a `String` can't fail.
        let sign = if is_well || is_about_readiness && state == State::Up { '+' } else { '-' };
        let _ = writeln!(text, "[{sign}] app: {state}");
        if is_about_readiness {
            say_why(app, &mut text);
        }
    }
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Some((status, [(header::CACHE_CONTROL, "no-store")], text).into_response())
}

/// Writes what makes the app not ready or degraded.
fn say_why(app: &App, text: &mut String) {
    // Writing into a `String` can't fail.
    for name in app.away() {
        let _ = writeln!(text, "[-] resource {name}: not available");
    }
    for unit in app.weak_units() {
        let _ = writeln!(text, "[-] {} {unit}: not up, or recovering from a failure", unit.kind());
    }
    for check in app.health() {
        let _ = match &check.reason {
            None => writeln!(text, "[+] check {check}"),
            Some(reason) => writeln!(text, "[-] check {check}: {}", line(reason)),
        };
    }
}

/// A server for `/livez`, `/readyz` and `/startupz` on their own address. Register it with `app.register(…)`, or with a
/// table `[tasks.health_server]` in `lifespan.toml`. Its task starts before and stops after all other tasks.
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
#[must_use = "pass it to `app.register(…)`"]
pub struct HealthServer {
    bind: String,
}

impl HealthServer {
    /// Creates a server on an address, in the format of [`Server::bind`](crate::Server::bind).
    pub fn new(address: impl Into<String>) -> Self {
        Self { bind: address.into() }
    }
}

/// The task that a [`HealthServer`] registers.
///
/// # Errors
/// Returns [`ListenError`] if it can't listen on its address.
pub async fn health_server(
    server: HealthServer,
    app: App,
    shutdown: Shutdown,
    ready: Ready,
    children: Children,
) -> Result<(), ListenError> {
    let listener = Listener::open(Place::Address(server.bind)).await?;
    tracing::info!(target: crate::TARGET, "serving health endpoints on {listener}");
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
    docs: "Serves the health endpoints.",
    id: || id_of(health_server),
    options: Options { manual: true, first: true, ..Options::NONE },
    after: &[],
    before: &[],
    needs: &[App::need, Shutdown::need, Ready::need, Children::need],
    returns: None,
    arguments: &[Argument {
        name: "bind",
        ty: "String",
        docs: "The address to listen on.",
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
