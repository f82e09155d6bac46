//! `Server`: a router with its settings, and the unit that serves it.

use std::any::Any;
use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lifespan_core::axum::Handles;
use lifespan_core::private::{
    Argument, Binder, Config, Descriptor, Inject, Kind, Layered, Location, Need, Options, Output, Particulars,
    TypeInfo, Value, id_of, register_unit, runs,
};
use lifespan_core::{App, Children, Ready, Shutdown};

use crate::listen::{ListenError, Listener, Place};
use crate::serve::{Answer, Limits, serve};

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

/// The settings that file and environment may also give; `None` if the code does not set them.
#[derive(Clone, Debug, Default)]
struct Settings {
    bind: Option<String>,
    max_connections: Option<usize>,
    header_read_timeout: Option<Duration>,
    drain_delay: Option<Duration>,
    grace: Option<Duration>,
}

impl Settings {
    fn bind() -> String {
        "127.0.0.1:3000".to_owned()
    }

    fn max_connections() -> usize {
        // In effect no limit: memory or file descriptors run out first.
        1 << 28
    }

    fn header_read_timeout() -> Duration {
        Duration::from_secs(10)
    }

    fn drain_delay() -> Duration {
        Duration::ZERO
    }

    fn grace() -> Duration {
        Duration::from_secs(8)
    }

    /// Fills the settings that are not set from file and environment.
    fn layered(&self, is_bound: bool, binder: &mut Binder<'_>) -> Option<Self> {
        fn one<T: Value + Clone>(
            binder: &mut Binder<'_>,
            index: usize,
            given: Option<&T>,
            default: fn() -> T,
        ) -> Option<T> {
            let Some(given) = given else { return binder.argument_or(index, default) };
            binder.fixed(index);
            Some(given.clone())
        }
        // All are read before the first `?`, so that every problem is reported.
        let given = self.bind.clone().or_else(|| is_bound.then(Self::bind));
        let bind = one(binder, 1, given.as_ref(), Self::bind);
        let max_connections = one(binder, 2, self.max_connections.as_ref(), Self::max_connections);
        let header_read_timeout = one(binder, 3, self.header_read_timeout.as_ref(), Self::header_read_timeout);
        let drain_delay = one(binder, 4, self.drain_delay.as_ref(), Self::drain_delay);
        let grace = one(binder, 5, self.grace.as_ref(), Self::grace);
        Some(Self {
            bind: Some(bind?),
            max_connections: Some(max_connections?),
            header_read_timeout: Some(header_read_timeout?),
            drain_delay: Some(drain_delay?),
            grace: Some(grace?),
        })
    }

    fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections.unwrap_or_else(Self::max_connections),
            header_read_timeout: self.header_read_timeout.unwrap_or_else(Self::header_read_timeout),
            drain_delay: self.drain_delay.unwrap_or_else(Self::drain_delay),
            grace: self.grace.unwrap_or_else(Self::grace),
        }
    }
}

impl Server {
    /// Creates a server for this router, on 127.0.0.1:3000 by default.
    pub fn new(router: Router) -> Self {
        Self { router, listener: None, settings: Settings::default(), needs: Vec::new(), health: false }
    }

