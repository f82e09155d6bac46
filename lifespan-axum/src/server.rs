//! `Server`: a router with its settings, and the task that serves it.

use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lifespan_core::axum::Handles;
use lifespan_core::private::{Binder, Need, TypeInfo};
use lifespan_core::{App, Children, Ready, Shutdown};

use crate::listen::{ListenError, Listener, Place};
use crate::serve::{Answer, Limits, serve};
use crate::settings::Settings;

/// The time for closed connections to end, in addition to the drain delay and the grace period.
const SLACK: Duration = Duration::from_secs(1);

/// A server for a router, as a task that starts last and stops first. Register it with `app.register(…)`.
///
/// Settings that the code does not set may come from `[tasks.server]` in `lifespan.toml`, or from environment variables
/// like `LIFESPAN__TASKS__SERVER__BIND`. A setting given both in code and in one of these is an error of the plan.
///
/// ```
/// use std::time::Duration;
/// use axum::Router;
/// use lifespan_axum::Server;
///
/// # fn main() -> Result<(), lifespan::RegisterError> {
/// let app = lifespan::App::empty();
/// let server = Server::new(Router::new()).bind("127.0.0.1:3000").grace(Duration::from_secs(5)).health();
/// app.register(server)?.named("public")?;
/// assert_eq!(app.registered()[0].name(), "public");
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "pass it to `app.register(…)`"]
pub struct Server {
    router: Router,
    listener: Option<Arc<TcpListener>>,
    settings: Settings,
    needs: Vec<Need>,
    health: bool,
}

impl Server {
    /// Creates a server for this router, on 127.0.0.1:3000 by default.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use lifespan_axum::Server;
    ///
    /// let server = Server::new(Router::new().route("/", get(async || "hello")));
    /// # assert!(format!("{server:?}").contains("bind: None"));
    /// ```
    pub fn new(router: Router) -> Self {
        Self { router, listener: None, settings: Settings::default(), needs: Vec::new(), health: false }
    }

