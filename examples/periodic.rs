//! Tasks that run again and again: by a period, by a rest between two runs, by the wall clock.
//!
//! `every` keeps its phase, whatever the runs take. A run that is longer than the period overlaps nothing: the times that
//! it misses fold into one run behind it, which learns from its `Tick` how many they were. `delay` counts from the end of a
//! run. An error ends the run and not the schedule. `app.trigger` runs one now.
//!
//! ```text
//! cargo run --example periodic
//! ```

use std::time::Duration;

use lifespan::{App, Report, Shutdown, Tick, lifespan_task};

async fn work(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Its third run takes as long as three periods.
#[lifespan_task(every = "400ms")]
async fn measure(tick: Tick) {
    let late = tick.late().as_millis();
    println!("measure: run {}, {late} ms late, {} missed before it", tick.number(), tick.missed());
    work(if tick.number() == 3 { 1_300 } else { 20 }).await;
}

/// Rests between two runs, however long they are. A run that takes too long is dropped.
#[lifespan_task(delay = "500ms", timeout = "300ms")]
async fn upload(tick: Tick) -> Result<(), String> {
    println!("upload:  run {}", tick.number());
    match tick.number() {
        1 => Err("the server is away".to_owned()),
        2 => {
            work(10_000).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// By the wall clock of a place. It is not due while this example runs; the log shows when it would be.
#[lifespan_task(cron = "30 2 * * *", zone = "Europe/Berlin")]
async fn clean_up(tick: Tick) {
    println!("clean up: run {}, asked for by hand: {}", tick.number(), tick.is_triggered());
    work(100).await;
}

/// Runs one by hand, and ends the run in order.
#[lifespan_task(last, on_return = "ignore")]
async fn operator(app: App, shutdown: Shutdown) {
    let _ = shutdown.sleep(Duration::from_millis(900)).await;
    match app.trigger(clean_up).await {
        Ok(outcome) => println!("operator: the clean-up went well: {}", outcome.is_success()),
        Err(error) => println!("operator: {error}"),
    }
    if shutdown.sleep(Duration::from_secs(2)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_ansi(colour).without_time().with_target(false).with_writer(std::io::stderr).init();
    App::new().run()
}
