//! Put tasks into a library crate and run them from a program.
//!
//! The linker silently drops a dependency that the code never names, and its units with it. `discover!` names the
//! crates whose units belong to the program, in the order in which they are registered. It also generates a function
//! that lists all units:
//!
//! ```text
//! lifespan::discover! {
//!     /// Every task and context in this program, in registration order.
//!     pub fn lifespan_tasks();
//!     link my_jobs, my_models;
//! }
//! ```
//!
//! A program that links units of several packages without a `discover!` does not start, and the problem prints the macro
//! to paste. Linked units that `discover!` leaves out are a warning at launch; [`App::skip`](crate::App::skip) says that
//! this is intended.
//!
//! The example `many_crates` of the repository is such a program.
//!
//! [Previous: Order](super::order) · [Contents](super) · Next: [Readiness](super::readiness)
