//! Connect again when a connection is lost, and restart the tasks that used it.
//!
//! A context may lose its resource: a connection breaks, a child process ends.
//! [`Scope::provide_until_shutdown_or`](crate::Scope::provide_until_shutdown_or) takes the value, and a future that
//! completes when it is lost. The units that hold the resource are then stopped, the context is torn down and set up
//! again according to its `restart(…)`, and the units are restarted with the new resource. Without a `restart(…)`, the
//! loss shuts the app down. A setup that fails is retried in the same way.
//!
//! ```
//! use lifespan::prelude::*;
//! # #[derive(Clone, Default)] struct Server(std::sync::Arc<tokio::sync::Notify>);
//! # impl Server { async fn connect(&self) -> std::io::Result<Link> { Ok(Link(self.clone())) } }
//! # struct Link(Server);
//! # impl Link { fn closed(&self) -> impl Future<Output = ()> + Send + 'static { let server = self.0.clone(); async move { server.0.notified().await } } }
//!
//! #[lifespan_context(restart(transient, backoff = "100ms..10s"))]
//! async fn link(#[config(code)] server: Server, scope: Scope<Link>) -> std::io::Result<()> {
//!     let link = server.connect().await?;
//!     let closed = link.closed();
//!     let (_link, lost) = scope.provide_until_shutdown_or(link, closed).await;
//!     lost.map_or(Ok(()), |()| Err(std::io::ErrorKind::ConnectionReset.into()))
//! }
//!
//! #[lifespan_task]
//! async fn receive(_link: Res<Link>, shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (app, server) = (App::empty(), Server::default());
//! # app.register(LinkConfig { server: server.clone() })?;
//! # app.register(ReceiveConfig {})?;
//! let running = app.start().await?;
//! server.0.notify_one(); // the connection breaks
//! tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! let report = running.stop().await;
//! assert_eq!(report.unit("link").unwrap().restarts, 1);
//! assert_eq!(report.unit("receive").unwrap().restarts, 1);
//! # Ok(()) }
//! ```
//!
//! A [`Res`](crate::Res) is a handle to one instance: the unit that holds it restarts with it. There are three other
//! ways to use a resource:
//!
//! | | |
//! |---|---|
//! | [`Live<T>`](crate::Live) | the current instance: `live.get().await` waits until the next one is up. It orders start and stop; the unit is not restarted |
//! | `Option<Res<T>>` | `None` if no unit provides the resource, or if its context has `on_failure = "ignore"` and failed; otherwise like `Res` |
//! | [`App::resource`](crate::App::resource) | for code outside the units; it adds no dependency to the plan |
//!
//! - A unit that notices the loss itself and returns an error may be faster than its context: then it is the failure of
//!   that unit. Give it a `restart(transient)` too, or let it wait for its `Shutdown` when the resource fails.
//! - During startup, all setups of a context share its `startup_timeout`. Later, only its `restart(…)` limits them.
//! - A failure while these units are being stopped is in the report, and does not prevent its restart.
//!
//! [Previous: Restarts](super::restarts) · [Contents](super) · Next: [Groups](super::groups)
