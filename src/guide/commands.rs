//! Run a part of a program: one command of its command line, or a profile.
//!
//! One binary often has several commands: `serve`, `worker`, `migrate`. [`App::only`](crate::App::only) runs the units of
//! one command and what they need:
//!
//! ```
//! use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
//!
//! struct Pool;
//!
//! #[lifespan_context]
//! async fn pool(scope: Scope<Pool>) {
//!     scope.provide_until_shutdown(Pool).await;
//! }
//!
//! /// Changes the tables; runs only if it is named, or needed by what is named.
//! #[lifespan_task(manual, once)]
//! async fn migrate(pool: Res<Pool>) {}
//!
//! #[lifespan_task(after(migrate))]
//! async fn worker(pool: Res<Pool>, shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! # fn main() -> Result<(), lifespan::RegisterError> {
//! let app = App::new();
//! let command = "worker"; // from the command line
//! match command {
//!     "worker" => app.only(worker)?,
//!     _ => app.only(migrate)?,
//! }
//! let names: Vec<String> = app.registered().iter().map(|unit| unit.name()).collect();
//! assert_eq!(names, ["pool", "migrate", "worker"]);
//! # Ok(()) }
//! ```
//!
//! A unit needs the units whose resources it takes as `Res` or `Live`, and those that it is `after`. With `only`, no other
//! unit runs, not even one that code registers. A unit that is marked `always` is the exception, such as the health server of
//! `lifespan-axum`.
//!
//! # Profiles
//!
//! Mark the units of a part of the program with a profile, and activate it where they are to run:
//!
//! ```
//! use lifespan::{App, lifespan_task};
//!
//! #[lifespan_task(once, profile("nightly", "batch"))]
//! async fn count_orders() {}
//!
//! let runs = |app: &App| app.registered().iter().any(|unit| unit.is(count_orders));
//! assert!(!runs(&App::new()));
//! assert!(runs(&App::new().profiles(["batch"])));
//! ```
//!
//! A unit with profiles runs if one of them is active. `profiles = ["batch"]` under `[lifespan]` in the file activates
//! one, as does the variable `LIFESPAN_APP__PROFILES=batch,mail`. The highest layer that sets them decides: the
//! variable, then the file, then [`App::profiles`](crate::App::profiles). A reload starts and stops the units.
//!
//! A unit that takes the resource of a unit whose profile is not active is a problem of the plan, unless it takes
//! `Option<Res<T>>`.
//!
//! `after` or `before` a unit that does not run is a problem of the plan, unless the unit was left out on purpose: by
//! `only`, `skip`, a profile, its policy or a missing table. So this program calls `only` for each command.
//!
//! # Which units run
//!
//! | a unit that | runs |
//! |---|---|
//! | declares nothing | unless [`App::skip`](crate::App::skip) names it |
//! | is `configured` | once for each `[tasks.x]` or `[[tasks.x]]` in the file; without one, if `only` names or needs it |
//! | has a `profile("a", "b")` | if one of its profiles is active, or `only` names or needs it |
//! | is `manual` | if code registers it, `only` names or needs it, or its policy has `enabled = true` |
//!
//! `enabled = false` under `[lifespan.policy.x]` keeps any unit from running, even one that `only` or code names.
//! `enabled = true` runs a unit that would not run, unless `skip` or `only` leaves it out.
//!
//! `skip` and `only` take the unit's function or its name as text, as it comes from a command line. A unit or a profile
//! that does not exist is a problem of the plan, with the nearest name.
//!
//! # Why does it run?
//!
//! The [plan](crate::Plan) that [`App::check`](crate::App::check) returns displays as a list that says so:
//!
//! ```text
//! 1  context  pool     src/db.rs:12:10    provides Pool  because `worker` needs it
//! 2  task     migrate  src/db.rs:20:10    takes Pool  because `worker` needs it
//! 3  task     worker   src/main.rs:31:10  takes Pool  because `app.only` names it
//! not running:
//!    2 units that `app.only` does not name
//! ```
//!
//! [`Registered::why`](crate::Registered::why) gives the reason for a unit that runs, and
//! [`Plan::left_out`](crate::Plan::left_out) lists the others, each with its reason.
//!
//! [Previous: Configuration](super::configuration) · [Contents](super) · Next: [Reload](super::reload)
