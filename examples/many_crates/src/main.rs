//! A program with units in another crate.
//!
//! The linker silently drops a dependency that the code never names, together with its units. `link` in `discover!` names
//! it. The units are registered in the order of this list; the units of this crate come last.
//!
//! ```text
//! cargo run -p many_crates
//! ```
//!
//! Try it: remove `link many_crates_jobs;` and read the error of the plan.

use lifespan::prelude::*;
use many_crates_jobs::Greeting;

lifespan::discover! {
    /// Every task and context in this program, in registration order.
    pub fn lifespan_tasks();
    link many_crates_jobs;
}

/// Takes a resource that the library's context provides.
#[lifespan_task(once)]
async fn greet(greeting: Res<Greeting>) {
    println!("greet, of this crate: {}", greeting.0);
}

fn main() -> Report {
    println!("discovered, in registration order:\n{}\n", lifespan_tasks());
    App::new().run()
}
