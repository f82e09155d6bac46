//! A program whose units stand in another crate.
//!
//! The linker drops a dependency that nothing names, and its units with it, without a word. `link` in `discover!` names
//! it. The order of the list is the order in which the crates' units are registered; this crate's own come last.
//!
//! ```text
//! cargo run -p many_crates
//! ```
//!
//! Try it: take `link many_crates_jobs;` away and read what the plan says then.

use lifespan::{App, Report, Res, lifespan_task};
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