    /// Sets the address to listen on: `"127.0.0.1:3000"`, `"[::1]:3000"`, `"localhost:3000"`, a Unix socket as
    /// `"unix:/run/app.sock"`, or `"inherited:0"` for the first socket inherited from systemd or another parent.
    ///
    /// If a socket for exactly this address was inherited, the server uses it instead of a new one.
    ///
    /// ```
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// let server = Server::new(Router::new()).bind("unix:/run/app.sock");
    /// # assert!(format!("{server:?}").contains("unix:/run/app.sock"));
    /// ```
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        self.settings.bind = Some(address.into());
        self
    }

    /// Listens on a socket that is already bound, instead of an address.
    ///
    /// The socket stays open until the run ends, so that no connection is refused while the server restarts. A client that
    /// connects late during a shutdown waits and gets no response.
    ///
    /// ```
    /// use std::net::TcpListener;
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let address = listener.local_addr()?;
    /// let app = lifespan::App::empty();
    /// app.register(Server::new(Router::new()).listener(listener))?;
    /// let running = app.start().await?;
    /// tokio::net::TcpStream::connect(address).await?; // it accepts
    /// assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Limits the number of concurrent connections; 0 counts as 1. Further connections wait to be accepted. By default,
    /// there is no limit.
    ///
    /// ```
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// let server = Server::new(Router::new()).max_connections(10_000);
    /// # assert!(format!("{server:?}").contains("max_connections: Some(10000)"));
    /// ```
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.settings.max_connections = Some(limit);
        self
    }

    /// Limits the time that a client may take to send the head of a request: 10 s by default, zero for no limit. The limit
    /// also applies to an idle connection between two requests, which is closed up to a quarter later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// let server = Server::new(Router::new()).header_read_timeout(Duration::from_secs(5));
    /// # assert!(format!("{server:?}").contains("header_read_timeout: Some(5s)"));
    /// ```
    pub fn header_read_timeout(mut self, limit: Duration) -> Self {
        self.settings.header_read_timeout = Some(limit);
        self
    }

    /// Sets the time for which the server continues to serve after shutdown is requested, while `/readyz` reports not
    /// ready, so that load balancers notice: zero by default.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// let server = Server::new(Router::new()).drain_delay(Duration::from_secs(5));
    /// # assert!(format!("{server:?}").contains("drain_delay: Some(5s)"));
    /// ```
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.settings.drain_delay = Some(delay);
        self
    }

    /// Sets the time that requests in flight have to finish after the drain delay: 8 s by default. Connections that remain
    /// after it are closed.
    ///
    /// The `shutdown_timeout` of the task is derived from both. Together they should stay well below that of the app, 25 s
    /// by default, because contexts need part of that time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// let server = Server::new(Router::new()).grace(Duration::from_secs(15));
    /// # assert!(format!("{server:?}").contains("grace: Some(15s)"));
    /// ```
    pub fn grace(mut self, limit: Duration) -> Self {
        self.settings.grace = Some(limit);
        self
    }

    /// Declares that handlers use this resource. A plan in which no unit provides it is an error, the server starts after its
    /// context and stops before it, and `/readyz` reports not ready while the context is restarted. The server itself
    /// continues to run during that restart.
    ///
    /// ```
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// struct Database;
    ///
    /// # fn main() -> Result<(), lifespan::RegisterError> {
    /// let app = lifespan::App::empty();
    /// app.register(Server::new(Router::new()).needs::<Database>())?;
    /// let error = app.check().unwrap_err();
    /// assert!(error.to_string().contains("Database")); // no unit provides it
    /// # Ok(()) }
    /// ```
    pub fn needs<T: ?Sized + Send + Sync + 'static>(mut self) -> Self {
        let ty = TypeInfo::of::<T>();
        if !self.needs.iter().any(|need| matches!(need, Need::Live(known) if known.id == ty.id)) {
            self.needs.push(Need::Live(ty));
        }
        self
    }

    /// Serves `/livez`, `/readyz` and `/startupz` in front of the router. [`HealthServer`](crate::HealthServer) serves them on
    /// their own address.
    ///
    /// ```
    /// use axum::Router;
    /// use lifespan_axum::Server;
    ///
    /// # use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// # let app = lifespan::App::empty();
    /// let server = Server::new(Router::new()).health();
    /// # app.register(server.listener(listener))?;
    /// # let running = app.start().await?;
    /// # let mut client = tokio::net::TcpStream::connect(address).await?;
    /// # client.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").await?;
    /// # let mut answer = String::new();
    /// # client.read_to_string(&mut answer).await?;
    /// # assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("ok\n"), "{answer}");
    /// # assert!(running.stop().await.is_success());
    /// # Ok(()) }
    /// ```
    pub fn health(mut self) -> Self {
        self.health = true;
        self
    }

    /// Returns the server with the settings that file and environment add; `None` if one of them is invalid.
    pub(crate) fn layered(&self, binder: &mut Binder<'_>) -> Option<Self> {
        let mut given = self.settings.clone();
        if self.listener.is_some() {
            // There is an address already, so none may come from the sources.
            given.bind = Some(given.bind());
        }
        Some(Self { settings: given.layered(binder)?, ..self.clone() })
    }

    /// Returns the time that the server may take to stop.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        let Limits { drain_delay, grace, .. } = self.settings.limits();
        drain_delay.saturating_add(grace).saturating_add(SLACK)
    }

    /// Returns the resources that the handlers need.
    pub(crate) fn needed(&self) -> &[Need] {
        &self.needs
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).field("needs", &self.needs).finish_non_exhaustive()
    }
}

/// The task that a [`Server`] registers. Refer to it as `after(lifespan_axum::server)`, or pass it to `app.restart(…)`.
///
/// ```
/// use lifespan::lifespan_task;
///
/// /// Starts once the server listens.
/// #[lifespan_task(once, after(lifespan_axum::server))]
/// async fn announce() {}
/// # fn main() {}
/// ```
///
/// # Errors
/// Returns [`ListenError`] if it can't listen on its address.
pub async fn server(
    server: Server,
    app: App,
    shutdown: Shutdown,
    ready: Ready,
    children: Children,
) -> Result<(), ListenError> {
    let Server { router, listener, settings, health, .. } = server;
    let place = match listener {
        Some(listener) => Place::Bound(listener),
        None => Place::Address(settings.bind()),
    };
    let listener = Listener::open(place).await?;
    listener.log("listening");
    ready.notify();
    let answer = Answer { router, handles: Handles::new(app, shutdown.clone(), children.clone()), health };
    serve(listener, answer, settings.limits(), &shutdown, &children).await;
    Ok(())
}
