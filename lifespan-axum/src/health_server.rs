//! `HealthServer`: a server for the health endpoints alone, and the task that runs it.

use axum::Router;
use lifespan_core::axum::Handles;
use lifespan_core::{App, Children, Ready, Shutdown};

use crate::listen::{ListenError, Listener, Place};
use crate::serve::{Answer, Limits, serve};

/// A server for `/livez`, `/readyz` and `/startupz` on their own address. Register it with `app.register(…)`, or with a
/// table `[tasks.health_server]` in `lifespan.toml`. Its task starts before and stops after all other tasks, and runs
/// also if [`App::only`](lifespan_core::App::only) names other units. It keeps nothing open: a batch with it ends.
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
    ///
    /// ```
    /// use lifespan_axum::HealthServer;
    ///
    /// # fn main() -> Result<(), lifespan::RegisterError> {
    /// let app = lifespan::App::empty();
    /// app.register(HealthServer::new("0.0.0.0:9000"))?;
    /// assert_eq!(app.registered()[0].name(), "health_server");
    /// # Ok(()) }
    /// ```
    pub fn new(address: impl Into<String>) -> Self {
        Self { bind: address.into() }
    }
}

/// The task that a [`HealthServer`] registers.
///
/// ```
/// use lifespan::{App, lifespan_task};
///
/// /// Restarts the health server, for example after a change of its address.
/// #[lifespan_task]
/// async fn restart_health(app: App) -> Result<(), lifespan::RestartError> {
///     app.restart(lifespan_axum::health_server).await
/// }
/// # fn main() {}
/// ```
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
    listener.log("serving health endpoints");
    ready.notify();
    let handles = Handles::new(app, shutdown.clone(), children.clone());
    let answer = Answer { router: Router::new(), handles, health: true };
    serve(listener, answer, Limits::OF_HEALTH, &shutdown, &children).await;
    Ok(())
}