    /// Sets the address to listen on: `"127.0.0.1:3000"`, `"[::1]:3000"`, `"localhost:3000"`, a Unix socket as
    /// `"unix:/run/app.sock"`, or `"inherited:0"` for the first socket inherited from systemd or another parent.
    ///
    /// If a socket for exactly this address was inherited, the server uses it instead of a new one.
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        self.settings.bind = Some(address.into());
        self
    }

    /// Listens on a socket that is already bound, instead of an address.
    ///
    /// The socket stays open until the run ends, so that no connection is refused while the server restarts. A client that
    /// connects late during a shutdown waits and gets no response.
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Limits the number of concurrent connections; 0 counts as 1. Further connections wait to be accepted. By default,
    /// there is no limit.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.settings.max_connections = Some(limit);
        self
    }

    /// Limits the time that a client may take to send the head of a request: 10 s by default, zero for no limit. The limit
    /// also applies to an idle connection between two requests, which is closed up to a quarter later.
    pub fn header_read_timeout(mut self, limit: Duration) -> Self {
        self.settings.header_read_timeout = Some(limit);
        self
    }

    /// Sets the time for which the server continues to serve after shutdown is requested, while `/readyz` reports not
    /// ready, so that load balancers notice: zero by default.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.settings.drain_delay = Some(delay);
        self
    }

    /// Sets the time that requests in flight have to finish after the drain delay: 8 s by default. Connections that remain
    /// after it are closed.
    ///
    /// The `shutdown_timeout` of the task is derived from both. Together they should stay well below that of the app, 25 s
    /// by default, because contexts need part of that time.
    pub fn grace(mut self, limit: Duration) -> Self {
        self.settings.grace = Some(limit);
        self
    }

    /// Declares that handlers use this resource. A plan in which no unit provides it is an error, the server starts after its
    /// context and stops before it, and `/readyz` reports not ready while the context is restarted. The server itself
    /// continues to run during that restart.
    pub fn needs<T: ?Sized + Send + Sync + 'static>(mut self) -> Self {
        let ty = TypeInfo::of::<T>();
        if !self.needs.iter().any(|need| matches!(need, Need::Live(known) if known.id == ty.id)) {
            self.needs.push(Need::Live(ty));
        }
        self
    }

    /// Serves `/livez`, `/readyz` and `/startupz` in front of the router. [`HealthServer`](crate::HealthServer) serves them on
    /// their own address.
    pub fn health(mut self) -> Self {
        self.health = true;
        self
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).field("needs", &self.needs).finish_non_exhaustive()
    }
}

/// The task that a [`Server`] registers. Refer to it as `after(lifespan_axum::server)`, or pass it to `app.restart(…)`.
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
        None => Place::Address(settings.bind.clone().unwrap_or_else(Settings::bind)),
    };
    let listener = Listener::open(place).await?;
    tracing::info!(target: crate::TARGET, "listening on {listener}");
    ready.notify();
    let answer = Answer { router, handles: Handles::new(app, shutdown.clone(), children.clone()), health };
    serve(listener, answer, settings.limits(), &shutdown, &children).await;
    Ok(())
}

impl Config for Server {
    fn descriptor() -> &'static Descriptor {
        &UNIT
    }

    fn particulars(&self) -> Option<Box<Particulars>> {
        Some(Box::new(Particulars { needs: self.needs.clone(), layers: Some(layers) }))
    }
}

fn layers(given: &(dyn Any + Send), binder: &mut Binder<'_>) -> Option<Layered> {
    let server = given.downcast_ref::<Server>()?;
    let settings = server.settings.layered(server.listener.is_some(), binder)?;
    let Limits { drain_delay, grace, .. } = settings.limits();
    Some(Layered {
        config: Box::new(Server { settings, ..server.clone() }),
        shutdown_timeout: Some(drain_delay.saturating_add(grace).saturating_add(SLACK)),
    })
}

const HERE: Location = Location { file: file!(), line: line!(), column: 1 };

const fn setting(name: &'static str, ty: &'static str, docs: &'static str) -> Argument {
    Argument { name, ty, docs, has_default: true, line: HERE.line, column: HERE.column, ..Argument::PLAIN }
}

static UNIT: Descriptor = Descriptor {
    kind: Kind::Task,
    name: "server",
    module: module_path!(),
    place: HERE,
    name_place: HERE,
    docs: "Serves an axum router.",
    id: || id_of(server),
    options: Options { manual: true, last: true, serves: true, ..Options::NONE },
    after: &[],
    before: &[],
    needs: &[App::need, Shutdown::need, Ready::need, Children::need],
    returns: None,
    arguments: &[
        Argument {
            name: "router",
            ty: "axum::Router",
            code: true,
            line: HERE.line,
            column: HERE.column,
            ..Argument::PLAIN
        },
        setting("bind", "String", "The address to listen on."),
        setting("max_connections", "usize", "The limit for concurrent connections."),
        setting("header_read_timeout", "Duration", "The time limit for a client to send the head of a request."),
        setting("drain_delay", "Duration", "The time for which it continues to serve after shutdown is requested."),
        setting("grace", "Duration", "The time limit for requests in flight during shutdown."),
    ],
    bind: |binder| {
        // The router can only come from code, so it is missing in any case.
        binder.code::<Router>(0);
        None
    },
    key: None,
    start: |mut start| {
        let config = start.config::<Server>(|config| Some(config.clone()));
        let (app, shutdown, ready, children) = (start.inject(), start.inject(), start.inject(), start.inject());
        let future = server(config, app, shutdown, ready, children);
        runs(future, Output::<Result<(), ListenError>>::NEW.how())
    },
};
register_unit!(UNIT);
