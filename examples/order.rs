//! In which order units start and stop.
//!
//! Units start in the order in which they stand in the source, except that what a unit needs comes first: `Res<T>` needs
//! the context that provides `T`, `after` and `before` name other units, `first` and `last` go before and behind all the
//! rest. Stopping is the same graph walked backwards, so nothing is torn down while something that uses it still runs.
//!
//! The program prints what was found, then the plan, then starts and stops:
//!
//! ```text
//! cargo run --example order
//! ```
//!
//! Try it: swap two functions, take `after(migrate)` away, or let `migrate` be `after(serve)` and read the error.

use lifespan::{App, Report, Res, Scope, Shutdown, lifespan_context, lifespan_task};

lifespan::discover! {
    /// Every task and context in this program, in registration order.
    pub fn lifespan_tasks();
}

struct Database;
struct Cache;

/// Stands first in the source, yet starts after what it takes and after `migrate`.
#[lifespan_task(after(migrate))]
async fn serve(_database: Res<Database>, _cache: Res<Cache>, shutdown: Shutdown) {
    println!("  serve: up");
    shutdown.requested().await;
    println!("  serve: stopped");
}

/// Needs the database, so the database is pulled ahead of it.
#[lifespan_context]
async fn cache(_database: Res<Database>, scope: Scope<Cache>) {
    println!("  cache: up");
    scope.provide_until_shutdown(Cache).await;
    println!("  cache: torn down");
}

#[lifespan_context]
async fn database(scope: Scope<Database>) {
    println!("  database: up");
    scope.provide_until_shutdown(Database).await;
    println!("  database: torn down");
}

/// A `once` task is up when it has returned: whoever is after it waits for its end.
#[lifespan_task(once)]
async fn migrate(_database: Res<Database>) {
    println!("  migrate: done");
}

/// Starts before all that have no edge to the contrary, and so is stopped after them.
#[lifespan_task(first)]
async fn flush_metrics(shutdown: Shutdown) {
    println!("  flush_metrics: up");
    shutdown.requested().await;
    println!("  flush_metrics: stopped");
}

/// Starts behind all the rest, when everything else is up.
#[lifespan_task(last)]
async fn announce(app: App) {
    println!("  announce: everything is up; asking the app to stop");
    app.shutdown_because("this example has shown its startup");
}

fn main() -> Result<Report, lifespan::PlanError> {
    println!("discovered, in registration order:\n{}\n", lifespan_tasks());
    let app = App::new();
    println!("the plan, in start order:\n{}\n", app.check()?);
    println!("the run:");
    Ok(app.run())
}
