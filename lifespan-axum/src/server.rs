//! `Server`: what is to be served and where, and the unit that does it.

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

/// How long what was cut off may take to go, beyond the drain delay and the grace.
const SLACK: Duration = Duration::from_secs(1);

/// A router to be served, as a task that starts last and stops first: to be registered.
///
/// Settings that code leaves open may come from `[tasks.server]` in `lifespan.toml`, or from variables like
/// `LIFESPAN__TASKS__SERVER__BIND`. What code and the sources both give is a problem of the plan.
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
#[must_use = "hand it to `app.register(…)`"]
pub struct Server {
    router: Router,
    listener: Option<Arc<TcpListener>>,
    settings: Settings,
    needs: Vec<Need>,
    health: bool,
}

/// What the sources may give as well; none where it is open.
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
        // So many that memory or descriptors give out before.
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

    /// With what the sources have for what is open.
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
        // All before the first `?`, so that every problem is noted.
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
    /// A server of this router, on 127.0.0.1:3000 where nobody says otherwise.
    pub fn new(router: Router) -> Self {
        Self { router, listener: None, settings: Settings::default(), needs: Vec::new(), health: false }
    }

    /// Where to listen: `"127.0.0.1:3000"`, `"[::1]:3000"`, `"localhost:3000"`, a Unix socket as `"unix:/run/app.sock"`,
    /// or `"inherited:0"` for the first socket that was handed down by systemd or another parent.
    ///
    /// A socket that was handed down for this very address is taken, too, in place of a new one.
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        self.settings.bind = Some(address.into());
        self
    }

    /// Listens on a socket that is bound already, in place of an address.
    ///
    /// It stays open until the run is over, so that a restart of the server refuses nobody: during a shutdown, who connects
    /// to it late waits, and is not answered.
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// How many connections there may be at once, 0 counting as 1; further ones wait to be accepted. By default, there is
    /// no limit.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.settings.max_connections = Some(limit);
        self
    }

    /// How long a client may take to send the head of a request: 10 s by default, and zero for no limit. Also how long a
    /// connection may be idle between two requests, to within a quarter more.
    pub fn header_read_timeout(mut self, limit: Duration) -> Self {
        self.settings.header_read_timeout = Some(limit);
        self
    }

    /// How long it serves on when it is told to stop, with `/readyz` saying no, so that load balancers notice: zero by
    /// default.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.settings.drain_delay = Some(delay);
        self
    }

    /// How long requests in flight have to end, after the drain delay: 8 s by default. What is left is cut off.
    ///
    /// The task's own `shutdown_timeout` is derived from both; together they should stay below the app's, 25 s by default,
    /// of which contexts keep their share.
    pub fn grace(mut self, limit: Duration) -> Self {
        self.settings.grace = Some(limit);
        self
    }

    /// Says that handlers take this resource: a plan in which nothing provides it is refused, the server starts after its
    /// context and stops before it, and `/readyz` says no while the context is restarted. The server itself goes on then.
    pub fn needs<T: ?Sized + Send + Sync + 'static>(mut self) -> Self {
        let ty = TypeInfo::of::<T>();
        if !self.needs.iter().any(|need| matches!(need, Need::Live(known) if known.id == ty.id)) {
            self.needs.push(Need::Live(ty));
        }
        self
    }

    /// Answers `/livez`, `/readyz` and `/startupz`, in front of the router. [`HealthServer`](crate::HealthServer) does so on
    /// an address of its own.
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

/// The task that a [`Server`] registers. It is named in `after(lifespan_axum::server)`, and to `app.restart(…)`.
///
/// # Errors
/// [`ListenError`], when it can't listen where it is to.
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
    docs: "Serves a router of axum.",
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
        setting("bind", "String", "Where to listen."),
        setting("max_connections", "usize", "How many connections there may be at once."),
        setting("header_read_timeout", "Duration", "How long a client may take to send the head of a request."),
        setting("drain_delay", "Duration", "How long it serves on when it is told to stop."),
        setting("grace", "Duration", "How long requests in flight have to end."),
    ],
    bind: |binder| {
        // What only code can give is missing, whatever the sources have.
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
