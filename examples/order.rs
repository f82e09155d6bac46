//! The order in which units start and stop.
//!
//! Units start in source order, but the dependencies of a unit start before it. `Res<T>` depends on the context that
//! provides `T`; `after` and `before` name other units; `first` and `last` start before and after all other units. Units
//! stop in reverse dependency order, so no unit is torn down while another unit that uses it still runs.
//!
//! The program prints the discovered units and the plan, then starts and stops:
//!
//! ```text
//! cargo run --example order
//! ```
//!
//! Try it: swap two functions, remove `after(migrate)`, or make `migrate` start `after(serve)` and read the error.

use lifespan::prelude::*;

lifespan::discover! {
    /// Every task and context in this program, in registration order.
    pub fn lifespan_tasks();
}

struct Database;
struct Cache;

/// The first unit in the source, which starts after its resources and after `migrate`.
#[lifespan_task(after(migrate))]
async fn serve(_database: Res<Database>, _cache: Res<Cache>, shutdown: Shutdown) {
    println!("  serve: up");
    shutdown.requested().await;
    println!("  serve: stopped");
}

/// Needs the database, so the database starts before it.
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

/// A `once` task is up once it has returned: units `after` it wait for its end.
#[lifespan_task(once)]
async fn migrate(_database: Res<Database>) {
    println!("  migrate: done");
}

/// Starts before all units that it does not depend on, and so stops after them.
#[lifespan_task(first)]
async fn flush_metrics(shutdown: Shutdown) {
    println!("  flush_metrics: up");
    shutdown.requested().await;
    println!("  flush_metrics: stopped");
}

/// Starts last, when all other units are up.
#[lifespan_task(last)]
async fn announce(app: App) {
    println!("  announce: everything is up; requesting shutdown");
    app.shutdown_because("this example has shown its startup");
}

fn main() -> Result<Report, lifespan::PlanError> {
    println!("discovered, in registration order:\n{}\n", lifespan_tasks());
    let app = App::new();
    println!("the plan, in start order:\n{}\n", app.check()?);
    println!("the run:");
    Ok(app.run())
}
