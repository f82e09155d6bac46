//! Spawn tasks that cannot outlive the task that spawned them, such as one for each connection.
//!
//! The parent takes [`Children`](crate::Children):
//!
//! ```
//! use lifespan::prelude::*;
//!
//! async fn answer(client: u32) -> Result<(), std::io::Error> {
//! #   let _ = client;
//!     std::future::pending().await
//! }
//!
//! #[lifespan_task]
//! async fn serve(children: Children, shutdown: Shutdown) {
//!     for client in 0..3 {
//!         children.spawn("conn", answer(client));
//!     }
//!     shutdown.requested().await;
//! } // the children that still run are cancelled
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = App::empty();
//! # app.register(ServeConfig {})?;
//! let report = app.start().await?.stop().await;
//! let children = report.unit("serve").unwrap().children.as_ref().unwrap();
//! assert_eq!((children.spawned, children.cancelled), (3, 3));
//! # Ok(()) }
//! ```
//!
//! # How children end
//!
//! - When the parent ends, for whatever reason, its children are cancelled: each is dropped at its next await. The
//!   parent has ended when the last child is gone, so a child may hold any `Res<T>` of its parent. A child that does
//!   not yield delays its parent, and the log names it.
//! - To let children finish, give each a clone of the parent's `Shutdown`. Then await the handles that
//!   `spawn_with_handle` returns or, for isolated children, [`drained()`](crate::IsolatedChildren::drained): at most for
//!   the grace of the parent.
//! - A restart of the parent begins without children.
//!
//! # When a child fails
//!
//! - With `spawn`, an error or panic of the child is a failure of its parent, with the type of the error and the name
//!   of the child: the parent is dropped and its other children are cancelled; then its `restart(…)` or `on_failure`
//!   decides.
//! - `spawn_with_handle` returns a [`Child`](crate::Child) to await. Its failure belongs to the caller once the handle
//!   has returned it. If the handle is dropped before, or the parent ends, the failure is the parent's.
//! - `children.isolated()` spawns children whose failures concern no other unit, such as the connections of a server.
//!   Failures are counted, and the last one is kept. With `.fail_above(10, Duration::from_secs(60))`, more than ten
//!   failures within a minute fail the parent.
//! - With `.at_most(100)`, [`room()`](crate::IsolatedChildren::room) waits until fewer than 100 isolated children are
//!   alive. Await it before you accept a connection, and spawn with `room.spawn(…)`: the handle's own `spawn` does not
//!   wait. Further clients wait in the accept backlog. The example `children` is such a server.
//! - Each failure of a child is a warning in the log when it happens, and each panic an error. For isolated children
//!   there is at most one of each per second.
//!
//! [`Events::so_far`](crate::Events::so_far) lists the running children. The report counts the children, and names
//! those that failed or were cancelled.
//!
//! A context with a `Scope` can have children too. They run until its teardown has ended.
//!
//! [Previous: Groups](super::groups) · [Contents](super) · Next: [Schedules](super::schedules)
