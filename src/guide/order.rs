//! Say what starts before what.
//!
//! Units start one after another in source order: by crate, file, line. A unit that another one needs is moved before
//! it. `after(other)` and `before(other)` add order between two units. `first` and `last` put a unit before or after
//! all others that no dependency orders differently:
//!
//! ```
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(after(migrate))]
//! async fn serve(shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! /// Up when it has returned, because it is a `once` task.
//! #[lifespan_task(once)]
//! async fn migrate() {}
//!
//! let app = App::empty();
//! app.register(ServeConfig {})?;
//! app.register(MigrateConfig {})?;
//! let plan = app.check().expect("the plan is valid");
//! let names: Vec<String> = plan.in_start_order().iter().map(|unit| unit.name()).collect();
//! assert_eq!(names, ["migrate", "serve"]);
//! # Ok::<(), lifespan::RegisterError>(())
//! ```
//!
//! All problems of the plan, such as a missing argument, a missing provider, two providers of one type or a dependency
//! cycle, are reported together before any unit runs. Each has its place and what to do; the exit code is 2.
//!
//! [`App::check`](crate::App::check) runs no unit. A [`Plan`](crate::Plan) displays as a list.
//! [`App::concurrent_startup`](crate::App::concurrent_startup) starts every unit as soon as its own dependencies allow.
//!
//! [Previous: Reload](super::reload) · [Contents](super) · Next: [Libraries](super::libraries)
