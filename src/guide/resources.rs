//! Open a database pool before the tasks that use it start, and close it after they have ended.
//!
//! A context sets a resource up, holds it while the app is up, and tears it down. Other units take it as
//! [`Res<T>`](crate::Res). The type alone orders the two: the context is up before the task starts, and is torn down
//! after the task has ended.
//!
//! ```
//! # #[derive(Debug)] struct Pool;
//! # impl Pool {
//! #     async fn connect() -> std::io::Result<Self> { Ok(Pool) }
//! #     async fn close(&self) -> std::io::Result<()> { Ok(()) }
//! # }
//! use lifespan::prelude::*;
//!
//! #[lifespan_context]
//! async fn pool(scope: Scope<Pool>) -> std::io::Result<()> {
//!     let pool = Pool::connect().await?;                    // setup
//!     let pool = scope.provide_until_shutdown(pool).await;  // the app is up
//!     pool.close().await                                    // teardown
//! }
//!
//! #[lifespan_task]
//! async fn query(pool: Res<Pool>, shutdown: Shutdown) {
//!     println!("queries run on {pool:?}");
//!     shutdown.requested().await;
//! }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = lifespan::App::empty();
//! # app.register(QueryConfig {})?;
//! # app.register(PoolConfig {})?;
//! # let running = app.start().await?;
//! # assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! - A context with nothing to tear down returns its resource: `async fn client() -> Client`.
//! - A context that provides nothing takes a `Scope` without a type and awaits
//!   [`until_shutdown`](crate::Scope::until_shutdown).
//! - To provide a trait object, use [`provide_shared_until_shutdown`](crate::Scope::provide_shared_until_shutdown);
//!   units take it as `Res<dyn Store>`.
//! - `Option<Res<T>>` is `None` if no unit provides a `T`.
//! - [`App::provide`](crate::App::provide) adds a resource that code has created.
//! - The code after `provide_until_shutdown` runs exactly once for every context that has provided, even if other units
//!   fail.
//! - At teardown the context gets the resource back. [`into_inner`](crate::Res::into_inner) returns the value itself if
//!   there is no other handle.
//!
//! Each type has one provider. For two pools, give each its own type: `struct Primary(Pool)`.
//!
//! If a resource can be lost while the app is up, see [Lost resources](super::lost_resources).
//!
//! [Previous: A first task](super::first_task) · [Contents](super) · Next: [Arguments](super::arguments)
