//! Restart several units together, if one of them cannot go on without the others.
//!
//! Such units form a group. When a member has to be restarted, the strategy of the group says which members restart
//! with it: they are stopped in reverse order, and then all are started in order.
//!
//! ```
//! use lifespan::prelude::*;
//!
//! lifespan::group! {
//!     /// The members after a failed one are restarted with it.
//!     pub ingest: rest_for_one, intensity = 5, period = "1m"
//! }
//!
//! #[lifespan_task(group = ingest)]
//! async fn read(shutdown: Shutdown) -> Result<(), std::io::Error> {
//!     shutdown.requested().await;
//!     Ok(())
//! }
//!
//! #[lifespan_task(group = ingest, restart(permanent, backoff = "1s"))]
//! async fn store(shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = lifespan::App::empty();
//! # app.register(ReadConfig {})?;
//! # app.register(StoreConfig {})?;
//! # app.start().await?.stop().await.into_result()?;
//! # Ok(()) }
//! ```
//!
//! | strategy | restarts |
//! |---|---|
//! | `one_for_one` | the member, and the units that depend on it |
//! | `rest_for_one` | also the members that start after it |
//! | `one_for_all` | also all other running members |
//!
//! The group counts the restarts of all its members. More than `intensity` (3) within `period` (30 s) are a failure of
//! the member that ended last, and shut the app down. A member without a `restart(…)` is `transient`; each member has
//! its own `backoff`, `jitter` and `reset_after`. Contexts can be members too.
//!
//! [Previous: Lost resources](super::lost_resources) · [Contents](super) · Next: [Children](super::children)
