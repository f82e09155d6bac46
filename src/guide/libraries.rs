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
//! The example `many_crates` of the repository is such a program.
//!
//! [Previous: Order](super::order) · [Contents](super) · Next: [Readiness](super::readiness)
