//! An [axum](https://docs.rs/axum) server as a unit of [`lifespan`](https://docs.rs/lifespan). It starts last and stops
//! first, shuts down gracefully without losing requests, and passes resources to handlers.
//!
//! ```
//! use axum::{Router, routing::get};
//! use lifespan::{App, Res, Scope, lifespan_context};
//! use lifespan_axum::Server;
//!
//! struct Greeting(String);
//!
//! #[lifespan_context]
//! async fn greeting(scope: Scope<Greeting>) {
//!     scope.provide_until_shutdown(Greeting("hello".to_owned())).await;
//! }
//!
//! async fn hello(greeting: Res<Greeting>) -> String {
//!     greeting.0.clone()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = App::empty();
//! # app.register(GreetingConfig {})?;
//! # if false {
//! let app = App::new();
//! # }
//! let router = Router::new().route("/", get(hello));
//! app.register(Server::new(router).bind("127.0.0.1:0").needs::<Greeting>())?;
//! let running = app.start().await?; // it listens
//! # assert!(app.is_ready());
//! assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! # Extractors
//!
//! `Res<T>`, `Option<Res<T>>`, `Live<T>`, `App`, `Shutdown` and `Children` of `lifespan` are extractors in any handler.
//! They need no router state. While the context of a resource is restarted, a request to a handler with `Res<T>` is
//! answered with 503, and the server continues to run. If no unit provides the resource, the answer is 500, and a log line
//! says what to do. With [`Server::needs`] a missing resource is an error of the plan, reported before any unit starts.
//!
//! # Graceful shutdown
//!
//! 1. `/readyz` reports not ready ([`App::is_ready`](lifespan_core::App::is_ready)), and event streams wrapped with
//!    [`ShutdownExt::wrap_stream`] end.
//! 2. During the drain delay, zero by default, the server continues to serve: a load balancer needs time to notice that it
//!    is not ready.
//! 3. It accepts the connections already in the accept backlog, and no further ones. Clients are asked to close their
//!    connections (`Connection: close`, or GOAWAY in HTTP/2).
//! 4. Requests in flight finish, and their responses are sent completely, within the grace period: 8 s by default. A
//!    connection is closed in stages (RFC 9112, section 9.6), so that a client that is still sending receives its response.
//! 5. The remaining connections are closed and their handlers are dropped. The log and the report give their number.
//!
//! An idle connection, a half-sent request head, an open event stream or a WebSocket does not delay the stop past the grace
//! period; the first two delay it by at most half a second. axum spawns the task of a WebSocket itself: spawn its work
//! through `Children`, so that it ends with the server.
//!
//! A panic in a handler, in its body or in their destructors fails the request, or at most its connection, and is logged.
//!
//! # Settings
//!
//! Settings that the code does not set can be set in `lifespan.toml`, as arguments of the unit `server`, or in environment
//! variables:
//!
//! ```toml
//! [tasks.server]                  # [[tasks.server]] for several servers, in the order of registration
//! bind = "0.0.0.0:80"             # LIFESPAN__TASKS__SERVER__BIND
//! max_connections = 10000
//! header_read_timeout = "10s"
//! drain_delay = "5s"
//! grace = "15s"                   # plus the drain delay: keep it well below the app's `shutdown_timeout`
//! ```

mod bound;
mod health_server;
mod listen;
mod serve;
mod server;
mod settings;
mod stream;
mod unit;

pub use bound::with_app;
pub use health_server::{HealthServer, health_server};
pub use lifespan_core::axum::Refused;
pub use listen::ListenError;
pub use server::{Server, server};
pub use stream::{ShutdownExt, UntilShutdown};

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
