//! An [axum](https://docs.rs/axum) server as a unit of [`lifespan`](https://docs.rs/lifespan): it starts last and stops
//! first, loses no request when it stops, and hands resources to any handler.
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
//! # What handlers take
//!
//! `Res<T>`, `Option<Res<T>>`, `Live<T>`, `App`, `Shutdown` and `Children` of `lifespan` are extractors in any handler,
//! without any state of the router. While the context of a resource is restarted, a handler that takes `Res<T>` is answered
//! for with 503, and the server goes on; where nothing provides the resource at all, with 500, and a line in the log that
//! says what to do. [`Server::needs`] makes the latter a problem of the plan, which is told before anything runs.
//!
//! # How it stops
//!
//! 1. `/readyz` says no ([`App::is_ready`](lifespan_core::App::is_ready)), and event streams wrapped with
//!    [`ShutdownExt::wrap_stream`] end.
//! 2. For the drain delay, zero by default, it serves on: a load balancer looks only so often.
//! 3. It accepts no more connections, but who stood in the system's queue already, and tells clients to open new ones
//!    elsewhere.
//! 4. Requests in flight end, and their answers are sent whole, within the grace: 8 s by default. A connection is closed in
//!    stages, as RFC 9112 asks for in section 9.6: what is on its way to a client that is still sending arrives.
//! 5. What is left is cut off, handlers included. The log and the report say how many connections that were.
//!
//! An idle connection, a half-sent header, an open event stream and a WebSocket do not delay the stop past the grace; the
//! first two not by more than half a second. A WebSocket's task is axum's own: spawn what it does through `Children`, and
//! it ends with the server too.
//!
//! What a handler, its body or their destructors panic with costs the request, or at most its connection; the log says so.
//!
//! # Settings
//!
//! What code leaves open stands in `lifespan.toml`, as arguments of the unit `server`, or in variables:
//!
//! ```toml
//! [tasks.server]                  # [[tasks.server]] where there are several servers, in the order of registration
//! bind = "0.0.0.0:80"             # LIFESPAN__TASKS__SERVER__BIND
//! max_connections = 10000
//! header_read_timeout = "10s"
//! drain_delay = "5s"
//! grace = "15s"                   # with the drain delay, to be well below the app's `shutdown_timeout`
//! ```

mod connection;
mod health;
#[cfg(target_os = "linux")]
mod holder;
mod listen;
mod serve;
mod server;
mod stream;

pub use health::{HealthServer, health_server};
pub use lifespan_core::axum::Refused;
pub use listen::ListenError;
pub use server::{Server, server};
pub use stream::{ShutdownExt, UntilShutdown};

/// The README's program.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The log's target: lines of the server stand among those of the app.
const TARGET: &str = "lifespan";
